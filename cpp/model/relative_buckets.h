// Buckets of relative positions.
#ifndef INLAY_MODEL_RELATIVE_BUCKETS_H_
#define INLAY_MODEL_RELATIVE_BUCKETS_H_

#include <cstdint>
#include <vector>

namespace inlay::model {

// The bucket of each distance from -span to span, span being `distance`, from
// which on all are in the last bucket (Raffel et al., 2020, section 2.1): half
// of the buckets hold one distance each, the others logarithmically more.
// Bidirectional: half of them are for keys behind the row; else such keys are
// in bucket 0. `count` in 4..256, `distance` above count / 2.
std::vector<uint8_t> RelativeBuckets(int32_t count, int32_t distance,
                                     bool bidirectional);

}  // namespace inlay::model

#endif  // INLAY_MODEL_RELATIVE_BUCKETS_H_
