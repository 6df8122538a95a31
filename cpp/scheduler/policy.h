// What a scheduler sees and what it decides: plain values, no clock, no I/O.
#ifndef INLAY_SCHEDULER_POLICY_H_
#define INLAY_SCHEDULER_POLICY_H_

#include <cstdint>
#include <span>
#include <vector>

namespace inlay::scheduler {

// Fixed for the life of an engine.
struct Limits {
  int32_t max_concurrency = 1;  // requests in one step
  int32_t max_step_tokens = 1;  // rows of one step; >= max_concurrency
  int32_t page_tokens = 1;
};

// One request as the scheduler sees it. Its tokens that are known but not yet
// cached are what it has to compute: one for a decode, many for a prompt, and
// prompt and generated ones alike after a preemption.
struct RequestView {
  int32_t known_tokens = 0;   // prompt and generated
  int32_t cached_tokens = 0;  // the first of these, in the cache
  int32_t pages = 0;          // held
  bool admitted = false;      // may hold pages; else it waits in the queue
  bool paused = false;        // its consumer is slow

  int32_t pending() const { return known_tokens - cached_tokens; }
};

struct Snapshot {
  std::span<const RequestView> requests;  // in order of arrival
  int32_t free_pages = 0;
};

// Rows of one request in the step. `pages` is how many it must hold for them.
struct Work {
  int32_t index = 0;  // into Snapshot::requests
  int32_t rows = 0;
  int32_t pages = 0;
};

struct Decision {
  // Requests that lose their pages and wait again; apply before `work`.
  std::vector<int32_t> preempt;
  std::vector<Work> work;
  void Clear() {
    preempt.clear();
    work.clear();
  }
};

// One policy is one small file. Decide is deterministic, and its decision can
// always be carried out: the pages of `work` are free after `preempt`.
class Policy {
 public:
  virtual ~Policy() = default;
  virtual void Decide(const Snapshot& snapshot, const Limits& limits,
                      Decision* decision) = 0;
};

}  // namespace inlay::scheduler

#endif  // INLAY_SCHEDULER_POLICY_H_
