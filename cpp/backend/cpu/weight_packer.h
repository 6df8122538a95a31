// Brings weights from the file into the places that LayOutWeights chose.
#ifndef INLAY_BACKEND_CPU_WEIGHT_PACKER_H_
#define INLAY_BACKEND_CPU_WEIGHT_PACKER_H_

#include <cstdint>
#include <memory>

#include "cpp/backend/cpu/weight_layout.h"
#include "cpp/base/memory.h"
#include "cpp/base/progress.h"
#include "cpp/base/thread_pool.h"

namespace inlay::backend::cpu {

// Fills `block` (layout.bytes, zeroed) on all threads. Reports stage "pack" in
// bytes of the file; file pages that were read are given back to the system.
Status PackWeights(const formats::ModelFile& file, const model::Plan& plan,
                   const WeightLayout& layout,
                   const std::shared_ptr<MemoryPool>& pool, ThreadPool* threads,
                   const Progress& progress, uint8_t* block);

}  // namespace inlay::backend::cpu

#endif  // INLAY_BACKEND_CPU_WEIGHT_PACKER_H_
