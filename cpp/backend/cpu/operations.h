// The operations of a Plan on the processor. Every thread of a step runs the
// same instructions in the same order, each on its share, and meets the others
// at a barrier after each.
#ifndef INLAY_BACKEND_CPU_OPERATIONS_H_
#define INLAY_BACKEND_CPU_OPERATIONS_H_

#include <cstdint>
#include <vector>

#include "absl/functional/function_ref.h"
#include "cpp/backend/cpu/arena.h"
#include "cpp/backend/cpu/cpu_weights.h"
#include "cpp/backend/cpu/kv_cache.h"
#include "cpp/backend/cpu/program.h"
#include "cpp/backend/cpu/work_shares.h"
#include "cpp/base/thread_pool.h"
#include "cpp/sampling/sampler.h"
#include "cpp/scheduler/step_plan.h"

namespace inlay::backend::cpu {

// What all threads of a step share.
struct StepContext {
  const CpuWeights& weights;
  const model::Plan& plan;
  const Arena& arena;
  const KvCache& cache;
  ThreadPool& pool;
  kernels::cpu::Isa isa;
  std::vector<sampling::Sampler>& samplers;  // one per thread
  WorkShares& shares;
  // The step.
  const scheduler::StepPlan* step = nullptr;
  scheduler::StepResult* result = nullptr;
  std::vector<int32_t> row_pages;    // page that each row's token goes to
  std::vector<int32_t> sample_rows;  // entry of logits_rows of each sample
  int64_t sample_begin_ns = 0;  // when the logits were ready; 0: no head ran
};

// One thread's view of a step.
class Worker {
 public:
  Worker(StepContext& context, int thread, int threads)
      : context(context),
        thread(thread),
        threads(threads),
        rows(context.step->rows()) {}

  // This thread's share of `count` items in units of `grain`.
  Range Share(int64_t count, int64_t grain = 1) const {
    return SplitRange(count, grain, thread, threads);
  }
  // Runs body(range) for pieces of `items` until all threads together have done
  // all of them. A barrier must come before the next such loop.
  template <typename Body>
  void ForPieces(int64_t items, const Body& body) const {
    WorkShares& shares = context.shares;
    shares.Begin(thread);
    while (true) {
      const Range piece = shares.Take(thread, items);
      if (piece.begin == piece.end) return;
      body(piece);
    }
  }
  void Barrier() const { context.pool.Barrier(); }

  StepContext& context;
  const int thread;
  const int threads;
  int32_t rows;  // current rows; SelectRows narrows them
  // Outputs of experts' products that this thread computed.
  int64_t expert_outputs = 0;
};

using Operation = void (*)(Worker&, const Instruction&);
Operation FindOperation(const model::Op& op);

void RunEmbed(Worker& worker, const Instruction& self);
void RunNorm(Worker& worker, const Instruction& self);
void RunHeadNorm(Worker& worker, const Instruction& self);
void RunAdd(Worker& worker, const Instruction& self);
void RunLinear(Worker& worker, const Instruction& self);
void RunMoe(Worker& worker, const Instruction& self);
void RunRopeAppend(Worker& worker, const Instruction& self);
void RunAttention(Worker& worker, const Instruction& self);
void RunSelectRows(Worker& worker, const Instruction& self);
void RunPool(Worker& worker, const Instruction& self);
void RunHead(Worker& worker, const Instruction& self);

// Sines and cosines of every row's position, for all ropes of the plan. Needs
// a barrier before the first use.
void ComputeRopeTables(Worker& worker);

// The rows of a product's input, ready for its kernels; one place per format.
struct PreparedRows {
  const uint8_t* rows[kActivationFormats];
};
// Applies the instruction's norm, if any, and prepares `slot` for all its
// matrices. Ends with a barrier unless the rows are private to the thread.
PreparedRows PrepareRows(Worker& worker, const Instruction& self,
                         model::SlotId slot);

// Outputs [begin, end) of one matrix for all current rows.
struct ProductTarget {
  float* y;
  int64_t y_stride;
  const float* bias;
  bool accumulate;
};
void Multiply(Worker& worker, const Matrix& matrix, const PreparedRows& x,
              const ProductTarget& target, Range range);
// The same for `rows` rows from `x`, prepared in the matrix's format.
void MultiplyRows(Worker& worker, const Matrix& matrix, const uint8_t* x,
                  int64_t rows, const ProductTarget& target, Range range);

// Runs body(matrix, range) for pieces of the outputs of all the instruction's
// matrices, counted together so that several small ones still balance. See
// Worker::ForPieces.
void ForPiecesOfOutputs(const Worker& worker, const Instruction& self,
                        absl::FunctionRef<void(size_t, Range)> body);

// Normalises one row; y may be x.
void ApplyNorm(kernels::cpu::Isa isa, const NormStep& norm, const float* x,
               int64_t width, float* y);

}  // namespace inlay::backend::cpu

#endif  // INLAY_BACKEND_CPU_OPERATIONS_H_
