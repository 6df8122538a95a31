#include <algorithm>
#include <cmath>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "cpp/engine/dense_module.h"
#include "cpp/engine/engine_impl.h"

namespace inlay::engine {

Status EngineImpl::CheckGenerates() const {
  if (!model_->plan()->encoder) return OkStatus();
  return absl::FailedPreconditionError(
      "the model is an encoder: it embeds, and has no tokens to give");
}

namespace {

// How many kinds of segments the model tells apart; 0: it has none.
int64_t TypeCount(const model::Plan& plan) {
  for (const model::Op& op : plan.ops) {
    const auto* embed = std::get_if<model::EmbedOp>(&op);
    if (embed != nullptr && embed->types >= 0) {
      return plan.weights[static_cast<size_t>(embed->types)].rows;
    }
  }
  return 0;
}

// As a PoolOp does it.
void ScaleToUnit(std::vector<float>* vector) {
  double squares = 0;
  for (const float x : *vector) squares += double{x} * x;
  const double length = std::max(std::sqrt(squares), 1e-12);
  for (float& x : *vector) x = static_cast<float>(x / length);
}

}  // namespace

Status EngineImpl::CheckTypes(const EmbedRequest& request) const {
  if (request.types.empty()) return OkStatus();
  if (request.types.size() != request.inputs.size()) {
    return absl::InvalidArgumentError("segments of some inputs alone");
  }
  const int64_t count = TypeCount(*model_->plan());
  for (size_t i = 0; i < request.types.size(); ++i) {
    if (request.types[i].size() != request.inputs[i].size()) {
      return absl::InvalidArgumentError(
          absl::StrCat("input ", i, " has ", request.inputs[i].size(),
                       " tokens and ", request.types[i].size(), " segments"));
    }
    for (const int32_t type : request.types[i]) {
      if (type >= 0 && (type < count || count <= 1)) continue;
      return absl::OutOfRangeError(absl::StrCat(
          "segment ", type, " of input ", i, " is not in [0, ", count, ")"));
    }
  }
  return OkStatus();
}

Status EngineImpl::CheckInputs(const EmbedRequest& request,
                               const float* out) const {
  if (InCallback()) return absl::AbortedError("Embed inside a callback");
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
  return CheckTypes(request);
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

Status EngineImpl::RunEmbed(EmbedJob* job, EmbedRequest request, float* out) {
  INLAY_RETURN_IF_ERROR(CheckInputs(request, out));
  job->inputs = std::move(request.inputs);
  // Models that tell no segments apart are given pairs all the same.
  if (TypeCount(*model_->plan()) > 1) job->types = std::move(request.types);
  for (const auto& input : job->inputs) {
    job->tokens += static_cast<int64_t>(input.size());
  }
  job->out = out;
  job->width = model_->plan()->vector_length();
  {
    MutexLock lock(mutex_);
    INLAY_RETURN_IF_ERROR(Refusal());
    INLAY_RETURN_IF_ERROR(CheckEmbedQueue(*job));
    stepper_.StartEmbed(job);
  }
  signal_->Notify();
  WaitFor(job->done);
  return job->status;
}

Status EngineImpl::Embed(EmbedRequest request, float* out) {
  const model::Plan& plan = *model_->plan();
  if (!plan.encoder) {
    return absl::FailedPreconditionError(
        "the model is no encoder: it generates, and has no vectors to give");
  }
  if (plan.label_count > 0) {
    return absl::FailedPreconditionError(
        "the model has a classifier: it ranks, and has no vectors to give");
  }
  const PoolingConfig& own = model_->pooling();
  if (!request.pooling.has_value()) INLAY_RETURN_IF_ERROR(own.status);
  EmbedJob job;
  job.pooling = request.pooling.value_or(own.pooling);
  const bool normalize = request.normalize.value_or(own.normalize);
  job.normalize = normalize && own.dense.empty();
  if (own.dense.empty()) return RunEmbed(&job, std::move(request), out);
  if (out == nullptr) return absl::InvalidArgumentError("no array of vectors");
  const size_t count = request.inputs.size();
  const auto width = static_cast<size_t>(plan.embedding_length);
  std::vector<float> pooled(count * width);
  INLAY_RETURN_IF_ERROR(RunEmbed(&job, std::move(request), pooled.data()));
  for (size_t i = 0; i < count; ++i) {
    const float* own_vector = pooled.data() + i * width;
    std::vector<float> vector(own_vector, own_vector + width);
    for (const DenseLayer& layer : own.dense) RunDense(layer, &vector);
    if (normalize) ScaleToUnit(&vector);
    out = std::copy(vector.begin(), vector.end(), out);
  }
  return OkStatus();
}

Status EngineImpl::Rank(EmbedRequest request, float* scores) {
  const int32_t labels = model_->plan()->label_count;
  if (labels != 1) {
    return absl::FailedPreconditionError(
        labels == 0 ? "the model has no classifier: it gives no scores"
                    : absl::StrCat("the model's classifier has ", labels,
                                   " labels; one that ranks has one"));
  }
  EmbedJob job;
  return RunEmbed(&job, std::move(request), scores);
}

}  // namespace inlay::engine
