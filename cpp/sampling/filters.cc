#include "cpp/sampling/filters.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace inlay::sampling {
namespace {

constexpr size_t kFirstStep = 64;

double SumOfWeights(const std::vector<Candidate>& items) {
  double sum = 0;
  for (const Candidate& item : items) {
    sum += static_cast<double>(item.weight);
  }
  return sum;
}

// Keeps the shortest beginning, in the order of Precedes, whose mass reaches
// `p`. Sorts no further than needed, in growing steps.
void KeepMass(float p, CandidateSet* set) {
  std::vector<Candidate>& items = *set->items;
  const double wanted = static_cast<double>(p) * set->total;
  double mass = 0;
  size_t kept = 0;
  size_t step = kFirstStep;
  while (kept < items.size() && mass < wanted) {
    const size_t end = kept + std::min(step, items.size() - kept);
    const auto from = items.begin() + kept;
    if (end < items.size()) {
      std::nth_element(from, items.begin() + end, items.end(), Precedes);
    }
    std::sort(from, items.begin() + end, Precedes);
    while (kept < end && mass < wanted) {
      mass += static_cast<double>(items[kept].weight);
      ++kept;
    }
    step *= 4;
  }
  items.resize(kept);
  set->total = mass;
}

}  // namespace

void KeepTypical(float p, CandidateSet* set) {
  const double log_total = std::log(set->total);
  double entropy = 0;
  for (const Candidate& item : *set->items) {
    entropy += static_cast<double>(item.weight) / set->total *
               (log_total - static_cast<double>(item.scaled));
  }
  for (Candidate& item : *set->items) {
    const double information = log_total - static_cast<double>(item.scaled);
    item.value = -static_cast<float>(std::abs(information - entropy));
  }
  KeepMass(p, set);
}

void KeepTopP(float p, CandidateSet* set) {
  for (Candidate& item : *set->items) item.value = item.weight;
  KeepMass(p, set);
}

void KeepMinP(float min_p, CandidateSet* set) {
  std::vector<Candidate>& items = *set->items;
  float largest = 0;
  for (const Candidate& item : items) {
    largest = std::max(largest, item.weight);
  }
  const float floor = min_p * largest;
  std::erase_if(items,
                [floor](const Candidate& item) { return item.weight < floor; });
  set->total = SumOfWeights(items);
}

void KeepXtc(float threshold, CandidateSet* set) {
  std::vector<Candidate>& items = *set->items;
  const double floor = static_cast<double>(threshold) * set->total;
  const auto is_top = [floor](const Candidate& item) {
    return static_cast<double>(item.weight) >= floor;
  };
  const Candidate* last = nullptr;
  for (const Candidate& item : items) {
    if (!is_top(item)) continue;
    if (last == nullptr || item.weight < last->weight ||
        (item.weight == last->weight && item.token > last->token)) {
      last = &item;
    }
  }
  if (last == nullptr) return;
  const int32_t kept = last->token;
  std::erase_if(items, [&](const Candidate& item) {
    return is_top(item) && item.token != kept;
  });
  set->total = SumOfWeights(items);
}

const Candidate& DrawFrom(const CandidateSet& set, double uniform) {
  const double target = uniform * SumOfWeights(*set.items);
  double mass = 0;
  for (const Candidate& item : *set.items) {
    mass += static_cast<double>(item.weight);
    if (mass > target) return item;
  }
  return set.items->back();
}

}  // namespace inlay::sampling
