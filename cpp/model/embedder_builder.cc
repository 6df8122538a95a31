#include "cpp/model/embedder_builder.h"

#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cpp/model/plan_builder.h"

namespace inlay::model {
namespace {

// From the selection of rows on: norms of all rows, and then a pool.
StatusOr<std::vector<Op>> WithPool(const Plan& plan) {
  std::vector<Op> ops;
  std::optional<SelectRowsOp> selected;
  for (const Op& op : plan.ops) {
    if (const auto* select = std::get_if<SelectRowsOp>(&op)) {
      selected = *select;
    } else if (!selected.has_value()) {
      ops.push_back(op);
    } else if (const auto* norm = std::get_if<NormOp>(&op)) {
      NormOp all = *norm;
      if (all.in == selected->out) all.in = selected->in;
      ops.push_back(all);
    } else if (const auto* head = std::get_if<HeadOp>(&op)) {
      ops.push_back(
          PoolOp{.in = head->in == selected->out ? selected->in : head->in});
    } else {
      return absl::UnimplementedError(
          absl::StrCat("architecture ", plan.architecture,
                       " has no vectors that could be taken from it"));
    }
  }
  return ops;
}

// Some models that embed are decoders whose tokens all see each other.
Status CheckCausal(const formats::ModelFile& file) {
  for (const char* key : {"is_causal", "use_bidirectional_attention"}) {
    const auto* value = file.Find(key);
    const auto* flag = value == nullptr ? nullptr : std::get_if<bool>(value);
    if (flag == nullptr || *flag == (std::string_view(key) == "is_causal")) {
      continue;
    }
    return absl::UnimplementedError(
        absl::StrCat("metadata key ", key, " = ", *flag ? "true" : "false",
                     ": decoders embed with causal attention alone"));
  }
  return OkStatus();
}

}  // namespace

StatusOr<std::shared_ptr<const Plan>> BuildEmbedderPlan(
    const architectures::Architecture& architecture,
    Hyperparameters hyperparameters, const formats::ModelFile& file) {
  INLAY_RETURN_IF_ERROR(CheckCausal(file));
  // The head is not computed, so any will do.
  hyperparameters.tied_embeddings = true;
  INLAY_ASSIGN_OR_RETURN(const std::shared_ptr<const Plan> decoder,
                         BuildPlan(architecture, hyperparameters, file));
  auto plan = std::make_shared<Plan>(*decoder);
  INLAY_ASSIGN_OR_RETURN(plan->ops, WithPool(*decoder));
  plan->encoder = true;
  return std::shared_ptr<const Plan>(std::move(plan));
}

}  // namespace inlay::model
