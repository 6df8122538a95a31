#include "cpp/model/alibi.h"

#include <bit>
#include <cmath>

namespace inlay::model {

std::vector<float> AlibiSlopes(int32_t heads, float bias_max, float scale) {
  const auto power =
      static_cast<int32_t>(std::bit_floor(static_cast<uint32_t>(heads)));
  std::vector<float> slopes;
  for (int32_t head = 0; head < heads; ++head) {
    const double part = head < power
                            ? (head + 1.0) / power
                            : (2.0 * (head - power) + 1.0) / (2.0 * power);
    slopes.push_back(
        static_cast<float>(std::exp2(-double{bias_max} * part) * scale));
  }
  return slopes;
}

}  // namespace inlay::model
