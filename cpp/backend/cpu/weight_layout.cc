#include "cpp/backend/cpu/weight_layout.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cpp/base/checked.h"
#include "cpp/base/os_amx.h"
#include "kernels/common/dtype.h"

namespace inlay::backend::cpu {
namespace {

using kernels::cpu::Isa;
using kernels::cpu::PackedFormat;
using model::WeightId;

std::string_view FormatName(PackedFormat format) {
  switch (format) {
    case PackedFormat::kRaw:
      return "as stored";
    case PackedFormat::kF32:
      return "f32";
    case PackedFormat::kF16:
      return "f16";
    case PackedFormat::kBF16:
    case PackedFormat::kBF16Pairs:
      return "bf16";
    case PackedFormat::kQ8:
      return "8 bits with scales by 32";
    case PackedFormat::kQ6:
    case PackedFormat::kQ6Min:
    case PackedFormat::kK6Min:
      return "6 bits with scales by 32";
    case PackedFormat::kQ4:
    case PackedFormat::kQ4Min:
    case PackedFormat::kQ4Lut:
    case PackedFormat::kQ4Fp:
    case PackedFormat::kK4Min:
    case PackedFormat::kK4Lut:
      return "4 bits with scales by 32";
    case PackedFormat::kK6:
      return "6 bits with scales by 16";
    case PackedFormat::kK4:
      return "4 bits with scales by 16";
    case PackedFormat::kK2Min:
      return "2 bits with scales by 16";
  }
  return "?";
}

std::string_view ActivationName(kernels::cpu::ActivationFormat format) {
  switch (format) {
    case kernels::cpu::ActivationFormat::kF32:
      return "f32";
    case kernels::cpu::ActivationFormat::kInt8x32:
      return "int8 blocks of 32";
    case kernels::cpu::ActivationFormat::kBF16:
      return "bf16";
  }
  return "?";
}

class Layouter {
 public:
  Layouter(const formats::ModelFile& file, const model::Plan& plan, Isa isa,
           bool in_place)
      : file_(file),
        plan_(plan),
        in_place_(in_place),
        mapped_(!file.source().Mapped().empty()) {
    layout_.isa = isa;
    layout_.places.resize(plan.weights.size());
  }

  StatusOr<WeightLayout> Run() {
    if (in_place_ && !mapped_) {
      return absl::FailedPreconditionError(
          absl::StrCat("cannot run in place from '", file_.source().name(),
                       "': it is not mapped into memory"));
    }
    for (size_t i = 0; i < plan_.weights.size(); ++i) {
      INLAY_RETURN_IF_ERROR(Locate(plan_.weights[i], &layout_.places[i]));
    }
    for (const model::Op& op : plan_.ops) INLAY_RETURN_IF_ERROR(MarkUses(op));
    for (size_t i = 0; i < layout_.places.size(); ++i) {
      if (layout_.places[i].matrix) INLAY_RETURN_IF_ERROR(PlaceMatrix(i));
    }
    for (size_t i = 0; i < layout_.places.size(); ++i) {
      WeightPlace& place = layout_.places[i];
      if (place.vector) {
        INLAY_RETURN_IF_ERROR(
            Take(Elements(i) * sizeof(float), &place.vector_offset));
      }
      if (place.lookup) INLAY_RETURN_IF_ERROR(PlaceTable(i));
    }
    layout_.recipe = absl::StrCat(kernels::cpu::IsaName(layout_.isa), ": ",
                                  absl::StrJoin(recipes_, ", "));
    return std::move(layout_);
  }

 private:
  // Fits, because the weight's bytes in the file do.
  uint64_t Elements(size_t i) const {
    return static_cast<uint64_t>(plan_.weights[i].rows) *
           static_cast<uint64_t>(plan_.weights[i].columns);
  }

