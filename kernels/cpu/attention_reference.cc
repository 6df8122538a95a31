// Paged attention, one row and head at a time.
#include <cmath>
#include <limits>

#include "kernels/common/half.h"
#include "kernels/cpu/ops_isa.h"

namespace inlay::kernels::cpu::reference {
namespace {

// Reads keys and values of one kv head through the block table.
class Reader {
 public:
  explicit Reader(const AttentionArgs& args)
      : kv_(args.kv), blocks_(args.block_table), head_(args.kv_head) {}

  float Key(int32_t position, int32_t dim) const {
    return Load(position,
                (int64_t{head_} * kv_.key_dim + dim) * kv_.page_tokens +
                    position % kv_.page_tokens);
  }
  float Value(int32_t position, int32_t dim) const {
    const int64_t keys = int64_t{kv_.kv_heads} * kv_.key_dim * kv_.page_tokens;
    return Load(position, keys +
                              (int64_t{head_} * kv_.page_tokens +
                               position % kv_.page_tokens) *
                                  kv_.value_dim +
                              dim);
  }

 private:
  float Load(int32_t position, int64_t element) const {
    const int32_t page = blocks_[position / kv_.page_tokens];
    const uint8_t* base =
        kv_.base + static_cast<size_t>(page) * kv_.page_stride;
    if (kv_.format == KvFormat::kF16) {
      return HalfToFloat(reinterpret_cast<const uint16_t*>(base)[element]);
    }
    return reinterpret_cast<const float*>(base)[element];
  }

  const KvLayer& kv_;
  const int32_t* blocks_;
  const int32_t head_;
};

// Running maximum, sum of exponentials, and weighted sum of values.
struct State {
  float m = -std::numeric_limits<float>::infinity();
  float l = 0.0f;
  float* o;
};

void RunSegment(const AttentionArgs& args, const Reader& reader, const float* q,
                int32_t begin, int32_t end, float* scores, State* state) {
  for (int32_t p = begin; p < end; ++p) {
    float dot = 0.0f;
    for (int32_t d = 0; d < args.kv.key_dim; ++d) {
      dot += q[d] * reader.Key(p, d);
    }
    scores[p - begin] = dot * args.scale;
    if (scores[p - begin] > state->m) state->m = scores[p - begin];
  }
  for (int32_t d = 0; d < args.kv.value_dim; ++d) state->o[d] = 0.0f;
  for (int32_t p = begin; p < end; ++p) {
    const float weight = std::exp(scores[p - begin] - state->m);
    state->l += weight;
    for (int32_t d = 0; d < args.kv.value_dim; ++d) {
      state->o[d] += weight * reader.Value(p, d);
    }
  }
}

void Merge(const State& segment, int32_t value_dim, State* total) {
  const float m = segment.m > total->m ? segment.m : total->m;
  const float a = std::exp(total->m - m);
  const float b = std::exp(segment.m - m);
  total->m = m;
  total->l = total->l * a + segment.l * b;
  for (int32_t d = 0; d < value_dim; ++d) {
    total->o[d] = total->o[d] * a + segment.o[d] * b;
  }
}

void RunHead(const AttentionArgs& args, int32_t position, const float* q,
             float* out) {
  const Reader reader(args);
  float* scores = args.scratch;
  float* partial = scores + kAttentionSegment;
  const int32_t begin = args.window > 0 && position >= args.window
                            ? position - args.window + 1
                            : 0;
  State total{.o = out};
  for (int32_t d = 0; d < args.kv.value_dim; ++d) out[d] = 0.0f;
  for (int64_t segment = begin / kAttentionSegment * kAttentionSegment;
       segment <= position; segment += kAttentionSegment) {
    const int32_t first = static_cast<int32_t>(segment);
    State state{.o = partial};
    const int32_t last = position - first < kAttentionSegment
                             ? position + 1
                             : first + kAttentionSegment;
    RunSegment(args, reader, q, first > begin ? first : begin, last, scores,
               &state);
    Merge(state, args.kv.value_dim, &total);
  }
  for (int32_t d = 0; d < args.kv.value_dim; ++d) out[d] /= total.l;
}

}  // namespace

void Attention(const AttentionArgs& args) {
  for (int32_t r = 0; r < args.rows; ++r) {
    for (int32_t h = 0; h < args.q_heads; ++h) {
      RunHead(args, args.position + r,
              args.q + r * args.q_stride + int64_t{h} * args.kv.key_dim,
              args.out + r * args.out_stride + int64_t{h} * args.kv.value_dim);
    }
  }
}

}  // namespace inlay::kernels::cpu::reference
