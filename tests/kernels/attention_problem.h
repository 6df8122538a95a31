// A request's cache with random keys and values, for tests of attention.
#ifndef INLAY_TESTS_KERNELS_ATTENTION_PROBLEM_H_
#define INLAY_TESTS_KERNELS_ATTENTION_PROBLEM_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "kernels/common/fp8.h"
#include "kernels/common/half.h"
#include "kernels/cpu/ops.h"
#include "tests/kernels/guarded.h"

namespace inlay::kernels::cpu {

inline constexpr KvFormat kKvFormats[] = {KvFormat::kF32, KvFormat::kF16,
                                          KvFormat::kBf16, KvFormat::kInt8,
                                          KvFormat::kFp8};

inline std::string KvFormatName(KvFormat format) {
  const char* const names[] = {"F32", "F16", "BF16", "INT8", "FP8"};
  return names[static_cast<size_t>(format)];
}

struct AttentionShape {
  int32_t kv_heads = 2, q_per_kv = 3, key_dim = 64, value_dim = 64;
  int32_t page_tokens = 16;
  KvFormat format = KvFormat::kF16;
  // Of scores: see AttentionArgs. Slopes and sinks of all q heads.
  float softcap = 0.0f;
  std::vector<float> slopes = {}, sinks = {};
  int32_t ahead = 0;  // with all keys of the request
};

class AttentionProblem {
 public:
  AttentionProblem(const AttentionShape& shape, int32_t length)
      : shape_(shape),
        length_(length),
        k_(Values(length * shape.kv_heads * shape.key_dim, 1)),
        v_(Values(length * shape.kv_heads * shape.value_dim, 2)),
        q_(Values(length * QWidth(), 3)),
        pages_(Fill()) {}
  AttentionProblem(const AttentionProblem&) = delete;

  int32_t QWidth() const {
    return shape_.kv_heads * shape_.q_per_kv * shape_.key_dim;
  }

  // Output of `rows` rows from `position` for heads of one kv head.
  std::vector<float> Run(Isa isa, int32_t position, int32_t rows,
                         int32_t kv_head, int32_t first, int32_t heads,
                         int32_t window) const {
    const Call call(*this, position, rows, kv_head, first, heads, window);
    Attention(isa, call.args);
    return call.out.values();
  }

  // The same in parts that end at `cuts` segments, in reverse order.
  std::vector<float> RunSplit(Isa isa, int32_t position, int32_t rows,
                              int32_t kv_head, int32_t window,
                              const std::vector<int32_t>& cuts) const {
    const int32_t heads = shape_.q_per_kv;
    const Call call(*this, position, rows, kv_head, 0, heads, window);
    const int32_t begin = std::max(0, window > 0 ? position - window + 1 : 0);
    const int32_t first = begin / kAttentionSegment;
    const int32_t end = Last(position + rows - 1) / kAttentionSegment + 1;
    const size_t floats = AttentionStateFloats(shape_.value_dim);
    const Guarded<float> states(floats * static_cast<size_t>(end - first) *
                                static_cast<size_t>(rows * heads));
    std::vector<int32_t> edges = {first};
    for (int32_t cut : cuts) edges.push_back(std::clamp(cut, first, end));
    edges.push_back(end);
    for (size_t i = edges.size() - 1; i > 0; --i) {
      AttentionSegments(isa, call.args,
                        {states.data(), first, edges[i - 1], edges[i]});
    }
    AttentionMerge(isa, call.args, {states.data(), first, first, end});
    return call.out.values();
  }

  // Double arithmetic over keys and values: those that the pages stand for, or
  // as they were before they were rounded.
  std::vector<double> Exact(int32_t position, int32_t kv_head, int32_t head,
                            int32_t window, bool stored = true) const {
    const int32_t begin = window > 0 ? std::max(0, position - window + 1) : 0;
    const float* q = q_.data() + int64_t{position} * QWidth() +
                     int64_t{kv_head * shape_.q_per_kv + head} * shape_.key_dim;
    std::vector<double> scores;
    double most = -INFINITY, sum = 0;
    for (int32_t p = begin; p <= Last(position); ++p) {
      const auto key =
          Vector(k_, p, kv_head, shape_.key_dim, kKeyScale, stored);
      double dot = 0;
      for (int32_t d = 0; d < shape_.key_dim; ++d) dot += double{q[d]} * key[d];
      scores.push_back(Bent(dot * kScale, p - position, kv_head, head));
      most = std::max(most, scores.back());
    }
    if (const float* sink = HeadsOf(shape_.sinks, kv_head, head)) {
      most = std::max<double>(most, *sink);
      sum = std::exp(*sink - most);
    }
    for (double& score : scores) sum += score = std::exp(score - most);
    std::vector<double> out(shape_.value_dim, 0.0);
    for (int32_t p = begin; p <= Last(position); ++p) {
      const auto value =
          Vector(v_, p, kv_head, shape_.value_dim, kValueScale, stored);
      for (int32_t d = 0; d < shape_.value_dim; ++d) {
        out[d] += scores[p - begin] / sum * value[d];
      }
    }
    return out;
  }

  // Replaces one key or value and stores it again.
  void Poke(bool key, int32_t position, int32_t kv_head, float value) {
    auto& from = key ? k_ : v_;
    const int32_t dim = key ? shape_.key_dim : shape_.value_dim;
    from[(position * shape_.kv_heads + kv_head) * dim + dim / 2] = value;
    Append(position, kv_head);
  }

  const AttentionShape& shape() const { return shape_; }

