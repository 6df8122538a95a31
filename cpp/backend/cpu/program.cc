#include "cpp/backend/cpu/program.h"

#include <algorithm>
#include <variant>

#include "cpp/backend/cpu/operations.h"

namespace inlay::backend::cpu {
namespace {

using model::SlotId;

// The slot that a product reads, or -1.
SlotId ProductInput(const model::Op& op) {
  if (const auto* linear = std::get_if<model::LinearOp>(&op)) return linear->in;
  if (const auto* head = std::get_if<model::HeadOp>(&op)) return head->in;
  return -1;
}

bool Reads(const model::Op& op, SlotId slot) {
  struct Visitor {
    SlotId slot;
    bool operator()(const model::EmbedOp&) { return false; }
    bool operator()(const model::NormOp& o) { return o.in == slot; }
    bool operator()(const model::HeadNormOp& o) { return o.slot == slot; }
    bool operator()(const model::AddOp& o) {
      return o.in == slot || o.out == slot || o.gate_in == slot;
    }
    bool operator()(const model::MoeOp& o) {
      return o.in == slot || o.out == slot;
    }
    bool operator()(const model::LinearOp& o) {
      return o.in == slot || (o.residual && o.out == slot);
    }
    bool operator()(const model::RopeAppendOp& o) { return o.qkv == slot; }
    bool operator()(const model::AttentionOp& o) { return o.qkv == slot; }
    bool operator()(const model::SelectRowsOp& o) { return o.in == slot; }
    bool operator()(const model::HeadOp& o) { return o.in == slot; }
    bool operator()(const model::PoolOp& o) { return o.in == slot; }
  };
  return std::visit(Visitor{slot}, op);
}

bool Writes(const model::Op& op, SlotId slot) {
  struct Visitor {
    SlotId slot;
    bool operator()(const model::EmbedOp& o) { return o.out == slot; }
    bool operator()(const model::NormOp& o) { return o.out == slot; }
    bool operator()(const model::HeadNormOp&) { return false; }
    bool operator()(const model::AddOp&) { return false; }
    bool operator()(const model::MoeOp&) { return false; }
    bool operator()(const model::LinearOp& o) {
      return o.out == slot && !o.residual;
    }
    bool operator()(const model::RopeAppendOp&) { return false; }
    bool operator()(const model::AttentionOp& o) { return o.out == slot; }
    bool operator()(const model::SelectRowsOp& o) { return o.out == slot; }
    bool operator()(const model::HeadOp&) { return false; }
    bool operator()(const model::PoolOp& o) { return o.out == slot; }
  };
  return std::visit(Visitor{slot}, op);
}

// Whether `slot` is read from operation `begin` on, before it is written.
bool IsLive(const model::Plan& plan, size_t begin, SlotId slot) {
  for (size_t i = begin; i < plan.ops.size(); ++i) {
    if (Reads(plan.ops[i], slot)) return true;
    if (Writes(plan.ops[i], slot)) return false;
  }
  return false;
}

NormStep Resolve(const CpuWeights& weights, const model::NormOp& op) {
  return {.used = true,
          .in = op.in,
          .kind = op.kind,
          .epsilon = op.epsilon,
          .weight = weights.vector(op.weight),
          .bias = weights.vector(op.bias)};
}
NormStep Resolve(const CpuWeights& weights, const model::HeadNormOp& op) {
  return {.used = true,
          .in = op.slot,
          .kind = op.kind,
          .epsilon = op.epsilon,
          .weight = weights.vector(op.weight),
          .bias = weights.vector(op.bias)};
}

void ResolveExperts(const CpuWeights& weights, const model::MoeOp& op,
                    Instruction* instruction) {
  instruction->vectors = {weights.vector(op.router_bias),
                          weights.vector(op.selection_bias)};
  std::vector<Matrix>& matrices = instruction->matrices;
  matrices.push_back(weights.matrix(op.router));
  for (const model::MoeOp::Expert& expert : op.experts) {
    ExpertStep step = {.gate = {},
                       .up = weights.matrix(expert.up),
                       .down = weights.matrix(expert.down),
                       .gate_bias = weights.vector(expert.gate_bias),
                       .up_bias = weights.vector(expert.up_bias),
                       .down_bias = weights.vector(expert.down_bias)};
    step.gate = expert.gate < 0 ? step.up : weights.matrix(expert.gate);
    for (const Matrix& matrix : {step.gate, step.up}) {
      if (std::none_of(matrices.begin(), matrices.end(),
                       [&](const Matrix& other) {
                         return other.activation == matrix.activation;
                       })) {
        matrices.push_back(matrix);
      }
    }
    if (expert.gate < 0) step.gate.rows = 0;
    instruction->experts.push_back(step);
  }
}

void ResolveWeights(const CpuWeights& weights, const model::Op& op,
                    Instruction* instruction) {
  if (const auto* linear = std::get_if<model::LinearOp>(&op)) {
    for (size_t i = 0; i < linear->weights.size(); ++i) {
      instruction->matrices.push_back(weights.matrix(linear->weights[i]));
      instruction->biases.push_back(
          linear->biases.empty() ? nullptr : weights.vector(linear->biases[i]));
    }
  } else if (const auto* head = std::get_if<model::HeadOp>(&op)) {
    instruction->matrices.push_back(weights.matrix(head->weight));
    instruction->biases.push_back(weights.vector(head->bias));
  } else if (const auto* rope = std::get_if<model::RopeAppendOp>(&op)) {
    instruction->vectors = {weights.vector(rope->q_norm),
                            weights.vector(rope->k_norm)};
  } else if (const auto* attention = std::get_if<model::AttentionOp>(&op)) {
    instruction->vectors = {weights.vector(attention->sinks),
                            weights.vector(attention->bias)};
  } else if (const auto* add = std::get_if<model::AddOp>(&op)) {
    instruction->vectors = {weights.vector(add->gate)};
  } else if (const auto* moe = std::get_if<model::MoeOp>(&op)) {
    ResolveExperts(weights, *moe, instruction);
  }
}

}  // namespace

std::vector<bool> FindFusedNorms(const model::Plan& plan) {
  std::vector<bool> fused(plan.ops.size(), false);
  for (size_t i = 0; i + 1 < plan.ops.size(); ++i) {
    const auto* norm = std::get_if<model::NormOp>(&plan.ops[i]);
    fused[i] = norm != nullptr && norm->in != norm->out &&
               ProductInput(plan.ops[i + 1]) == norm->out &&
               // The product must not change what the norm reads meanwhile.
               !Writes(plan.ops[i + 1], norm->in) &&
               !Reads(plan.ops[i + 1], norm->in) &&
               !IsLive(plan, i + 2, norm->out);
  }
  return fused;
}

std::vector<Instruction> BuildProgram(const CpuWeights& weights) {
  const model::Plan& plan = weights.plan();
  const std::vector<bool> fused = FindFusedNorms(plan);
  std::vector<Instruction> program;
  program.reserve(plan.ops.size());
  for (size_t i = 0; i < plan.ops.size(); ++i) {
    if (fused[i]) continue;
    const model::Op& op = plan.ops[i];
    Instruction instruction = {.run = FindOperation(op), .op = &op};
    if (i > 0 && fused[i - 1]) {
      instruction.norm =
          Resolve(weights, std::get<model::NormOp>(plan.ops[i - 1]));
    } else if (const auto* norm = std::get_if<model::NormOp>(&op)) {
      instruction.norm = Resolve(weights, *norm);
    } else if (const auto* heads = std::get_if<model::HeadNormOp>(&op)) {
      instruction.norm = Resolve(weights, *heads);
    }
    ResolveWeights(weights, op, &instruction);
    program.push_back(std::move(instruction));
  }
  return program;
}

}  // namespace inlay::backend::cpu
