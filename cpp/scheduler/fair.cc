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

// The standard heap has the greatest in front; we want the first.
bool Later(const Candidate& a, const Candidate& b) { return b < a; }

}  // namespace

void FairPolicy::Rank(const Snapshot& snapshot, const Limits& limits,
                      int32_t most, std::vector<int32_t>* order) {
  order->clear();
  ++round_;
  FindTenants(snapshot);
  if (present_.empty()) {  // no contention: all start anew
    for (const Account& account : accounts_) {
      virtual_time_ = std::max(virtual_time_, account.virtual_time);
    }
    accounts_.clear();
    return;
  }
  StartVirtualTimes(snapshot);
  FindClasses(snapshot);
  while (static_cast<int64_t>(order->size()) < most &&
         PickNext(snapshot, limits, order)) {
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

void FairPolicy::FindTenants(const Snapshot& snapshot) {
  present_.clear();
  tenants_.resize(std::max(tenants_.size(), snapshot.tenants.size()));
  for (const RequestView& view : snapshot.requests) {
    Tenant& tenant = tenants_[view.tenant];
    if (!Waits(view) || tenant.round == round_) continue;
    tenant.round = round_;
    tenant.weight = WeightOf(snapshot.tenants[view.tenant]);
    present_.push_back(view.tenant);
  }
}

void FairPolicy::StartVirtualTimes(const Snapshot& snapshot) {
  double least = std::numeric_limits<double>::infinity();
  for (const int32_t tenant : present_) {
    const Account& account = AccountOf(snapshot.tenants[tenant].id);
    if (account.waited + 1 == round_) {
      least = std::min(least, account.virtual_time);
    }
  }
  if (least < std::numeric_limits<double>::infinity()) {
    virtual_time_ = std::max(virtual_time_, least);
  }
  for (const int32_t tenant : present_) {
    Account& account = AccountOf(snapshot.tenants[tenant].id);
    if (account.waited + 1 != round_) {
      account.virtual_time = std::max(account.virtual_time, virtual_time_);
    }
    account.waited = round_;
    tenants_[tenant].virtual_time = account.virtual_time;
  }
}

void FairPolicy::FindClasses(const Snapshot& snapshot) {
  const int32_t count = static_cast<int32_t>(snapshot.requests.size());
  picked_.assign(snapshot.requests.size(), 0);
  eldest_.clear();
  for (int32_t i = 0; i < count; ++i) {
    if (Waits(snapshot.requests[i])) eldest_.push_back(i);
  }
  const auto higher = [&snapshot](int32_t a, int32_t b) {
    const int32_t x = snapshot.requests[a].priority;
    const int32_t y = snapshot.requests[b].priority;
    return x != y ? x > y : a < b;
  };
  // Most queues are of one class.
  if (!std::is_sorted(eldest_.begin(), eldest_.end(), higher)) {
    std::sort(eldest_.begin(), eldest_.end(), higher);
  }
  classes_.clear();
  lines_.clear();
  entries_.resize(eldest_.size());
  for (int32_t i = 0; i < static_cast<int32_t>(eldest_.size()); ++i) {
    const int32_t priority = snapshot.requests[eldest_[i]].priority;
    if (classes_.empty() || classes_.back().priority != priority) {
      classes_.push_back({.priority = priority, .begin = i});
    }
    classes_.back().end = i + 1;
  }
  for (Class& entry : classes_) FindLines(snapshot, &entry);
}

void FairPolicy::FindLines(const Snapshot& snapshot, Class* entry) {
  ++line_round_;
  entry->line_begin = static_cast<int32_t>(lines_.size());
  for (int32_t i = entry->begin; i < entry->end; ++i) {
    const int32_t index = snapshot.requests[eldest_[i]].tenant;
    Tenant& tenant = tenants_[index];
    if (tenant.line_round != line_round_) {
      tenant.line_round = line_round_;
      tenant.line = static_cast<int32_t>(lines_.size());
      lines_.push_back({.tenant = index});
    }
    ++lines_[tenant.line].end;  // its length, so far
  }
  entry->line_end = static_cast<int32_t>(lines_.size());
  int32_t begin = entry->begin;
  for (int32_t i = entry->line_begin; i < entry->line_end; ++i) {
    const int32_t length = lines_[i].end;
    lines_[i].begin = lines_[i].end = begin;
    begin += length;
  }
  for (int32_t i = entry->begin; i < entry->end; ++i) {
    const RequestView& view = snapshot.requests[eldest_[i]];
    Line& line = lines_[tenants_[view.tenant].line];
    entries_[line.end++] = {.first = view.deadline_ns, .index = eldest_[i]};
  }
  for (int32_t i = entry->line_begin; i < entry->line_end; ++i) {
    std::make_heap(entries_.begin() + lines_[i].begin,
                   entries_.begin() + lines_[i].end, Later);
  }
}

// False if all of it has been picked.
bool FairPolicy::SkipPicked(Class* entry) const {
  while (entry->begin < entry->end && picked_[eldest_[entry->begin]]) {
    ++entry->begin;
  }
  return entry->begin < entry->end;
}

bool FairPolicy::PickNext(const Snapshot& snapshot, const Limits& limits,
                          std::vector<int32_t>* order) {
  const Class* highest = nullptr;
  const Class* aged = nullptr;  // the one whose eldest has aged most
  const Class* eldest = nullptr;
  int64_t most = 0;
  for (Class& entry : classes_) {
    if (!SkipPicked(&entry)) continue;
    const int32_t index = eldest_[entry.begin];
    const int64_t age =
        AgedClass(snapshot.requests[index], snapshot.now_ns, limits);
    if (highest == nullptr) highest = &entry;
    if (aged == nullptr || age > most) {
      aged = &entry;
      most = age;
    }
    if (eldest == nullptr || index < eldest_[eldest->begin]) eldest = &entry;
  }
  if (highest == nullptr) return false;
  if (Overdue(snapshot.requests[eldest_[eldest->begin]], snapshot.now_ns,
              limits)) {
    PickEldest(snapshot, *eldest, order);
  } else if (aged != highest) {
    PickEldest(snapshot, *aged, order);
  } else {
    PickByShare(snapshot, *highest, order);
  }
  return true;
}

void FairPolicy::PickEldest(const Snapshot& snapshot, const Class& from,
                            std::vector<int32_t>* order) {
  Pick(snapshot, eldest_[from.begin], order);
}

void FairPolicy::PickByShare(const Snapshot& snapshot, const Class& from,
                             std::vector<int32_t>* order) {
  const Line* best = nullptr;
  for (int32_t i = from.line_begin; i < from.line_end; ++i) {
    Line& line = lines_[i];
    while (line.begin < line.end && picked_[entries_[line.begin].index]) {
      // The heap shrinks at its end; `begin` stays where it is.
      std::pop_heap(entries_.begin() + line.begin, entries_.begin() + line.end,
                    Later);
      --line.end;
    }
    if (line.begin == line.end) continue;
    if (best == nullptr) {
      best = &line;
      continue;
    }
    const double a = tenants_[line.tenant].virtual_time;
    const double b = tenants_[best->tenant].virtual_time;
    if (a != b ? a < b : entries_[line.begin] < entries_[best->begin]) {
      best = &line;
    }
  }
  Pick(snapshot, entries_[best->begin].index, order);
}

void FairPolicy::Pick(const Snapshot& snapshot, int32_t index,
                      std::vector<int32_t>* order) {
  order->push_back(index);
  picked_[index] = 1;
  const RequestView& view = snapshot.requests[index];
  Tenant& tenant = tenants_[view.tenant];
  tenant.virtual_time += std::max(1, view.pending()) / tenant.weight;
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
