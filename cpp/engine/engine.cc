#include "cpp/engine/engine.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp/engine/engine_impl.h"
#include "cpp/engine/memory_choice.h"
#include "cpp/engine/vocabulary_memory.h"

namespace inlay::engine {
namespace {

Status CheckRunnable(const Model& model) {
  if (model.plan() == nullptr) return model.plan_status();
  if (model.backend() == nullptr) {
    return absl::FailedPreconditionError("the model has no device");
  }
  return OkStatus();
}

StatusOr<backend::MemoryNeed> NeedOf(const Model& model,
                                     const EngineConfig& config) {
  return model.backend()->Estimate(
      model.file(), *model.plan(), model.options().weights,
      ExecutorOptionsFor(config), model.context()->thread_count());
}

uint64_t Minus(uint64_t a, uint64_t b) { return a > b ? a - b : 0; }

// Bytes that a cache could take: the smaller of the device's free memory and
// the context's budget, less everything else that the engine will need.
uint64_t Available(const Model& model, const backend::MemoryNeed& need) {
  const MemoryPool& pool = *model.context()->memory();
  const backend::DeviceInfo& device = model.backend()->info();
  uint64_t bytes = std::numeric_limits<uint64_t>::max();
  if (device.free_bytes > 0) bytes = device.free_bytes;
  if (pool.budget_bytes() > 0) bytes = std::min(bytes, pool.budget_bytes());
  // The device was asked when the context was made, so what the pool gave out
  // since then is no longer free; loaded weights are part of that.
  bytes = Minus(bytes, pool.used_bytes());
  if (model.weights() == nullptr) {
    bytes = Minus(bytes, need.weights);
    bytes = Minus(bytes, need.weights_mapped);
  }
  return Minus(bytes, need.activations);
}

}  // namespace

StatusOr<EngineConfig> Engine::Choose(const Model& model,
                                      const EngineOptions& options) {
  INLAY_RETURN_IF_ERROR(CheckRunnable(model));
  const int32_t model_context = model.plan()->context_length;
  INLAY_RETURN_IF_ERROR(CheckOptions(options, model_context));
  EngineConfig config = ChooseShape(options, model_context);
  const int32_t whole = model.plan()->encoder
                            ? config.context_length
                            : std::min(config.context_length,
                                       model.plan()->encoder_context_length);
  if (options.max_step_tokens == 0) {
    // An input runs whole in one step.
    config.max_step_tokens = std::max(config.max_step_tokens, whole);
  }
  config.page_count = 1;
  INLAY_ASSIGN_OR_RETURN(const backend::MemoryNeed need, NeedOf(model, config));
  MemorySituation situation;
  situation.model_context = model_context;
  situation.encoder = model.plan()->encoder;
  // An encoder's input ends with its page.
  situation.extra_pages = model.plan()->encoder_op_count > 0 ? 1 : 0;
  situation.kv_per_page = need.kv_per_page;
  situation.available = Minus(Available(model, need), options.swap_bytes);
  situation.kv_type = options.kv_type;
  if (situation.kv_type == backend::KvType::kAuto && model.weights()) {
    situation.kv_type = model.weights()->default_kv_type();
  }
  return ChooseCache(options, situation, std::move(config));
}

StatusOr<MemoryEstimate> Engine::Estimate(const Model& model,
                                          const EngineOptions& options) {
  INLAY_ASSIGN_OR_RETURN(const EngineConfig config, Choose(model, options));
  INLAY_ASSIGN_OR_RETURN(const backend::MemoryNeed need, NeedOf(model, config));
  MemoryEstimate estimate;
  estimate.weights = need.weights;
  estimate.weights_mapped = need.weights_mapped;
  estimate.kv_cache = config.kv_cache_bytes + config.swap_bytes;
  estimate.activations = need.activations;
  estimate.vocabulary = VocabularyMemory(model.file());
  return estimate;
}

StatusOr<std::shared_ptr<Engine>> Engine::Create(std::shared_ptr<Model> model,
                                                 const EngineOptions& options) {
  if (model == nullptr) return absl::InvalidArgumentError("no model");
  if (model->weights() == nullptr) {
    return absl::FailedPreconditionError(
        "the model was opened without its weights");
  }
  INLAY_ASSIGN_OR_RETURN(EngineConfig config, Choose(*model, options));
  INLAY_ASSIGN_OR_RETURN(
      std::unique_ptr<backend::Executor> executor,
      model->weights()->CreateExecutor(ExecutorOptionsFor(config)));
  SwapSpace swap;
  if (config.swap_pages > 0) {
    const uint64_t page_bytes = executor->page_bytes();
    INLAY_ASSIGN_OR_RETURN(
        Buffer memory,
        model->context()->memory()->AllocateCommitted(
            page_bytes * static_cast<uint64_t>(config.swap_pages),
            "the swap space"));
    swap = SwapSpace(std::move(memory), page_bytes);
  }
  model->context()->log().Write(LogLevel::kInfo, config.explanation);
  auto engine =
      std::make_shared<EngineImpl>(std::move(model), options, std::move(config),
                                   std::move(executor), std::move(swap));
  INLAY_RETURN_IF_ERROR(engine->Start());
  // Sessions keep the engine's memory, not the engine: it ends with its handle.
  Engine* const handle = engine.get();
  return std::shared_ptr<Engine>(
      handle, [engine = std::move(engine)](Engine*) mutable {
        engine->Release();
        engine.reset();  // the deleter itself may outlive it, with weak handles
      });
}

}  // namespace inlay::engine
