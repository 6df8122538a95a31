#include "cpp/model/relative_buckets.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace inlay::model {

std::vector<uint8_t> RelativeBuckets(int32_t count, int32_t distance,
                                     bool bidirectional) {
  const int32_t own = bidirectional ? count / 2 : count;
  const int32_t exact = own / 2;
  // In the precision of the reference: a distance may lie on a border.
  const auto scale = static_cast<float>(
      std::log(static_cast<double>(distance) / static_cast<double>(exact)));
  std::vector<uint8_t> buckets;
  buckets.reserve(static_cast<size_t>(2 * distance + 1));
  for (int32_t d = -distance; d <= distance; ++d) {
    const int32_t first = bidirectional && d > 0 ? own : 0;
    const int32_t far = bidirectional ? std::abs(d) : std::max(0, -d);
    int32_t bucket = far;
    if (far >= exact) {
      const float part =
          std::log(static_cast<float>(far) / static_cast<float>(exact)) /
          scale * static_cast<float>(own - exact);
      bucket = std::min(exact + static_cast<int32_t>(part), own - 1);
    }
    buckets.push_back(static_cast<uint8_t>(first + bucket));
  }
  return buckets;
}

}  // namespace inlay::model
