// Logits and sampling.
#include <cstring>
#include <new>
#include <variant>

#include "cpp/backend/cpu/operations.h"
#include "cpp/base/clock.h"
#include "kernels/cpu/ops.h"

namespace inlay::backend::cpu {
namespace {

void CopyLogits(const Worker& worker) {
  const StepContext& context = worker.context;
  const int64_t vocabulary = context.plan.vocabulary_size;
  const Range share = worker.Share(worker.rows);
  if (share.begin == share.end) return;
  std::memcpy(context.step->logits_out + share.begin * vocabulary,
              context.arena.Logits() + share.begin * vocabulary,
              static_cast<size_t>((share.end - share.begin) * vocabulary) *
                  sizeof(float));
}

void SampleRow(const Worker& worker, size_t sample) {
  StepContext& context = worker.context;
  const size_t vocabulary = static_cast<size_t>(context.plan.vocabulary_size);
  float* logits = context.arena.Logits() +
                  static_cast<size_t>(context.sample_rows[sample]) * vocabulary;
  Status& status = context.result->sample_status[sample];
  try {
    status = context.samplers[static_cast<size_t>(worker.thread)].Sample(
        {logits, vocabulary}, context.step->samples[sample],
        &context.result->samples[sample]);
  } catch (const std::bad_alloc&) {
    status = Status(absl::StatusCode::kResourceExhausted, "");
  }
}

bool HasHook(const StepContext& context, size_t sample) {
  const sampling::SampleInput& input = context.step->samples[sample];
  return input.target < 0 && input.params->hook.call != nullptr;
}

// Each thread samples its share of the rows. Rows with a hook are left to
// thread 0, which is the caller's: host code runs on one thread only.
void SampleRows(const Worker& worker) {
  const StepContext& context = worker.context;
  const size_t count = context.step->samples.size();
  const Range share = worker.Share(static_cast<int64_t>(count));
  for (int64_t i = share.begin; i < share.end; ++i) {
    const size_t sample = static_cast<size_t>(i);
    if (!HasHook(context, sample)) SampleRow(worker, sample);
  }
  if (worker.thread != 0) return;
  for (size_t sample = 0; sample < count; ++sample) {
    if (HasHook(context, sample)) SampleRow(worker, sample);
  }
}

}  // namespace

void RunHead(Worker& worker, const Instruction& self) {
  const auto& op = std::get<model::HeadOp>(*self.op);
  if (worker.rows == 0) return;
  StepContext& context = worker.context;
  const int64_t vocabulary = context.plan.vocabulary_size;
  const PreparedRows x = PrepareRows(worker, self, op.in);
  float* logits = context.arena.Logits();
  ForPiecesOfOutputs(worker, self, [&](size_t, Range range) {
    Multiply(worker, self.matrices[0], x,
             {.y = logits, .y_stride = vocabulary, .bias = self.biases[0]},
             range);
    if (op.scale == 1.0f && op.softcap <= 0) return;
    const int64_t count = range.end - range.begin;
    for (int64_t row = 0; row < worker.rows; ++row) {
      float* out = logits + row * vocabulary + range.begin;
      for (int64_t i = 0; i < count; ++i) out[i] *= op.scale;
      if (op.softcap > 0) {
        kernels::cpu::SoftCap(context.isa, op.softcap, out, count);
      }
    }
  });
  worker.Barrier();
  if (context.step->logits_out != nullptr) {
    CopyLogits(worker);
    worker.Barrier();
  }
  if (worker.thread == 0) {
    context.sample_begin_ns = Clock::Monotonic().NowNs();
  }
  SampleRows(worker);
}

}  // namespace inlay::backend::cpu
