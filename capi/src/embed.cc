// Vectors of an encoder's inputs, and scores of a cross-encoder's.
#include <inlay/inlay.h>

#include <utility>
#include <vector>

#include "capi/src/arguments.h"
#include "capi/src/engine.h"
#include "capi/src/guard.h"
#include "cpp/base/checked.h"

namespace inlay::capi {
namespace {

struct InputArguments {
  const int32_t* tokens;
  const int32_t* types;  // null: none
  size_t token_count;
  const int32_t* lengths;
  size_t input_count;
};

struct EmbedArguments {
  InputArguments inputs;
  int32_t pooling;
  int32_t normalize;
};

Outcome ReadInputs(const InputArguments& given, engine::EmbedRequest* out) {
  std::span<const int32_t> ids, lengths;
  const int32_t* types = given.types;
  INLAY_RETURN_IF_BAD(
      ReadArray(given.tokens, given.token_count, "tokens", &ids));
  INLAY_RETURN_IF_BAD(
      ReadArray(given.lengths, given.input_count, "lengths", &lengths));
  if (ids.empty()) return Outcome::Invalid("tokens", "are empty");
  if (lengths.empty()) return Outcome::Invalid("lengths", "are empty");
  for (const int32_t length : lengths) {
    if (length < 1) return Outcome::Invalid("lengths", "has one below 1");
    if (static_cast<size_t>(length) > ids.size()) {
      return Outcome::Invalid("lengths", "are more than token_count");
    }
    const auto own = ids.first(static_cast<size_t>(length));
    out->inputs.emplace_back(own.begin(), own.end());
    if (types != nullptr) {
      out->types.emplace_back(types, types + own.size());
      types += own.size();
    }
    ids = ids.subspan(own.size());
  }
  if (!ids.empty()) {
    return Outcome::Invalid("lengths", "are fewer than token_count");
  }
  return {};
}

Outcome ReadChoices(const EmbedArguments& given, engine::EmbedRequest* out) {
  switch (given.pooling) {
    case INLAY_POOLING_MODEL:
      break;
    case INLAY_POOLING_CLS:
      out->pooling = scheduler::Pooling::kCls;
      break;
    case INLAY_POOLING_MEAN:
      out->pooling = scheduler::Pooling::kMean;
      break;
    case INLAY_POOLING_LAST:
      out->pooling = scheduler::Pooling::kLast;
      break;
    default:
      return Outcome::Invalid("pooling", "is unknown");
  }
  if (given.normalize < 0 || given.normalize > 2) {
    return Outcome::Invalid("normalize", "is not 0, 1 or 2");
  }
  if (given.normalize != 0) out->normalize = given.normalize == 1;
  return {};
}

Outcome Embed(inlay_engine* engine, const EmbedArguments& given, float* vectors,
              size_t capacity, size_t* out_count) {
  INLAY_RETURN_IF_BAD(CheckBlocking(engine));
  engine::EmbedRequest request;
  INLAY_RETURN_IF_BAD(ReadInputs(given.inputs, &request));
  INLAY_RETURN_IF_BAD(ReadChoices(given, &request));
  if (vectors == nullptr && capacity != 0) {
    return Outcome::Invalid("vectors", "is NULL");
  }
  const auto width =
      static_cast<size_t>(engine->core->model()->vector_length());
  size_t needed = 0;
  if (!CheckedMul(request.inputs.size(), width, &needed) ||
      needed > SIZE_MAX / sizeof(float)) {
    return Outcome::Abi(INLAY_ERR_OUT_OF_RANGE, "lengths", "are too many");
  }
  if (out_count != nullptr) *out_count = needed;
  if (vectors == nullptr) return {};
  if (capacity < needed) {
    return Outcome::Abi(INLAY_ERR_BUFFER_TOO_SMALL, "vectors", "is too small");
  }
  return engine->core->Embed(std::move(request), vectors);
}

Outcome Rank(inlay_engine* engine, const InputArguments& given, float* scores,
             size_t capacity, size_t* out_count) {
  INLAY_RETURN_IF_BAD(CheckBlocking(engine));
  engine::EmbedRequest request;
  INLAY_RETURN_IF_BAD(ReadInputs(given, &request));
  if (scores == nullptr && capacity != 0) {
    return Outcome::Invalid("scores", "is NULL");
  }
  if (out_count != nullptr) *out_count = request.inputs.size();
  if (scores == nullptr) return {};
  if (capacity < request.inputs.size()) {
    return Outcome::Abi(INLAY_ERR_BUFFER_TOO_SMALL, "scores", "is too small");
  }
  return engine->core->Rank(std::move(request), scores);
}

}  // namespace
}  // namespace inlay::capi

using namespace inlay::capi;  // NOLINT(build/namespaces): the shells below

extern "C" {

inlay_status inlay_embed(inlay_engine* engine, const int32_t* tokens,
                         size_t token_count, const int32_t* lengths,
                         size_t input_count, int32_t pooling, int32_t normalize,
                         float* vectors, size_t capacity, size_t* out_count,
                         inlay_error* error) noexcept {
  return Guard(error, [&] {
    return Embed(engine,
                 {{tokens, nullptr, token_count, lengths, input_count},
                  pooling,
                  normalize},
                 vectors, capacity, out_count);
  });
}

inlay_status inlay_rank(inlay_engine* engine, const int32_t* tokens,
                        const int32_t* types, size_t token_count,
                        const int32_t* lengths, size_t input_count,
                        float* scores, size_t capacity, size_t* out_count,
                        inlay_error* error) noexcept {
  return Guard(error, [&] {
    return Rank(engine, {tokens, types, token_count, lengths, input_count},
                scores, capacity, out_count);
  });
}

}  // extern "C"
