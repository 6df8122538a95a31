// Drives a scheduler and a page cache as an engine does, with a virtual clock
// and an executor that computes nothing but a fingerprint of every position,
// and checks all that must hold after each step.
#ifndef INLAY_TESTS_SCHEDULER_SIMULATOR_H_
#define INLAY_TESTS_SCHEDULER_SIMULATOR_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cpp/cache/page_cache.h"
#include "cpp/scheduler/scheduler.h"
#include "tests/scheduler/sim_random.h"
#include "tests/scheduler/sim_request.h"

namespace inlay::scheduler {

// Chances are per step, in 1/1000.
struct SimConfig {
  uint64_t seed = 1;
  PolicyKind policy = PolicyKind::kFair;
  Limits limits;
  int32_t page_count = 64;
  int32_t swap_pages = 0;
  int32_t context = 96;    // most tokens of one request
  int32_t max_queue = 16;  // live requests; more are not submitted
  int32_t arrivals = 300;  // in 1/1000
  bool keep_full = false;  // always max_queue / tenants live of each tenant
  std::vector<double> weights = {1};  // of the tenants
  int32_t classes = 1;
  bool class_of_tenant = false;  // instead: the index of the tenant
  int32_t short_outputs = 1000;  // requests with one, in 1/1000
  int32_t deadlines = 0;         // requests with one, in 1/1000
  int32_t cancels = 0;
  int32_t pauses = 0;
  int32_t forks = 0;
  int32_t failures = 0;  // steps that fail
  int32_t per_row = 0;   // requests that want logits of every row, in 1/1000
  int32_t wholes = 0;    // requests with an encoder's input, in 1/1000
  bool reuse = true;     // prefixes are shared
};

class Simulator final : public ReuseLookup {
 public:
  explicit Simulator(const SimConfig& config);
  // One step; false once something does not hold, and `fault` says what.
  bool Step();
  // No more arrivals; runs until all have ended and everything is given back.
  bool Drain(int64_t most_steps);
  const std::string& fault() const { return fault_; }

  struct Totals {
    int64_t steps = 0, submitted = 0, finished = 0, cancelled = 0, expired = 0;
    int64_t recomputed = 0, swapped = 0, failed_steps = 0, reused_tokens = 0;
    int64_t rows = 0, longest_wait_ns = 0, forks = 0, passed_over = 0;
    int64_t wholes = 0;
  };
  const Totals& totals() const { return totals_; }
  // Since the oldest live request arrived.
  int64_t oldest_ns() const {
    return live_.empty() ? 0 : now_ns_ - live_.front()->view.arrival_ns;
  }
  const std::vector<int64_t>& tenant_rows() const { return tenant_rows_; }

  // ReuseLookup.
  Reuse Look(int32_t index) override;
  void Joined(int32_t index) override;

 private:
  // What happens outside: sim_events.cc.
  void Arrive();
  void Submit(int32_t tenant);
  void Disturb();
  void Fork(size_t parent);
  void End(size_t index);
  void ExpireDeadlines();

  // The step: sim_step.cc.
  void TakeSnapshot();
  bool Apply();
  void Preempt(SimRequest& request, bool swap);
  bool Join(SimRequest& request);
  bool Reserve(SimRequest& request, const Work& work, int32_t* rows);
  void CopyPages();
  bool Execute();
  void Commit();
  void RollBack();

  // What must hold: sim_check.cc.
  bool CheckDecision();
  bool CheckWork(const Work& work);
  bool CheckOrder();
  bool GoesBefore(int32_t a, int32_t b) const;
  bool CheckProgress();
  bool CheckPages();
  bool CountHolders();
  bool Fail(const std::string& what);

  uint32_t& Content(int32_t page, int32_t slot) {
    return content_[static_cast<size_t>(page) * config_.limits.page_tokens +
                    slot];
  }

  const SimConfig config_;
  Scheduler scheduler_;
  cache::PageCache cache_;
  CostModel cost_;
  SimRandom random_;
  int64_t now_ns_ = 0;
  int32_t swap_used_ = 0;
  uint64_t next_id_ = 1;
  uint64_t admissions_ = 0;
  bool draining_ = false;
  std::vector<uint32_t> content_;  // fingerprint of every place in the cache
  std::vector<std::unique_ptr<SimRequest>> live_;  // in order of arrival
  std::vector<std::unique_ptr<SimRequest>> spare_;
  std::vector<TenantView> tenants_;
  std::vector<int32_t> live_of_tenant_;

  // Of one step.
  std::vector<RequestView> views_;
  Decision decision_;
  std::vector<uint8_t> passed_over_;
  std::vector<uint8_t> marks_;
  std::vector<int32_t> rows_;  // of decision_.work, as carried out
  std::vector<cache::PageCopy> copies_;
  std::vector<int32_t> holders_;  // by page
  StepSize size_;
  std::vector<size_t> ended_;

  int32_t idle_steps_ = 0;  // in a row, though there was something to do
  Totals totals_;
  std::vector<int64_t> tenant_rows_;
  std::string fault_;
};

}  // namespace inlay::scheduler

#endif  // INLAY_TESTS_SCHEDULER_SIMULATOR_H_
