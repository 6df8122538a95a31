// Rows of q, k and v that a file stores group by group.
#ifndef INLAY_MODEL_QKV_GROUPS_H_
#define INLAY_MODEL_QKV_GROUPS_H_

#include <cstdint>

#include "cpp/formats/model_file.h"
#include "cpp/model/hyperparameters.h"

namespace inlay::model {

// Each group is the q heads that share a k and a v head, then these two. In
// order, all q heads come first, then those of k, then those of v.
struct QkvGroups {
  int64_t heads = 1;
  int64_t kv_heads = 1;
  int64_t head_dim = 1;

  static QkvGroups Of(const Hyperparameters& hp) {
    return {hp.head_count, hp.kv_head_count, hp.head_dim};
  }
  int64_t rows() const { return (heads + 2 * kv_heads) * head_dim; }
  // Where the head that is number `head` in order is stored.
  int64_t StoredHead(int64_t head) const {
    const int64_t per = heads / kv_heads;
    if (head < heads) return head / per * (per + 2) + head % per;
    const int64_t group = (head - heads) % kv_heads;
    const int64_t which = (head - heads) / kv_heads;  // 0: k, 1: v
    return group * (per + 2) + per + which;
  }
};

// Fills `out` with what a matrix or a bias has at byte `at` if its rows are put
// in order. It has groups.rows() rows, or elements.
Status ReadInOrder(const io::Source& file, const formats::TensorInfo& stored,
                   const QkvGroups& groups, uint64_t at,
                   std::span<uint8_t> out);

}  // namespace inlay::model

#endif  // INLAY_MODEL_QKV_GROUPS_H_