  // The bytes of the weight's rows inside the file.
  Status Locate(const model::Weight& weight, WeightPlace* place) const {
    const formats::TensorInfo* tensor = weight.tensor;
    if (tensor == nullptr || weight.rows < 1 || weight.columns < 1 ||
        weight.row_offset < 0 || weight.columns != tensor->columns() ||
        weight.row_offset > tensor->rows() - weight.rows) {
      return absl::InternalError(
          absl::StrCat("weight ", weight.name, " does not fit its tensor"));
    }
    const kernels::DTypeInfo& type = kernels::GetDTypeInfo(tensor->type);
    if (!type.computable || weight.columns % type.block_elements != 0) {
      return absl::UnimplementedError(absl::StrCat(
          "tensor ", weight.name, " of type ", type.name, " with rows of ",
          weight.columns, " elements cannot be computed with"));
    }
    place->row_bytes =
        static_cast<uint64_t>(weight.columns / type.block_elements) *
        static_cast<uint64_t>(type.block_bytes);
    place->source_bytes = place->row_bytes * static_cast<uint64_t>(weight.rows);
    place->source_offset =
        tensor->offset +
        place->row_bytes * static_cast<uint64_t>(weight.row_offset);
    if (place->source_offset + place->source_bytes >
        tensor->offset + tensor->bytes) {
      return absl::InternalError(
          absl::StrCat("weight ", weight.name, " ends beyond its tensor"));
    }
    return OkStatus();
  }

  Status Mark(WeightId id, bool WeightPlace::*use) {
    if (id == -1) return OkStatus();
    if (id < 0 || static_cast<size_t>(id) >= layout_.places.size()) {
      return absl::InternalError(
          absl::StrCat("no weight ", id, " in the plan"));
    }
    layout_.places[static_cast<size_t>(id)].*use = true;
    return OkStatus();
  }

  Status MarkExperts(const model::MoeOp& op) {
    INLAY_RETURN_IF_ERROR(Mark(op.router, &WeightPlace::matrix));
    INLAY_RETURN_IF_ERROR(Mark(op.router_bias, &WeightPlace::vector));
    INLAY_RETURN_IF_ERROR(Mark(op.selection_bias, &WeightPlace::vector));
    for (const model::MoeOp::Expert& expert : op.experts) {
      for (WeightId id : {expert.gate, expert.up, expert.down}) {
        INLAY_RETURN_IF_ERROR(Mark(id, &WeightPlace::matrix));
      }
      for (WeightId id : {expert.gate_bias, expert.up_bias, expert.down_bias}) {
        INLAY_RETURN_IF_ERROR(Mark(id, &WeightPlace::vector));
      }
    }
    return OkStatus();
  }

  Status MarkUses(const model::Op& op) {
    if (const auto* embed = std::get_if<model::EmbedOp>(&op)) {
      INLAY_RETURN_IF_ERROR(Mark(embed->table, &WeightPlace::lookup));
      INLAY_RETURN_IF_ERROR(Mark(embed->types, &WeightPlace::lookup));
      return Mark(embed->positions, &WeightPlace::lookup);
    }
    if (const auto* norm = std::get_if<model::NormOp>(&op)) {
      INLAY_RETURN_IF_ERROR(Mark(norm->weight, &WeightPlace::vector));
      return Mark(norm->bias, &WeightPlace::vector);
    }
    if (const auto* heads = std::get_if<model::HeadNormOp>(&op)) {
      INLAY_RETURN_IF_ERROR(Mark(heads->weight, &WeightPlace::vector));
      return Mark(heads->bias, &WeightPlace::vector);
    }
    if (const auto* add = std::get_if<model::AddOp>(&op)) {
      return Mark(add->gate, &WeightPlace::vector);
    }
    if (const auto* moe = std::get_if<model::MoeOp>(&op)) {
      return MarkExperts(*moe);
    }
    if (const auto* rope = std::get_if<model::RopeAppendOp>(&op)) {
      INLAY_RETURN_IF_ERROR(Mark(rope->q_norm, &WeightPlace::vector));
      return Mark(rope->k_norm, &WeightPlace::vector);
    }
    if (const auto* attention = std::get_if<model::AttentionOp>(&op)) {
      INLAY_RETURN_IF_ERROR(Mark(attention->bias, &WeightPlace::vector));
      return Mark(attention->sinks, &WeightPlace::vector);
    }
    if (const auto* linear = std::get_if<model::LinearOp>(&op)) {
      for (WeightId id : linear->weights) {
        INLAY_RETURN_IF_ERROR(Mark(id, &WeightPlace::matrix));
      }
      for (WeightId id : linear->biases) {
        INLAY_RETURN_IF_ERROR(Mark(id, &WeightPlace::vector));
      }
      return OkStatus();
    }
    if (const auto* head = std::get_if<model::HeadOp>(&op)) {
      INLAY_RETURN_IF_ERROR(Mark(head->weight, &WeightPlace::matrix));
      return Mark(head->bias, &WeightPlace::vector);
    }
    return OkStatus();
  }

