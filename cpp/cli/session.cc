#include "cpp/cli/session.h"

#include <chrono>
#include <utility>

#include "cpp/cli/commands.h"

namespace inlay::cli {
namespace {

int32_t OnProgress(void* user_data, const char* stage, size_t stage_size,
                   uint64_t done, uint64_t total) {
  static_cast<Progress*>(user_data)->Show({stage, stage_size}, done, total);
  return Interrupted() ? 1 : 0;
}

// Options of the command and the library's tunables that they set.
constexpr std::pair<const char*, const char*> kTunables[] = {
    {"isa", "isa"},
    {"kv-type", "kv_type"},
    {"batching", "batching"},
    {"policy", "policy"},
    {"prefix-cache", "prefix_cache"},
    {"max-step-tokens", "max_step_tokens"},
    {"max-queue", "max_queue"},
    {"stall-factor", "stall_factor"},
    {"ageing-ms", "ageing_ms"},
    {"starvation-ms", "starvation_ms"}};

void SetFrom(const Args& args, const char* option, const char* key,
             Options& options) {
  if (!args.Has(option)) return;
  try {
    options.set(key, args.Text(option));
  } catch (const Error& error) {
    throw UsageError("--" + std::string(option) + ": " + error.what());
  }
}

void AddArchitecture(const std::string& file, const Context& context) {
  try {
    context.add_architecture(ReadAll(file));
  } catch (const Error& error) {
    throw ModelError(file + ": " + error.what());
  }
}

inlay_context_options ContextOptions(const Args& args) {
  inlay_context_options options = INLAY_CONTEXT_OPTIONS_INIT;
  options.thread_count = static_cast<int32_t>(args.Int("threads", 0, 1, 1024));
  options.memory_budget_bytes = args.Bytes("memory-budget", 0);
  return options;
}

}  // namespace

Session::Session(const Args& args, bool vocabulary_only) : args_(args) {
  if (!args.Has("model")) throw UsageError("--model is missing");
  for (const auto& [option, key] : kTunables) {
    SetFrom(args, option, key, options_);
  }
  if (args.Has("swap-mib")) {
    options_.set("swap_bytes",
                 std::to_string(args.Int("swap-mib", 0, 0, 1 << 30) << 20));
  }
  if (args.Has("in-place")) options_.set("in_place", "on");
  inlay_model_options options = INLAY_MODEL_OPTIONS_INIT;
  if (vocabulary_only) options.flags |= INLAY_MODEL_VOCABULARY_ONLY;
  options.options = options_.get();
  Progress progress;
  options.progress = OnProgress;
  options.progress_user_data = &progress;
  const auto start = std::chrono::steady_clock::now();
  context_.emplace(ContextOptions(args));
  for (const std::string& file : args.All("architecture")) {
    AddArchitecture(file, *context_);
  }
  try {
    model_.emplace(context_->open(args.Text("model"), options));
  } catch (const Error& error) {
    if (error.status() == INLAY_ERR_CANCELLED) throw InterruptedError();
    const bool resources = error.status() == INLAY_ERR_RESOURCE_EXHAUSTED ||
                           error.status() == INLAY_ERR_OUT_OF_MEMORY;
    if (resources) throw;
    throw ModelError(args.Text("model") + ": " + error.what());
  }
  load_seconds_ =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
          .count();
}

void Session::SetDefault(const char* option, const char* key,
                         const std::string& value) {
  if (!args_.Has(option)) options_.set(key, value);
}

inlay_engine_options Session::EngineOptions(int32_t context,
                                            int32_t concurrency) const {
  inlay_engine_options options = INLAY_ENGINE_OPTIONS_INIT;
  options.context_length =
      static_cast<int32_t>(args_.Int("ctx", context, 1, 1 << 30));
  options.max_concurrency = concurrency;
  options.kv_cache_bytes = args_.Bytes("kv-cache", 0);
  // Left to itself the library makes room for one.
  if (!args_.Has("kv-cache") && concurrency > 1 && options.context_length > 0) {
    options.kv_cache_bytes =
        static_cast<uint64_t>(concurrency) * CacheBytes(options.context_length);
  }
  options.options = options_.get();
  return options;
}

uint64_t Session::CacheBytes(int32_t context) const {
  inlay_engine_options options = INLAY_ENGINE_OPTIONS_INIT;
  options.context_length = context;
  options.options = options_.get();
  return model().estimate(options).kv_cache;
}

Engine Session::MakeEngine(int32_t context, int32_t concurrency,
                           uint64_t cache_bytes) const {
  const inlay_model_info info = model().info();
  if (info.runnable == 0) {
    throw ModelError(
        args_.Text("model") + ": " +
        std::string(info.not_runnable_reason, info.not_runnable_reason_size));
  }
  inlay_engine_options options = EngineOptions(context, concurrency);
  if (cache_bytes > 0 && !args_.Has("kv-cache")) {
    options.kv_cache_bytes = cache_bytes;
  }
  return Engine(model(), options);
}

}  // namespace inlay::cli
