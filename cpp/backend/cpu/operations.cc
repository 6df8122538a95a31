#include "cpp/backend/cpu/operations.h"

#include <variant>

namespace inlay::backend::cpu {

Operation FindOperation(const model::Op& op) {
  struct Visitor {
    Operation operator()(const model::EmbedOp&) { return RunEmbed; }
    Operation operator()(const model::NormOp&) { return RunNorm; }
    Operation operator()(const model::HeadNormOp&) { return RunHeadNorm; }
    Operation operator()(const model::AddOp&) { return RunAdd; }
    Operation operator()(const model::LinearOp&) { return RunLinear; }
    Operation operator()(const model::MoeOp&) { return RunMoe; }
    Operation operator()(const model::RopeAppendOp&) { return RunRopeAppend; }
    Operation operator()(const model::AttentionOp&) { return RunAttention; }
    Operation operator()(const model::SelectRowsOp&) { return RunSelectRows; }
    Operation operator()(const model::HeadOp&) { return RunHead; }
    Operation operator()(const model::PoolOp&) { return RunPool; }
  };
  return std::visit(Visitor{}, op);
}

}  // namespace inlay::backend::cpu
