#include "cpp/scheduler/fair.h"

#include <algorithm>
#include <limits>

namespace inlay::scheduler {
namespace {

// Tenants without requests whose accounts are kept.
constexpr size_t kMaxAbsent = 1024;

double WeightOf(const TenantView& tenant) {
  return tenant.weight > 0 ? tenant.weight : 1;
}

}  // namespace

void FairPolicy::Rank(const Snapshot& snapshot, const Limits& limits,
                      int32_t most, std::vector<int32_t>* order) {
  order->clear();
  ++round_;
  FindLines(snapshot);
  if (lines_.empty()) {  // no contention: all start anew
    for (const Account& account : accounts_) {
      virtual_time_ = std::max(virtual_time_, account.virtual_time);
    }
    accounts_.clear();
    return;
  }
  StartVirtualTimes(snapshot);
  FillLines(snapshot, limits);
  const auto after = [this](int32_t a, int32_t b) { return GoesAfter(a, b); };
  heap_.clear();
  for (size_t i = 0; i < lines_.size(); ++i) {
    heap_.push_back(static_cast<int32_t>(i));
  }
  std::make_heap(heap_.begin(), heap_.end(), after);
  while (!heap_.empty() && static_cast<int64_t>(order->size()) < most) {
    std::pop_heap(heap_.begin(), heap_.end(), after);
    Pick(snapshot, order);
    const Line& line = lines_[heap_.back()];
    if (line.begin == line.end) {
      heap_.pop_back();
    } else {
      std::push_heap(heap_.begin(), heap_.end(), after);
    }
  }
  ForgetAbsent(snapshot);
}

void FairPolicy::Charge(const Snapshot& snapshot, int32_t tenant,
                        int32_t rows) {
  const TenantView& view = snapshot.tenants[tenant];
  AccountOf(view.id).virtual_time += rows / WeightOf(view);
}

FairPolicy::Account& FairPolicy::AccountOf(uint64_t tenant_id) {
  const auto it = std::lower_bound(
      accounts_.begin(), accounts_.end(), tenant_id,
      [](const Account& a, uint64_t b) { return a.tenant_id < b; });
  if (it != accounts_.end() && it->tenant_id == tenant_id) return *it;
  return *accounts_.insert(it, {tenant_id, virtual_time_, 0});
}

void FairPolicy::FindLines(const Snapshot& snapshot) {
  lines_.clear();
  if (marks_.size() < snapshot.tenants.size()) {
    marks_.resize(snapshot.tenants.size());
  }
  for (const RequestView& view : snapshot.requests) {
    if (!Waits(view)) continue;
    Mark& mark = marks_[view.tenant];
    if (mark.round != round_) {
      mark = {round_, static_cast<int32_t>(lines_.size())};
      Line& line = lines_.emplace_back();
      line.tenant = view.tenant;
      line.weight = WeightOf(snapshot.tenants[view.tenant]);
    }
    ++lines_[mark.line].count;
  }
}

void FairPolicy::StartVirtualTimes(const Snapshot& snapshot) {
  double least = std::numeric_limits<double>::infinity();
  for (const Line& line : lines_) {
    const Account& account = AccountOf(snapshot.tenants[line.tenant].id);
    if (account.waited + 1 == round_) {
      least = std::min(least, account.virtual_time);
    }
  }
  if (least < std::numeric_limits<double>::infinity()) {
    virtual_time_ = std::max(virtual_time_, least);
  }
  for (Line& line : lines_) {
    Account& account = AccountOf(snapshot.tenants[line.tenant].id);
    if (account.waited + 1 != round_) {
      account.virtual_time = std::max(account.virtual_time, virtual_time_);
    }
    account.waited = round_;
    line.virtual_time = account.virtual_time;
  }
}

void FairPolicy::FillLines(const Snapshot& snapshot, const Limits& limits) {
  int32_t begin = 0;
  for (Line& line : lines_) {
    line.begin = line.end = begin;
    begin += line.count;
  }
  entries_.resize(begin);
  const int32_t count = static_cast<int32_t>(snapshot.requests.size());
  for (int32_t i = 0; i < count; ++i) {
    const RequestView& view = snapshot.requests[i];
    if (!Waits(view)) continue;
    Line& line = lines_[marks_[view.tenant].line];
    entries_[line.end++] = {Overdue(view, snapshot.now_ns, limits),
                            -AgedClass(view, snapshot.now_ns, limits),
                            view.deadline_ns, i};
  }
  for (const Line& line : lines_) {
    // The standard heap has the greatest in front; we want the first.
    std::make_heap(entries_.begin() + line.begin, entries_.begin() + line.end,
                   [](const auto& a, const auto& b) { return b < a; });
  }
}

bool FairPolicy::GoesAfter(int32_t line, int32_t other) const {
  const Candidate& a = entries_[lines_[line].begin];
  const Candidate& b = entries_[lines_[other].begin];
  if (!a.overdue && !b.overdue && a.first == b.first &&
      lines_[line].virtual_time != lines_[other].virtual_time) {
    return lines_[line].virtual_time > lines_[other].virtual_time;
  }
  return b < a;
}

// Takes the first request of the line at the end of heap_.
void FairPolicy::Pick(const Snapshot& snapshot, std::vector<int32_t>* order) {
  Line& line = lines_[heap_.back()];
  const auto begin = entries_.begin() + line.begin;
  const int32_t index = begin->index;
  order->push_back(index);
  const int32_t work = std::max(1, snapshot.requests[index].pending());
  line.virtual_time += work / line.weight;
  // The heap shrinks at its end; keep `begin` where it is.
  std::pop_heap(begin, entries_.begin() + line.end,
                [](const auto& a, const auto& b) { return b < a; });
  --line.end;
}

void FairPolicy::ForgetAbsent(const Snapshot& snapshot) {
  const size_t most = snapshot.tenants.size() + kMaxAbsent;
  if (accounts_.size() <= most) return;
  // Those that overdrew nothing lose nothing.
  std::erase_if(accounts_, [this](const Account& account) {
    return account.waited != round_ && account.virtual_time <= virtual_time_;
  });
  if (accounts_.size() <= most) return;
  std::erase_if(accounts_, [this](const Account& account) {
    return account.waited != round_;
  });
}

}  // namespace inlay::scheduler
