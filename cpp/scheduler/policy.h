// What a scheduler sees and what it decides: plain values, no clock, no I/O.
#ifndef INLAY_SCHEDULER_POLICY_H_
#define INLAY_SCHEDULER_POLICY_H_

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "cpp/scheduler/cost_model.h"

namespace inlay::scheduler {

enum class Batching : uint8_t {
  kInFlight,  // a request joins and leaves at any step
  kStatic,    // none joins before all of the batch have ended; for comparison
};

// Fixed for the life of an engine.
struct Limits {
  int32_t max_concurrency = 1;  // requests in one step
  int32_t max_step_tokens = 1;  // rows of one step; >= max_concurrency. As
                                // many again for encoders' inputs
  int32_t max_logits_rows = 1;  // rows with logits; >= max_concurrency
  int32_t page_tokens = 1;
  Batching batching = Batching::kInFlight;
  // A step that also computes prompts may take this many times what its
  // decodes alone would; 0: no limit but max_step_tokens.
  double stall_factor = 0;
  // A waiting request rises by one priority class per `ageing_ns` (0: never),
  // and after `starvation_ns` it goes before all that arrived later.
  int64_t ageing_ns = 0;
  int64_t starvation_ns = std::numeric_limits<int64_t>::max();
};

// One request as the scheduler sees it. Its tokens that are known but not yet
// cached are what it has to compute: one for a decode, many for a prompt, and
// prompt and generated ones alike after a preemption.
struct RequestView {
  int32_t known_tokens = 0;   // prompt and generated
  int32_t cached_tokens = 0;  // the first of these, in the cache or in swap
  int32_t pages = 0;          // held
  // Of these, how many become available when it gives all up.
  int32_t own_pages = 0;
  int32_t swapped_pages = 0;    // held in swap instead; waits to come back
  bool admitted = false;        // may hold pages; else it waits in the queue
  bool paused = false;          // its consumer is slow
  bool logits_per_row = false;  // every row of its prompt needs logits
  int32_t priority = 0;         // class; the higher goes first
  int32_t tenant = 0;           // into Snapshot::tenants
  int64_t arrival_ns = 0;
  int64_t deadline_ns = std::numeric_limits<int64_t>::max();
  uint64_t admission = 0;  // admitted ones: a number that grows
  // Pages it takes beyond Work::pages because others share those that its next
  // rows go to: one for a fork, which copies its last page first.
  int32_t copy_pages = 0;
  // The input of an encoder: the first so many tokens are computed in one step
  // together, or none of them, and are so many rows of that step's encoder.
  int32_t whole_tokens = 0;
  int32_t whole_rows = 0;

  int32_t pending() const { return known_tokens - cached_tokens; }
};

struct TenantView {
  uint64_t id = 0;    // process-unique; survives from step to step
  double weight = 1;  // > 0
};

// What the cache already holds of a waiting request that owns no pages.
struct Reuse {
  int32_t tokens = 0;  // cached once it is admitted; < known_tokens
  int32_t pages = 0;   // whole pages among them, taken by reference
  int32_t idle_pages =
      0;               // of these, counted in Snapshot::free_pages till then
  bool waits = false;  // another request is computing more: come back later
};

// Asked for few requests per step, those next in line. Pages that a step is
// going to give up do not count as such yet.
class ReuseLookup {
 public:
  virtual ~ReuseLookup() = default;
  virtual Reuse Look(int32_t index) = 0;
  // The request joins in this decision: those looked at from now on that begin
  // alike should wait for what it computes.
  virtual void Joined(int32_t index) = 0;
};

struct Snapshot {
  std::span<const RequestView> requests;  // in order of arrival
  std::span<const TenantView> tenants;
  int32_t free_pages = 0;       // available: free, or idle in the prefix index
  int32_t free_swap_pages = 0;  // in host memory
  int64_t now_ns = 0;
  ReuseLookup* reuse = nullptr;     // may be null: nothing is reused
  const CostModel* cost = nullptr;  // may be null: nothing is known
};

// Rows of one request in the step. `pages` is how many it must hold for them;
// a request that joins holds what it reuses or brings back from swap among
// them.
struct Work {
  int32_t index = 0;  // into Snapshot::requests
  int32_t rows = 0;
  int32_t pages = 0;
};

struct Preemption {
  int32_t index = 0;
  bool swap = false;  // its pages go to host memory; else it computes again
};

struct Decision {
  // Requests that lose their pages and wait again; apply before `work`.
  std::vector<Preemption> preempt;
  std::vector<Work> work;
  // Rows of prompts that wait because of Limits::stall_factor.
  int32_t held_rows = 0;
  void Clear() {
    preempt.clear();
    work.clear();
    held_rows = 0;
  }
};

// Who goes first. One policy is one small file. Deterministic, one thread at a
// time; it keeps what it must remember, such as the work that each tenant got.
class Policy {
 public:
  virtual ~Policy() = default;
  // The waiting requests of `snapshot` (not admitted, not paused) in the order
  // in which they should be admitted, the first `most` of them at least.
  virtual void Rank(const Snapshot& snapshot, const Limits& limits,
                    int32_t most, std::vector<int32_t>* order) = 0;
  // `rows` tokens of work are done for a tenant. Scheduler::Decide calls it for
  // what it decides, also if the step then fails: the work was done.
  virtual void Charge(const Snapshot& snapshot, int32_t tenant, int32_t rows) {}
};

}  // namespace inlay::scheduler

#endif  // INLAY_SCHEDULER_POLICY_H_
