// Classes first, then the tenants' shares.
#ifndef INLAY_SCHEDULER_FAIR_H_
#define INLAY_SCHEDULER_FAIR_H_

#include <cstdint>
#include <vector>

#include "cpp/scheduler/policy.h"
#include "cpp/scheduler/ranking.h"

namespace inlay::scheduler {

// The highest class first; within a class, the tenant that got the least work
// for its weight; within a tenant, the earliest deadline, then the order of
// arrival.
//
// Ageing raises a class, not a request among its equals, or the tenant that is
// behind by right would catch up by waiting: a lower class whose eldest request
// has aged above the higher ones has that request admitted, and no other.
//
// Shares follow start-time fair queueing (Goyal, Vin, Cheng 1996): a tenant's
// virtual time grows by tokens / weight, and the least goes first. A tenant
// that had nothing waiting rejoins at the virtual time of those that had: what
// it did not use is gone, what it overdrew is not. When nobody waits, all
// start anew.
//
// Bound: one that waits for longer than Limits::starvation_ns goes before all
// that arrived later; the eldest of a class waits for a class higher by n no
// longer than n * Limits::ageing_ns. While two tenants always have requests
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
  // A tenant with requests waiting.
  struct Tenant {
    double weight = 1;
    double virtual_time = 0;  // runs ahead with each request picked
    uint64_t round = 0;       // in which this was set
    uint64_t line_round = 0;  // in which `line` was
    int32_t line = 0;
  };
  // What waits of one tenant in one class: entries_[begin, end), a heap.
  struct Line {
    int32_t tenant = 0;
    int32_t begin = 0;
    int32_t end = 0;
  };
  // What waits in one class: eldest_[begin, end) in order of arrival, and
  // lines_[line_begin, line_end).
  struct Class {
    int32_t priority = 0;
    int32_t begin = 0, end = 0;
    int32_t line_begin = 0, line_end = 0;
  };

  Account& AccountOf(uint64_t tenant_id);
  void FindTenants(const Snapshot& snapshot);
  void FindClasses(const Snapshot& snapshot);
  void FindLines(const Snapshot& snapshot, Class* entry);
  void StartVirtualTimes(const Snapshot& snapshot);
  bool PickNext(const Snapshot& snapshot, const Limits& limits,
                std::vector<int32_t>* order);
  void PickEldest(const Snapshot& snapshot, const Class& from,
                  std::vector<int32_t>* order);
  void PickByShare(const Snapshot& snapshot, const Class& from,
                   std::vector<int32_t>* order);
  void Pick(const Snapshot& snapshot, int32_t index,
            std::vector<int32_t>* order);
  bool SkipPicked(Class* entry) const;
  void ForgetAbsent(const Snapshot& snapshot);

  std::vector<Account> accounts_;  // by tenant_id
  double virtual_time_ = 0;        // of the system; never falls
  uint64_t round_ = 0;             // calls of Rank
  uint64_t line_round_ = 0;        // classes looked at

  std::vector<Tenant> tenants_;  // by index
  // Only within one Rank.
  std::vector<int32_t> present_;  // tenants that have requests waiting
  std::vector<Class> classes_;    // the highest first
  std::vector<int32_t> eldest_;
  std::vector<Line> lines_;
  std::vector<Candidate> entries_;
  std::vector<char> picked_;  // by request
};

}  // namespace inlay::scheduler

#endif  // INLAY_SCHEDULER_FAIR_H_
