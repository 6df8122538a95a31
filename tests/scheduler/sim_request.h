// A request of the simulator.
#ifndef INLAY_TESTS_SCHEDULER_SIM_REQUEST_H_
#define INLAY_TESTS_SCHEDULER_SIM_REQUEST_H_

#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include "cpp/cache/page_cache.h"
#include "cpp/scheduler/policy.h"

namespace inlay::scheduler {

struct SimRequest {
  uint64_t id = 0;
  RequestView view;             // what the scheduler sees; kept up to date
  std::vector<int32_t> tokens;  // known ones
  // What the cache has to hold at each position: it depends on all tokens up
  // to there, as keys and values do.
  std::vector<uint32_t> prints;
  int32_t total = 0;  // it ends with so many tokens
  cache::PageTable table;
  std::vector<uint32_t> swapped;  // what the pages held that were moved out
  std::string_view domain;
  bool was_paused = false;  // ever
  bool joined = false;      // in this step
  bool ended = false;

  void Add(int32_t token) {
    const uint32_t before =
        prints.empty() ? static_cast<uint32_t>(domain[0]) : prints.back();
    tokens.push_back(token);
    prints.push_back((before ^ static_cast<uint32_t>(token)) * 0x9e3779b1u + 1);
    view.known_tokens = static_cast<int32_t>(tokens.size());
  }
  std::span<const int32_t> First(int32_t count) const {
    return std::span(tokens).first(static_cast<size_t>(count));
  }
};

}  // namespace inlay::scheduler

#endif  // INLAY_TESTS_SCHEDULER_SIM_REQUEST_H_
