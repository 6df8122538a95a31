// Where each weight of a Plan will live and in which form. Pure: the estimate
// and the loader ask the same function, so that they cannot disagree.
#ifndef INLAY_BACKEND_CPU_WEIGHT_LAYOUT_H_
#define INLAY_BACKEND_CPU_WEIGHT_LAYOUT_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cpp/base/status.h"
#include "cpp/formats/model_file.h"
#include "cpp/model/plan.h"
#include "kernels/cpu/linear.h"

namespace inlay::backend::cpu {

inline constexpr uint64_t kAlignment = 64;

// One weight's place. Offsets are into the block of all weights.
struct WeightPlace {
  // As the matrix of a product.
  bool matrix = false;
  kernels::cpu::LinearRecipe recipe = {};
  int32_t shares_with = -1;  // an earlier weight with the same packed bytes
  uint64_t packed_offset = 0;
  uint64_t packed_bytes = 0;
  // As a table of rows (embeddings).
  bool lookup = false;
  int32_t lookup_in = -1;  // the matrix that already holds the rows
  bool copied = false;     // the file's bytes are copied (no mapping)
  uint64_t copy_offset = 0;
  // As a vector of floats (norm weights, biases).
  bool vector = false;
  uint64_t vector_offset = 0;

  uint64_t source_offset = 0;  // in the file, of the slice
  uint64_t source_bytes = 0;
  uint64_t row_bytes = 0;
};

struct WeightLayout {
  kernels::cpu::Isa isa = kernels::cpu::Isa::kReference;
  std::vector<WeightPlace> places;  // one per Plan weight
  uint64_t bytes = 0;               // of the block
  uint64_t mapped_bytes = 0;        // of the mapping, read while running
  bool all_f32 = true;              // every matrix is stored as F32
  std::string recipe;
};

// What an instruction set is wanted for. Some need the system's permission,
// which is asked for only to run.
enum class IsaUse { kEstimate, kRun };

// "auto", the best that this process may use, or a name of kIsas.
StatusOr<kernels::cpu::Isa> ParseIsa(std::string_view name, IsaUse use);

// Also checks every weight against its tensor.
StatusOr<WeightLayout> LayOutWeights(const formats::ModelFile& file,
                                     const model::Plan& plan,
                                     kernels::cpu::Isa isa, bool in_place);

}  // namespace inlay::backend::cpu

#endif  // INLAY_BACKEND_CPU_WEIGHT_LAYOUT_H_
