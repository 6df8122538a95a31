// The scales of FP8 pages, found by one small step before the first append.
//
// The step runs up to 32 fixed pseudo-random tokens from position 0 over pages
// in F32. The scale of a layer's head, for keys and for values, is the power of
// two with which four times the largest magnitude seen there is the first to
// fit below 448; 1 if all were zero or one was not finite. It depends on the
// model and on the recipe of its products alone.
#ifndef INLAY_BACKEND_CPU_KV_PROBE_H_
#define INLAY_BACKEND_CPU_KV_PROBE_H_

#include <cstdint>
#include <vector>

#include "cpp/backend/backend.h"
#include "cpp/base/status.h"

namespace inlay::backend::cpu {

class CpuExecutor;

// Of the executor that runs the probe, with at most `max_rows` rows in a step.
// A model with learned positions has `max_positions` of them, others 0.
ExecutorOptions KvProbeOptions(int32_t max_rows, int32_t max_positions);

// For each layer the scales of the keys of each head, then of the values.
StatusOr<std::vector<float>> ProbeKvScales(CpuExecutor& executor,
                                           int32_t vocabulary_size);

// See above; `magnitude` is not negative.
float Fp8Scale(float magnitude);

}  // namespace inlay::backend::cpu

#endif  // INLAY_BACKEND_CPU_KV_PROBE_H_
