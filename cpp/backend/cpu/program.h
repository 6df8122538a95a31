// A Plan made ready for one executor: operations with their weights resolved,
// norms merged into the products that read them.
#ifndef INLAY_BACKEND_CPU_PROGRAM_H_
#define INLAY_BACKEND_CPU_PROGRAM_H_

#include <cstdint>
#include <vector>

#include "cpp/backend/cpu/cpu_weights.h"
#include "cpp/model/plan.h"

namespace inlay::backend::cpu {

class Worker;

// A norm and its vectors.
struct NormStep {
  bool used = false;
  model::SlotId in = 0;
  model::NormKind kind = model::NormKind::kRms;
  float epsilon = 0.0f;
  const float* weight = nullptr;
  const float* bias = nullptr;
};

// The matrices of one expert; no gate if its rows are 0.
struct ExpertStep {
  Matrix gate, up, down;
  const float *gate_bias, *up_bias, *down_bias;
};

struct Instruction {
  void (*run)(Worker& worker, const Instruction& self);
  const model::Op* op;
  NormStep norm;  // of a NormOp or HeadNormOp, or in front of a product
  std::vector<Matrix> matrices;  // of a product
  std::vector<const float*> biases;
  // Of a RopeAppendOp those of its norms, of q and k; of an AttentionOp its
  // sinks and its bias; of an AddOp its gate; of a MoeOp its biases, of the
  // router and of the selection. Null for none.
  std::vector<const float*> vectors;
  // Of a MoeOp, whose `matrices` are the router and one for each format that
  // experts read.
  std::vector<ExpertStep> experts;
};

// For each operation, whether it is a norm that the next operation, a product,
// takes over because nobody else reads its result.
std::vector<bool> FindFusedNorms(const model::Plan& plan);

// Pointers into `weights`, which outlive the program.
std::vector<Instruction> BuildProgram(const CpuWeights& weights);

}  // namespace inlay::backend::cpu

#endif  // INLAY_BACKEND_CPU_PROGRAM_H_
