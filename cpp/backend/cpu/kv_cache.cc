#include "cpp/backend/cpu/kv_cache.h"

#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp/base/checked.h"

namespace inlay::backend::cpu {
namespace {

constexpr int32_t kMaxPageTokens = 1 << 16;
// Pages begin at multiples of a cache line.
constexpr uint64_t kPageAlignment = 64;

kernels::cpu::KvFormat Format(KvType type) {
  using kernels::cpu::KvFormat;
  switch (type) {
    case KvType::kF32:
      return KvFormat::kF32;
    case KvType::kBf16:
      return KvFormat::kBf16;
    case KvType::kInt8:
      return KvFormat::kInt8;
    case KvType::kFp8:
      return KvFormat::kFp8;
    case KvType::kAuto:
    case KvType::kF16:
      break;
  }
  return KvFormat::kF16;
}

StatusOr<kernels::cpu::KvLayer> Shape(const model::CacheLayer& layer,
                                      KvType type, int32_t page_tokens) {
  if (page_tokens < 1 || page_tokens > kMaxPageTokens) {
    return absl::InvalidArgumentError(absl::StrCat(
        "page_tokens is ", page_tokens, "; it must be 1 to ", kMaxPageTokens));
  }
  kernels::cpu::KvLayer shape = {};
  shape.page_tokens = page_tokens;
  shape.kv_heads = layer.kv_head_count;
  shape.key_dim = layer.key_dim;
  shape.value_dim = layer.value_dim;
  shape.format = Format(type);
  // Each factor is at most 2^16 (CheckPlan), so this cannot overflow.
  uint64_t stride = kernels::cpu::KvPageBytes(shape);
  if (!CheckedAlignUp(stride, kPageAlignment, &stride)) {
    return absl::ResourceExhaustedError("a cache page is too large");
  }
  shape.page_stride = stride;
  return shape;
}

}  // namespace

StatusOr<uint64_t> KvBytesPerPage(const model::Plan& plan, KvType type,
                                  int32_t page_tokens) {
  uint64_t bytes = 0;
  for (const model::CacheLayer& layer : plan.cache_layers) {
    INLAY_ASSIGN_OR_RETURN(const kernels::cpu::KvLayer shape,
                           Shape(layer, type, page_tokens));
    if (!CheckedAdd<uint64_t>(bytes, shape.page_stride, &bytes)) {
      return absl::ResourceExhaustedError("a cache page is too large");
    }
  }
  return bytes;
}

StatusOr<KvCache> KvCache::Create(const model::Plan& plan, KvType type,
                                  int32_t page_tokens, int32_t page_count,
                                  std::vector<float> scales, MemoryPool& pool) {
  if (page_count < 1) {
    return absl::InvalidArgumentError("page_count must be at least 1");
  }
  INLAY_ASSIGN_OR_RETURN(const uint64_t page,
                         KvBytesPerPage(plan, type, page_tokens));
  size_t heads = 0;
  for (const model::CacheLayer& layer : plan.cache_layers) {
    heads += static_cast<size_t>(layer.kv_head_count);
  }
  if (type == KvType::kFp8 && scales.size() != 2 * heads) {
    return absl::InternalError("FP8 pages need one scale for each head");
  }
  uint64_t bytes = 0;
  if (!CheckedMul<uint64_t>(page, static_cast<uint64_t>(page_count), &bytes)) {
    return absl::ResourceExhaustedError("the cache exceeds 64-bit sizes");
  }
  KvCache cache;
  INLAY_ASSIGN_OR_RETURN(cache.block_,
                         pool.AllocateCommitted(bytes, "the KV cache"));
  cache.page_tokens_ = page_tokens;
  cache.page_count_ = page_count;
  cache.page_bytes_ = page;
  cache.scales_ = std::move(scales);
  const float* steps = cache.scales_.data();
  uint8_t* next = cache.block_.data();
  for (const model::CacheLayer& layer : plan.cache_layers) {
    INLAY_ASSIGN_OR_RETURN(kernels::cpu::KvLayer shape,
                           Shape(layer, type, page_tokens));
    shape.base = next;
    if (type == KvType::kFp8) {
      shape.key_scales = steps;
      shape.value_scales = steps + shape.kv_heads;
      steps += 2 * int64_t{shape.kv_heads};
    }
    next += shape.page_stride * static_cast<uint64_t>(page_count);
    cache.layers_.push_back(shape);
  }
  return cache;
}

void KvCache::CopyPage(int32_t from, int32_t to) {
  if (from == to) return;
  for (const kernels::cpu::KvLayer& layer : layers_) {
    std::memcpy(layer.base + layer.page_stride * static_cast<size_t>(to),
                layer.base + layer.page_stride * static_cast<size_t>(from),
                layer.page_stride);
  }
}

void KvCache::ReadPage(int32_t page, uint8_t* host) const {
  for (const kernels::cpu::KvLayer& layer : layers_) {
    std::memcpy(host,
                layer.base + layer.page_stride * static_cast<size_t>(page),
                layer.page_stride);
    host += layer.page_stride;
  }
}

void KvCache::WritePage(int32_t page, const uint8_t* host) {
  for (const kernels::cpu::KvLayer& layer : layers_) {
    std::memcpy(layer.base + layer.page_stride * static_cast<size_t>(page),
                host, layer.page_stride);
    host += layer.page_stride;
  }
}

}  // namespace inlay::backend::cpu
