// Which experts a row goes to, and with what weights.
#ifndef INLAY_BACKEND_CPU_ROUTE_H_
#define INLAY_BACKEND_CPU_ROUTE_H_

#include <cstddef>
#include <cstdint>

#include "cpp/model/plan.h"

namespace inlay::backend::cpu {

inline constexpr int32_t kMaxExperts = 1 << 12;
inline constexpr int32_t kMaxTopK = 64;

// Floats of scratch that a choice among `experts` needs.
inline size_t RouteScratchFloats(size_t experts) { return 3 * experts; }

// Fills top_k distinct entries of `experts`, ascending, and of `weights`, by
// the logits of one row, whatever they are. `selection_bias` may be null.
void Route(const model::MoeOp& op, const float* logits,
           const float* selection_bias, float* scratch, int32_t* experts,
           float* weights);

}  // namespace inlay::backend::cpu

#endif  // INLAY_BACKEND_CPU_ROUTE_H_
