#include "service.h"

#include <thread>

#include "errors.h"

namespace server {
namespace {

inlay::Engine MakeEngine(const inlay::Model& model, const Options& options) {
  inlay::Options tunables;
  if (options.queue > 0) {
    tunables.set("max_queue", std::to_string(options.queue));
  }
  inlay_engine_options raw = INLAY_ENGINE_OPTIONS_INIT;
  raw.context_length = options.context_length;
  raw.max_concurrency = options.concurrency;
  raw.options = tunables.get();
  raw.on_events = &Deliver;
  return inlay::Engine(model, raw);
}

inlay::Context MakeContext(const Options& options) {
  inlay_context_options raw = INLAY_CONTEXT_OPTIONS_INIT;
  raw.thread_count = options.threads;
  return inlay::Context(raw);
}

Embedder MakeEmbedder(const inlay::Context& context, const inlay::Model& model,
                      const inlay::Engine& engine, const Options& options) {
  if (options.embedding_path.empty()) {
    return {options.model_name, model, engine};
  }
  const inlay::Model own = context.open(options.embedding_path);
  return {options.embedding_name, own, inlay::Engine(own)};
}

}  // namespace

Service::Service(const Options& options)
    : options_(options),
      context_(MakeContext(options)),
      model_(context_.open(options.model_path)),
      engine_(MakeEngine(model_, options)),
      embedder_(MakeEmbedder(context_, model_, engine_, options)) {}

void CheckModel(Fields* fields, const std::string& name) {
  if (fields->Find("model") == nullptr) {
    throw ApiError(400, "'model' is missing", "missing_field", "model");
  }
  const std::string given = fields->String("model", "");
  if (given == name) return;
  throw ApiError(
      404, "the model '" + given + "' is not served here; '" + name + "' is",
      "model_not_found", "model");
}

void Service::Drain(std::chrono::seconds most) {
  using std::chrono::milliseconds;
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + most;
  while (metrics_.in_flight > 0 && Clock::now() < end) {
    std::this_thread::sleep_for(milliseconds(10));
  }
  inlay_engine_close(engine_.get(), INLAY_CLOSE_CANCEL, 0, nullptr);
  inlay_engine_close(embedder_.engine.get(), INLAY_CLOSE_CANCEL, 0, nullptr);
  // Those that were ended now still say so to their clients.
  const auto last = Clock::now() + std::chrono::seconds(5);
  while (metrics_.in_flight > 0 && Clock::now() < last) {
    std::this_thread::sleep_for(milliseconds(10));
  }
}

}  // namespace server
