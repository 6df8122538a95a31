#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp/engine/engine_impl.h"

namespace inlay::engine {

Status EngineImpl::CheckScore(const std::vector<int32_t>& tokens,
                              const float* logits) {
  if (InCallback()) return absl::AbortedError("Score inside a callback");
  INLAY_RETURN_IF_ERROR(CheckGenerates());
  if (logits == nullptr) return absl::InvalidArgumentError("no logits array");
  if (tokens.empty()) return absl::InvalidArgumentError("no tokens to score");
  const int32_t most =
      limits_.encoder_length > 0
          ? std::min(config_.context_length, limits_.decoder_length)
          : config_.context_length;
  if (tokens.size() > static_cast<size_t>(most)) {
    return absl::OutOfRangeError(absl::StrCat(
        tokens.size(), " tokens to score; the context holds ", most));
  }
  for (int32_t id : tokens) {
    if (id < 0 || id >= limits_.vocabulary_size) {
      return absl::OutOfRangeError(absl::StrCat("token ", id, " is not in [0, ",
                                                limits_.vocabulary_size, ")"));
    }
  }
  return OkStatus();
}

Status EngineImpl::Score(std::vector<int32_t> tokens, float* logits) {
  INLAY_RETURN_IF_ERROR(CheckScore(tokens, logits));
  if (limits_.encoder_length > 0) {
    return absl::FailedPreconditionError(
        "the model has an encoder, and there is no input for it");
  }
  ScoreJob job;
  job.tokens = std::move(tokens);
  job.logits = logits;
  return RunScore(&job);
}

Status EngineImpl::ScoreWithEncoder(std::vector<int32_t> encoder_tokens,
                                    std::vector<int32_t> tokens,
                                    float* logits) {
  INLAY_RETURN_IF_ERROR(CheckScore(tokens, logits));
  INLAY_RETURN_IF_ERROR(CheckEncoderInput(limits_, encoder_tokens));
  ScoreJob job;
  job.tokens = std::move(tokens);
  job.encoder_tokens = std::move(encoder_tokens);
  job.logits = logits;
  return RunScore(&job);
}

Status EngineImpl::RunScore(ScoreJob* job) {
  {
    MutexLock lock(mutex_);
    while (state_ == EngineState::kRunning && stepper_.score() != nullptr) {
      changed_.Wait(mutex_);
    }
    INLAY_RETURN_IF_ERROR(Refusal());
    stepper_.StartScore(job);
  }
  signal_->Notify();
  WaitFor(job->done);
  return job->status;
}

void EngineImpl::WaitFor(const bool& done) {
  while (true) {
    {
      MutexLock lock(mutex_);
      while (!host_driven_ && !done) changed_.Wait(mutex_);
      if (done) return;
    }
    // Host-driven: this call is the host's step, as often as needed.
    RunStep();
  }
}

}  // namespace inlay::engine
