// The largest logit of each block of a row: one pass over the row makes them,
// and finding the largest tokens then reads only a few blocks. Private to
// cpp/sampling.
#ifndef INLAY_SAMPLING_BLOCK_MAXIMA_H_
#define INLAY_SAMPLING_BLOCK_MAXIMA_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "cpp/sampling/candidate.h"

namespace inlay::sampling {

// Logits in a block; 768 blocks for a vocabulary of 49,152. Small, so that the
// blocks of the 40 largest logits are a twentieth of the row.
inline constexpr size_t kBlock = 64;

struct RowMaximum {
  float value;  // -inf if no logit is finite
  bool valid;   // false if there is a NaN or +inf
};

class BlockMaxima {
 public:
  explicit BlockMaxima(size_t row_size);

  // Reads the whole row; all else reads a row that Scan has seen.
  void Scan(std::span<const float> row);
  // The logit of `token` has changed; call Refresh before the next question.
  void Touch(int32_t token) { stale_[static_cast<size_t>(token) / kBlock] = 1; }
  void Refresh(std::span<const float> row);

  // Of the row; `valid` is that of the last Scan.
  RowMaximum largest() const { return largest_; }
  float block(size_t index) const { return maxima_[index]; }

  // The smallest id that has the largest logit.
  int32_t FirstOfLargest(std::span<const float> row) const;

  // The first `count` tokens in the order of Precedes; `value` is the logit.
  void SelectLargest(std::span<const float> row, size_t count,
                     std::vector<Candidate>* out);

 private:
  bool Update(std::span<const float> row);
  float LowerBound(std::span<const float> row, size_t count);

  std::vector<float> maxima_;
  std::vector<uint8_t> stale_;
  std::vector<float> scratch_;
  RowMaximum largest_ = {};
};

}  // namespace inlay::sampling

#endif  // INLAY_SAMPLING_BLOCK_MAXIMA_H_