  // An aligned piece of the block.
  Status Take(uint64_t bytes, uint64_t* offset) {
    *offset = layout_.bytes;
    uint64_t end = 0;
    if (!CheckedAdd(layout_.bytes, bytes, &end) ||
        !CheckedAlignUp(end, kAlignment, &layout_.bytes)) {
      return absl::ResourceExhaustedError("the weights exceed 64-bit sizes");
    }
    return OkStatus();
  }

  bool SameSlice(const WeightPlace& a, const WeightPlace& b) const {
    return a.source_offset == b.source_offset &&
           a.source_bytes == b.source_bytes && a.row_bytes == b.row_bytes;
  }

  Status PlaceMatrix(size_t i) {
    WeightPlace& place = layout_.places[i];
    const model::Weight& weight = plan_.weights[i];
    const kernels::DType type = weight.tensor->type;
    place.recipe = kernels::cpu::SelectRecipe(layout_.isa, type, weight.columns,
                                              in_place_);
    if (type != kernels::DType::kF32) layout_.all_f32 = false;
    recipes_.insert(absl::StrCat(kernels::GetDTypeInfo(type).name, " in ",
                                 FormatName(place.recipe.packed), " x ",
                                 ActivationName(place.recipe.activation)));
    const auto [first, is_new] = slices_.try_emplace(
        {place.source_offset, place.source_bytes, place.row_bytes},
        static_cast<int32_t>(i));
    if (!is_new) {
      place.shares_with = first->second;
      return OkStatus();
    }
    if (place.recipe.packed == PackedFormat::kRaw) return KeepRaw(&place);
    place.packed_bytes = kernels::cpu::PackedBytes(
        layout_.isa, place.recipe.packed, weight.rows, weight.columns);
    return Take(place.packed_bytes, &place.packed_offset);
  }

  // The file's own bytes, from the mapping or copied.
  Status KeepRaw(WeightPlace* place) {
    if (mapped_) {
      layout_.mapped_bytes += place->source_bytes;
      return OkStatus();
    }
    place->copied = true;
    return Take(place->source_bytes, &place->copy_offset);
  }

  Status PlaceTable(size_t i) {
    WeightPlace& place = layout_.places[i];
    for (size_t j = 0; j < layout_.places.size(); ++j) {
      const WeightPlace& other = layout_.places[j];
      if (other.matrix && other.shares_with < 0 && SameSlice(other, place)) {
        place.lookup_in = static_cast<int32_t>(j);
        return OkStatus();
      }
    }
    return KeepRaw(&place);
  }

  const formats::ModelFile& file_;
  const model::Plan& plan_;
  const bool in_place_;
  const bool mapped_;
  WeightLayout layout_;
  std::set<std::string> recipes_;
  // The first matrix of each offset, size and size of a row. Experts make many.
  std::map<std::tuple<uint64_t, uint64_t, uint64_t>, int32_t> slices_;
};

}  // namespace

StatusOr<Isa> ParseIsa(std::string_view name, IsaUse use) {
  const auto permitted = [use](Isa isa) {
    if (!kernels::cpu::NeedsPermission(isa)) return true;
    return use == IsaUse::kRun ? RequestAmx() : AmxOffered();
  };
  if (name.empty() || name == "auto") {
    const Isa best = kernels::cpu::BestIsa(/*permission=*/true);
    return permitted(best) ? best : kernels::cpu::BestIsa();
  }
  std::string known = "auto";
  for (Isa isa : kernels::cpu::kIsas) {
    absl::StrAppend(&known, ", ", kernels::cpu::IsaName(isa));
    if (name != kernels::cpu::IsaName(isa)) continue;
    if (!kernels::cpu::IsaSupported(isa)) {
      return absl::UnimplementedError(absl::StrCat(
          "this processor or build does not support instruction set ", name));
    }
    if (permitted(isa)) return isa;
    return absl::UnimplementedError(absl::StrCat(
        "the operating system does not let this process use ", name));
  }
  return absl::InvalidArgumentError(
      absl::StrCat("unknown instruction set '", name, "'; known are ", known));
}

StatusOr<WeightLayout> LayOutWeights(const formats::ModelFile& file,
                                     const model::Plan& plan, Isa isa,
                                     bool in_place) {
  return Layouter(file, plan, isa, in_place).Run();
}

}  // namespace inlay::backend::cpu
