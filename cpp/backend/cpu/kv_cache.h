// The pages of an executor: for every cache layer an array of pages.
#ifndef INLAY_BACKEND_CPU_KV_CACHE_H_
#define INLAY_BACKEND_CPU_KV_CACHE_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "cpp/backend/backend.h"
#include "cpp/base/memory.h"
#include "cpp/base/status.h"
#include "cpp/model/plan.h"
#include "kernels/cpu/ops.h"

namespace inlay::backend::cpu {

// Bytes of one page of all layers.
StatusOr<uint64_t> KvBytesPerPage(const model::Plan& plan, KvType type,
                                  int32_t page_tokens);

class KvCache {
 public:
  // `type` is not kAuto. `scales` of kFp8: for each layer the steps of the keys
  // of each head, then of the values.
  static StatusOr<KvCache> Create(const model::Plan& plan, KvType type,
                                  int32_t page_tokens, int32_t page_count,
                                  std::vector<float> scales, MemoryPool& pool);

  const kernels::cpu::KvLayer& layer(int32_t index) const {
    return layers_[static_cast<size_t>(index)];
  }
  int32_t layer_count() const { return static_cast<int32_t>(layers_.size()); }
  int32_t page_tokens() const { return page_tokens_; }
  int32_t page_count() const { return page_count_; }
  // Bytes of one page of all layers.
  uint64_t page_bytes() const { return page_bytes_; }
  // Pages are in [0, page_count); `host` has page_bytes() bytes, layer after
  // layer.
  void CopyPage(int32_t from, int32_t to);
  void ReadPage(int32_t page, uint8_t* host) const;
  void WritePage(int32_t page, const uint8_t* host);

 private:
  Buffer block_;
  std::vector<float> scales_;
  std::vector<kernels::cpu::KvLayer> layers_;
  int32_t page_tokens_ = 0;
  int32_t page_count_ = 0;
  uint64_t page_bytes_ = 0;
};

}  // namespace inlay::backend::cpu

#endif  // INLAY_BACKEND_CPU_KV_CACHE_H_
