#include "cpp/model/qkv_groups.h"

#include <algorithm>

namespace inlay::model {

Status ReadInOrder(const io::Source& file, const formats::TensorInfo& stored,
                   const QkvGroups& groups, uint64_t at,
                   std::span<uint8_t> out) {
  const uint64_t head_bytes =
      stored.bytes / static_cast<uint64_t>(groups.rows() / groups.head_dim);
  while (!out.empty()) {
    const auto head = static_cast<int64_t>(at / head_bytes);
    const uint64_t within = at % head_bytes;
    const uint64_t count = std::min<uint64_t>(head_bytes - within, out.size());
    const auto place = static_cast<uint64_t>(groups.StoredHead(head));
    INLAY_RETURN_IF_ERROR(
        file.ReadAt(stored.offset + place * head_bytes + within,
                    out.first(static_cast<size_t>(count))));
    out = out.subspan(static_cast<size_t>(count));
    at += count;
  }
  return OkStatus();
}

}  // namespace inlay::model
