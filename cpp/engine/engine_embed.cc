#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp/engine/engine_impl.h"

namespace inlay::engine {

Status EngineImpl::CheckGenerates() const {
  if (!model_->plan()->encoder) return OkStatus();
  return absl::FailedPreconditionError(
      "the model is an encoder: it embeds, and has no tokens to give");
}

Status EngineImpl::CheckEmbed(const EmbedRequest& request,
                              const float* out) const {
  if (InCallback()) return absl::AbortedError("Embed inside a callback");
  if (!model_->plan()->encoder) {
    return absl::FailedPreconditionError(
        "the model is no encoder: it generates, and has no vectors to give");
  }
  if (request.inputs.empty()) {
    return absl::InvalidArgumentError("no inputs to embed");
  }
  if (out == nullptr) return absl::InvalidArgumentError("no array of vectors");
  const int32_t most =
      std::min(config_.context_length, config_.max_step_tokens);
  for (size_t i = 0; i < request.inputs.size(); ++i) {
    const std::vector<int32_t>& tokens = request.inputs[i];
    if (tokens.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("input ", i, " has no tokens"));
    }
    if (tokens.size() > static_cast<size_t>(most)) {
      return absl::OutOfRangeError(absl::StrCat(
          "input ", i, " has ", tokens.size(), " tokens; it runs whole, and ",
          most == config_.context_length ? "the context" : "a step", " holds ",
          most));
    }
    for (int32_t id : tokens) {
      if (id < 0 || id >= limits_.vocabulary_size) {
        return absl::OutOfRangeError(
            absl::StrCat("token ", id, " of input ", i, " is not in [0, ",
                         limits_.vocabulary_size, ")"));
      }
    }
  }
  return OkStatus();
}

// Calls that wait are bounded as requests are; the first is always taken.
Status EngineImpl::CheckEmbedQueue(const EmbedJob& job) const {
  const size_t calls = stepper_.embed_calls();
  if (calls == 0) return OkStatus();
  if (calls >= static_cast<size_t>(config_.max_queue)) {
    return QueueFull(absl::StrCat(calls, " calls of Embed wait already"));
  }
  const int64_t tokens = stepper_.embed_tokens();
  if (tokens + job.tokens > max_queue_tokens_) {
    return QueueFull(absl::StrCat("the calls of Embed that wait have ", tokens,
                                  " tokens of at most ", max_queue_tokens_));
  }
  return OkStatus();
}

Status EngineImpl::Embed(EmbedRequest request, float* out) {
  INLAY_RETURN_IF_ERROR(CheckEmbed(request, out));
  const PoolingConfig& own = model_->pooling();
  if (!request.pooling.has_value()) INLAY_RETURN_IF_ERROR(own.status);
  EmbedJob job;
  job.inputs = std::move(request.inputs);
  for (const auto& input : job.inputs) {
    job.tokens += static_cast<int64_t>(input.size());
  }
  job.out = out;
  job.width = model_->plan()->embedding_length;
  job.pooling = request.pooling.value_or(own.pooling);
  job.normalize = request.normalize.value_or(own.normalize);
  {
    MutexLock lock(mutex_);
    INLAY_RETURN_IF_ERROR(Refusal());
    INLAY_RETURN_IF_ERROR(CheckEmbedQueue(job));
    stepper_.StartEmbed(&job);
  }
  signal_->Notify();
  WaitFor(job.done);
  return job.status;
}

}  // namespace inlay::engine
