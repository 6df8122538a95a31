// Two models in one process under one memory budget:
//
//   two-models MODEL MODEL MEGABYTES QUESTION
//
// Both answer at the same time. They share the compute threads and the budget
// of one context; what does not fit is an error of one call, and never of the
// process.
#include <cstdlib>
#include <inlay/inlay.hpp>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

namespace {

// An engine with a part of the budget: a cache of that many bytes.
inlay::Engine EngineWithCache(const inlay::Model& model, uint64_t bytes) {
  inlay_engine_options options = INLAY_ENGINE_OPTIONS_INIT;
  options.context_length = 256;
  options.max_concurrency = 4;
  options.kv_cache_bytes = bytes;
  const inlay_memory_needs needs = model.estimate(options);
  std::cerr << "needs " << needs.total / 1024 << " KiB, of which weights "
            << needs.weights / 1024 << " and cache " << needs.kv_cache / 1024
            << "\n";
  return inlay::Engine(model, options);
}

void Answer(const inlay::Engine& engine, const std::string& question,
            std::string* answer) {
  try {
    *answer =
        engine.generate(inlay::Request::chat(question).max_tokens(40)).text;
  } catch (const inlay::Error& error) {
    *answer = std::string("[") + error.what() + "]";
  }
}

int Run(char** argv) {
  inlay_context_options options = INLAY_CONTEXT_OPTIONS_INIT;
  options.memory_budget_bytes = std::strtoull(argv[3], nullptr, 10) << 20;
  const inlay::Context context(options);
  std::vector<inlay::Engine> engines;
  for (int i = 1; i <= 2; ++i) {
    const inlay::Model model = context.open(argv[i]);
    engines.push_back(EngineWithCache(model, options.memory_budget_bytes / 4));
  }
  std::string answers[2];
  std::thread second(Answer, engines[1], argv[4], &answers[1]);
  Answer(engines[0], argv[4], &answers[0]);
  second.join();
  std::cout << "1: " << answers[0] << "\n2: " << answers[1] << "\n";
  inlay_context_stats stats = INLAY_CONTEXT_STATS_INIT;
  inlay_context_get_stats(context.get(), &stats, nullptr);
  std::cerr << "used at most " << stats.memory_peak_bytes / 1024 << " of "
            << stats.memory_budget_bytes / 1024 << " KiB\n";
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::cerr << "usage: two-models MODEL MODEL MEGABYTES QUESTION\n";
    return 2;
  }
  try {
    return Run(argv);
  } catch (const inlay::Error& error) {
    const bool full = error.status() == INLAY_ERR_RESOURCE_EXHAUSTED;
    std::cerr << (full ? "over the budget: " : "") << error.what() << "\n";
    return full ? 4 : 1;
  }
}
