// A step as a plain value: what the scheduler decides and a backend executes.
//
// A step is one ragged batch of rows. A row is one token of one request at one
// position. Rows of a request are consecutive and form a row group; prompt
// chunks, decodes, drafts and scoring are the same thing with other counts.
// All arrays are flat and reused, so that a steady state allocates nothing.
#ifndef INLAY_SCHEDULER_STEP_PLAN_H_
#define INLAY_SCHEDULER_STEP_PLAN_H_

#include <cstdint>
#include <vector>

#include "cpp/sampling/sampler.h"

namespace inlay::scheduler {

// One request's share of a step.
struct RowGroup {
  uint64_t request_id = 0;
  int32_t row_begin = 0;     // rows [row_begin, row_begin + row_count)
  int32_t row_count = 0;     // >= 1
  int32_t position = 0;      // absolute position of the first row; also the
                             // number of tokens the cache holds before the step
  int32_t block_begin = 0;   // its block table: blocks[block_begin ...]
  int32_t block_count = 0;   // covers position + row_count tokens
  int32_t logits_begin = 0;  // its entries in logits_rows
  int32_t logits_count = 0;  // 0 for a prompt chunk that is not the last
  // Its entries in StepPlan::samples: one for each of the last `sample_count`
  // of its logits rows. A request draws one token; prompt log-probabilities
  // have an entry per row.
  int32_t sample_begin = 0;
  int32_t sample_count = 0;
  // Decoders with an encoder: the pages that the encoder's step wrote, and how
  // many tokens they hold. `blocks` and `position` count from the decoder's
  // own beginning.
  int32_t encoder_block_begin = 0;
  int32_t encoder_block_count = 0;
  int32_t encoder_length = 0;
};

// Moves one whole page of all layers before the rows of a step are computed.
struct PageTransfer {
  enum class Kind : uint8_t {
    kCopy,  // page `from` to page `to`: a fork writes its own copy
    kOut,   // page `from` to `host`
    kIn,    // `host` to page `to`
  };
  Kind kind = Kind::kCopy;
  int32_t from = -1;
  int32_t to = -1;
  uint8_t* host = nullptr;  // Executor::page_bytes() of host memory
};

// How the rows of a group become one vector.
enum class Pooling : uint8_t { kCls, kMean, kLast };  // first row, mean, last

struct PoolOutput {
  float* out = nullptr;  // as many floats as a row has
  Pooling pooling = Pooling::kMean;
  bool normalize = false;  // to a Euclidean length of 1
};

struct StepPlan {
  // Its groups are whole inputs of an encoder, whose decoder they are for. No
  // logits.
  bool encode = false;
  // Carried out in this order, before any row. A plan may have nothing else.
  std::vector<PageTransfer> transfers;
  std::vector<int32_t> tokens;     // one per row
  std::vector<int32_t> positions;  // one per row
  // Segments, one per row; none: all 0. Only encoders use them.
  std::vector<int32_t> types;
  std::vector<RowGroup> groups;
  std::vector<int32_t> blocks;       // page indices, all block tables
  std::vector<int32_t> logits_rows;  // row indices, ascending
  // Of all groups, in order; see RowGroup::sample_begin.
  std::vector<sampling::SampleInput> samples;
  // Null, or where to copy raw logits: logits_rows.size() * vocabulary floats.
  // Only scoring uses it.
  float* logits_out = nullptr;
  // One for each group, or none. Only encoders use it.
  std::vector<PoolOutput> pools;

  int32_t rows() const { return static_cast<int32_t>(tokens.size()); }
  void Clear();
};

struct StepResult {
  // One per entry of StepPlan::samples.
  std::vector<sampling::SampleOutput> samples;
  // One per entry of StepPlan::samples: OK, or why this row has no token.
  std::vector<Status> sample_status;
  // Of the step's time: moving pages, and from logits to tokens.
  int64_t transfer_ns = 0;
  int64_t sample_ns = 0;
};

}  // namespace inlay::scheduler

#endif  // INLAY_SCHEDULER_STEP_PLAN_H_
