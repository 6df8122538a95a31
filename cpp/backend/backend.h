// The Backend interface: a device that can hold weights and run Plans.
//
//   Backend  -> LoadWeights -> Weights (per model, device, recipe; shared)
//   Weights  -> CreateExecutor -> Executor (per engine: cache, arena)
//   Executor -> Launch(StepPlan) -> ticket -> Collect(ticket) -> StepResult
#ifndef INLAY_BACKEND_BACKEND_H_
#define INLAY_BACKEND_BACKEND_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cpp/base/memory.h"
#include "cpp/base/progress.h"
#include "cpp/base/status.h"
#include "cpp/base/thread_pool.h"
#include "cpp/formats/model_file.h"
#include "cpp/model/plan.h"
#include "cpp/scheduler/step_plan.h"

namespace inlay::backend {

struct DeviceInfo {
  std::string name;          // "cpu", "cuda:0"
  std::string description;   // processor name
  std::string features;      // "avx512 vnni bf16"
  uint64_t memory_bytes = 0;  // usable by this process (cgroup respected)
  uint64_t free_bytes = 0;
  bool usable = true;
  std::string reason;  // why not, if unusable
};

// Formats of cache pages. kInt8 has one step for each token and head; kFp8 is
// E4M3 with a step for each layer and head, fixed when the executor is created.
enum class KvType : uint8_t { kAuto, kF32, kF16, kBf16, kInt8, kFp8 };

struct WeightOptions {
  // Run from the mapped file: no packed copy, slower kernels.
  bool in_place = false;
  // Instruction set: "auto", "reference", "avx2", "avx512". kUnimplemented if
  // this processor or build lacks it.
  std::string isa = "auto";
};

struct ExecutorOptions {
  int32_t max_rows = 0;         // rows of one step
  int32_t max_logits_rows = 0;  // rows with logits of one step
  int32_t page_tokens = 0;      // tokens of one page
  int32_t page_count = 0;
  KvType kv_type = KvType::kAuto;
};

// Bytes that the same calls would allocate from the pool.
struct MemoryNeed {
  uint64_t weights = 0;         // packed
  uint64_t weights_mapped = 0;  // resident pages of the file, kept after load
  uint64_t kv_per_page = 0;
  uint64_t activations = 0;     // for the given ExecutorOptions
};

// One engine's state on a device. One thread at a time.
class Executor {
 public:
  virtual ~Executor() = default;
  // Starts a step. The plan must stay unchanged until collected. Failures of
  // the step itself come from Collect.
  virtual StatusOr<uint64_t> Launch(const scheduler::StepPlan& plan) = 0;
  // Waits for the step and fills *result. kInternal means the executor is
  // unusable from now on; per-row failures are in the result.
  virtual Status Collect(uint64_t ticket, scheduler::StepResult* result) = 0;
  // Tickets that may be in flight at once (CPU 1).
  virtual int depth() const = 0;
  // Bytes that one page of all layers takes in host memory, for transfers.
  virtual uint64_t page_bytes() const = 0;
};

// Loaded weights. Immutable, thread-safe, keep the ModelFile alive if mapped.
class Weights {
 public:
  virtual ~Weights() = default;
  virtual StatusOr<std::unique_ptr<Executor>> CreateExecutor(
      const ExecutorOptions& options) = 0;
  virtual const model::Plan& plan() const = 0;
  // For people: "avx512-vnni: Q4_1 x int8 blocks of 32, F32 accumulation".
  virtual const std::string& recipe() const = 0;
  virtual KvType default_kv_type() const = 0;
};

class Backend {
 public:
  virtual ~Backend() = default;
  virtual const DeviceInfo& info() const = 0;
  // Stages "pack"; cancelled by `progress`.
  virtual StatusOr<std::shared_ptr<Weights>> LoadWeights(
      std::shared_ptr<const formats::ModelFile> file,
      std::shared_ptr<const model::Plan> plan, const WeightOptions& options,
      std::shared_ptr<MemoryPool> pool, ThreadPool* threads,
      const Progress& progress) = 0;
  // The estimate for the same arguments; allocates nothing large.
  virtual StatusOr<MemoryNeed> Estimate(
      const formats::ModelFile& file, const model::Plan& plan,
      const WeightOptions& weights, const ExecutorOptions& executor,
      int thread_count) = 0;
};

}  // namespace inlay::backend

#endif  // INLAY_BACKEND_BACKEND_H_
