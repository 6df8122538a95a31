// Classes first, then the tenants' shares.
#ifndef INLAY_SCHEDULER_FAIR_H_
#define INLAY_SCHEDULER_FAIR_H_

#include <cstdint>
#include <vector>

#include "cpp/scheduler/policy.h"
#include "cpp/scheduler/ranking.h"

namespace inlay::scheduler {

// The highest class first (with ageing); within a class, the tenant that got
// the least work for its weight; within a tenant, the earliest deadline, then
// the order of arrival.
//
// Shares follow start-time fair queueing (Goyal, Vin, Cheng 1996): a tenant's
// virtual time grows by tokens / weight, and the least goes first. A tenant
// that had nothing waiting rejoins at the virtual time of those that had: what
// it did not use is gone, what it overdrew is not. When nobody waits, all
// start anew.
//
// Bound: that of PriorityPolicy; and while two tenants always have requests
// waiting in one class, their work in proportion to their weights differs by
// no more than what the requests admitted at one time can do.
class FairPolicy final : public Policy {
 public:
  void Rank(const Snapshot& snapshot, const Limits& limits, int32_t most,
            std::vector<int32_t>* order) override;
  void Charge(const Snapshot& snapshot, int32_t tenant, int32_t rows) override;

 private:
  struct Account {
    uint64_t tenant_id = 0;
    double virtual_time = 0;
    uint64_t waited = 0;  // the last round in which it had requests waiting
  };
  // The waiting requests of one tenant: entries_[begin, end), a heap.
  struct Line {
    int32_t tenant = 0;
    double weight = 1;
    double virtual_time = 0;  // runs ahead with each request picked
    int32_t count = 0;
    int32_t begin = 0;
    int32_t end = 0;
  };
  struct Mark {
    uint64_t round = 0;  // in which `line` was set
    int32_t line = 0;
  };

  Account& AccountOf(uint64_t tenant_id);
  void FindLines(const Snapshot& snapshot);
  void StartVirtualTimes(const Snapshot& snapshot);
  void FillLines(const Snapshot& snapshot, const Limits& limits);
  bool GoesAfter(int32_t line, int32_t other) const;
  void Pick(const Snapshot& snapshot, std::vector<int32_t>* order);
  void ForgetAbsent(const Snapshot& snapshot);

  std::vector<Account> accounts_;  // by tenant_id
  double virtual_time_ = 0;        // of the system; never falls
  uint64_t round_ = 0;             // calls of Rank

  std::vector<Mark> marks_;  // by index of the tenant
  // Only within one Rank.
  std::vector<Line> lines_;
  std::vector<Candidate> entries_;
  std::vector<int32_t> heap_;  // lines, the first in front
};

}  // namespace inlay::scheduler

#endif  // INLAY_SCHEDULER_FAIR_H_