 private:
  static constexpr float kScale = 0.125f;
  static constexpr float kKeyScale = 0.0625f;
  static constexpr float kValueScale = 0.03125f;

  struct Call {
    Call(const AttentionProblem& p, int32_t position, int32_t rows,
         int32_t kv_head, int32_t first, int32_t heads, int32_t window)
        : out(static_cast<size_t>(rows * heads) *
              static_cast<size_t>(p.shape_.value_dim)),
          scratch(AttentionScratchFloats(p.shape_.key_dim, p.shape_.value_dim)),
          args{.kv = p.layer_,
               .block_table = p.table_.data(),
               .position = position,
               .rows = rows,
               .window = window,
               .kv_head = kv_head,
               .q_heads = heads,
               .q = p.q_.data() + int64_t{position} * p.QWidth() +
                    int64_t{kv_head * p.shape_.q_per_kv + first} *
                        p.shape_.key_dim,
               .q_stride = p.QWidth(),
               .out = out.data(),
               .out_stride = int64_t{heads} * p.shape_.value_dim,
               .scale = kScale,
               .scratch = scratch.data(),
               .ahead = p.shape_.ahead,
               .keys = p.length_,
               .softcap = p.shape_.softcap,
               .slopes = p.HeadsOf(p.shape_.slopes, kv_head, first),
               .sinks = p.HeadsOf(p.shape_.sinks, kv_head, first)} {
      // What an earlier call left there must not matter.
      std::fill(scratch.data(), scratch.data() + scratch.size(), NAN);
    }
    const Guarded<float> out, scratch;
    const AttentionArgs args;
  };

  int32_t Last(int32_t position) const {
    return std::min(position + shape_.ahead, length_ - 1);
  }

  const float* HeadsOf(const std::vector<float>& all, int32_t kv_head,
                       int32_t head) const {
    return all.empty() ? nullptr
                       : all.data() + kv_head * shape_.q_per_kv + head;
  }
  double Bent(double score, int32_t distance, int32_t kv_head,
              int32_t head) const {
    const double cap = shape_.softcap;
    if (cap > 0) score = cap * std::tanh(score / cap);
    const float* slope = HeadsOf(shape_.slopes, kv_head, head);
    return slope == nullptr ? score : score + double{*slope} * distance;
  }

  static std::vector<float> Values(int32_t n, uint32_t seed) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal(0.0f, 1.5f);
    std::vector<float> values(static_cast<size_t>(n));
    for (float& value : values) value = normal(random);
    return values;
  }

  // One key or value; `stored`: as its page stands for it.
  std::vector<double> Vector(const std::vector<float>& from, int32_t position,
                             int32_t kv_head, int32_t dim, float scale,
                             bool stored) const {
    const float* x = &from[(position * shape_.kv_heads + kv_head) * dim];
    std::vector<double> out(x, x + dim);
    if (!stored) return out;
    double most = 0;
    for (double value : out) most = std::max(most, std::abs(value));
    for (double& value : out) {
      const float x32 = static_cast<float>(value);
      switch (shape_.format) {
        case KvFormat::kF32:
          break;
        case KvFormat::kF16:
          value = HalfToFloat(FloatToHalf(x32));
          break;
        case KvFormat::kBf16:
          value = Bfloat16ToFloat(FloatToBfloat16(x32));
          break;
        case KvFormat::kInt8:
          value = std::nearbyint(value * 127 / most) * (most / 127);
          break;
        case KvFormat::kFp8:
          value = double{scale} * Fp8E4m3ToFloat(FloatToFp8E4m3(x32 / scale));
          break;
      }
    }
    return out;
  }

  void Append(int32_t position, int32_t kv_head) {
    const int32_t row = position * shape_.kv_heads + kv_head;
    KvAppend(Isa::kReference, layer_, table_[position / shape_.page_tokens],
             position % shape_.page_tokens, kv_head,
             k_.data() + int64_t{row} * shape_.key_dim,
             v_.data() + int64_t{row} * shape_.value_dim);
  }

  // Pages in reverse order; what no token fills holds NaN.
  std::vector<uint8_t> Fill() {
    layer_ = {.page_tokens = shape_.page_tokens,
              .kv_heads = shape_.kv_heads,
              .key_dim = shape_.key_dim,
              .value_dim = shape_.value_dim,
              .format = shape_.format};
    key_scales_.assign(static_cast<size_t>(shape_.kv_heads), kKeyScale);
    value_scales_.assign(static_cast<size_t>(shape_.kv_heads), kValueScale);
    layer_.key_scales = key_scales_.data();
    layer_.value_scales = value_scales_.data();
    layer_.page_stride = (KvPageBytes(layer_) + 63) / 64 * 64;
    const int32_t count =
        (length_ + shape_.page_tokens - 1) / shape_.page_tokens;
    std::vector<uint8_t> pages(layer_.page_stride * static_cast<size_t>(count),
                               0xff);
    layer_.base = pages.data();
    for (int32_t i = 0; i < count; ++i) table_.push_back(count - 1 - i);
    for (int32_t p = 0; p < length_; ++p) {
      for (int32_t h = 0; h < shape_.kv_heads; ++h) Append(p, h);
    }
    return pages;
  }

  const AttentionShape shape_;
  const int32_t length_;
  std::vector<float> k_, v_, q_;
  std::vector<float> key_scales_, value_scales_;
  KvLayer layer_ = {};
  std::vector<int32_t> table_;
  const std::vector<uint8_t> pages_;
};

}  // namespace inlay::kernels::cpu

#endif  // INLAY_TESTS_KERNELS_ATTENTION_PROBLEM_H_
