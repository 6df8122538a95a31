#include "cpp/model/derived_tensors.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "cpp/formats/made_tensors.h"
#include "cpp/model/file_names.h"
#include "cpp/model/find_architecture.h"
#include "cpp/model/hyperparameters.h"
#include "cpp/model/qkv_groups.h"
#include "cpp/model/stacked_tensors.h"

namespace inlay::model {
namespace {

namespace arch = architectures;
using formats::ModelFile;
using formats::TensorInfo;

uint64_t ElementBytes(const TensorInfo& tensor) {
  return static_cast<uint64_t>(kernels::GetDTypeInfo(tensor.type).block_bytes);
}

// Gathers whole rows, each a column of what is stored.
class TransposedDecoder final : public formats::TensorDecoder {
 public:
  TransposedDecoder(std::shared_ptr<io::Source> file, TensorInfo stored)
      : file_(std::move(file)), stored_(std::move(stored)) {}

  Status ReadRows(uint64_t first, uint64_t count,
                  std::span<uint8_t> out) const override {
    const uint64_t element = ElementBytes(stored_);
    const auto columns = static_cast<uint64_t>(stored_.rows());
    const auto rows = static_cast<uint64_t>(stored_.columns());
    std::vector<uint8_t> part(count * element);
    for (uint64_t column = 0; column < columns; ++column) {
      INLAY_RETURN_IF_ERROR(file_->ReadAt(
          stored_.offset + (column * rows + first) * element, part));
      for (uint64_t row = 0; row < count; ++row) {
        std::memcpy(out.data() + (row * columns + column) * element,
                    part.data() + row * element, element);
      }
    }
    return OkStatus();
  }

 private:
  const std::shared_ptr<io::Source> file_;
  const TensorInfo stored_;
};

// One row: the stored vector, each element and 1.
class PlusOneDecoder final : public formats::TensorDecoder {
 public:
  PlusOneDecoder(std::shared_ptr<io::Source> file, TensorInfo stored)
      : file_(std::move(file)), stored_(std::move(stored)) {}

  Status ReadRows(uint64_t /*first*/, uint64_t /*count*/,
                  std::span<uint8_t> out) const override {
    std::vector<uint8_t> stored(stored_.bytes);
    INLAY_RETURN_IF_ERROR(file_->ReadAt(stored_.offset, stored));
    const int64_t count = stored_.elements();
    std::vector<float> made(static_cast<size_t>(count));
    kernels::Dequantize(stored_.type, stored.data(), count, made.data());
    for (float& value : made) value += 1.0f;
    std::memcpy(out.data(), made.data(), out.size());
    return OkStatus();
  }

 private:
  const std::shared_ptr<io::Source> file_;
  const TensorInfo stored_;
};

// Rows of q, k and v in order, where the file has them group by group.
class QkvDecoder final : public formats::TensorDecoder {
 public:
  QkvDecoder(std::shared_ptr<io::Source> file, TensorInfo stored,
             const QkvGroups& groups)
      : file_(std::move(file)), stored_(std::move(stored)), groups_(groups) {}

  Status ReadRows(uint64_t first, uint64_t /*count*/,
                  std::span<uint8_t> out) const override {
    const uint64_t rows =
        stored_.rank == 1 ? 1 : static_cast<uint64_t>(groups_.rows());
    return ReadInOrder(*file_, stored_, groups_, first * (stored_.bytes / rows),
                       out);
  }

 private:
  const std::shared_ptr<io::Source> file_;
  const TensorInfo stored_;
  const QkvGroups groups_;
};

template <typename Visit>
void ForEachTensor(const arch::Architecture& architecture, const Visit& visit) {
  const auto norm = [&visit](const arch::Norm& names) {
    visit(names.weight());
    visit(names.bias());
  };
  const auto linear = [&visit](const arch::Linear& names) {
    visit(names.weight());
    visit(names.bias());
  };
  visit(architecture.embedding().tokens());
  visit(architecture.embedding().positions());
  norm(architecture.embedding().norm());
  norm(architecture.encoder().embedding_norm());
  visit(architecture.encoder().token_types());
  norm(architecture.encoder().final_norm());
  linear(architecture.encoder().classifier().dense());
  norm(architecture.encoder().classifier().norm());
  linear(architecture.encoder().classifier().output());
  const arch::Attention& attention = architecture.attention();
  norm(attention.norm());
  norm(attention.post_norm());
  norm(attention.q_norm());
  norm(attention.k_norm());
  for (const auto* part : {&attention.qkv(), &attention.q(), &attention.k(),
                           &attention.v(), &attention.output()}) {
    linear(*part);
  }
  const arch::Mlp& mlp = architecture.mlp();
  norm(mlp.norm());
  norm(mlp.post_norm());
  for (const auto* part :
       {&mlp.gate(), &mlp.up(), &mlp.down(), &mlp.gate_and_up(),
        &mlp.experts().gate(), &mlp.experts().up(), &mlp.experts().down(),
        &mlp.experts().gate_and_up()}) {
    linear(*part);
  }
  norm(architecture.head().norm());
  linear(architecture.head().output());
}

class Deriver {
 public:
  Deriver(const arch::Architecture& architecture,
          std::shared_ptr<const ModelFile> file, const Hyperparameters& hp)
      : file_(std::move(file)),
        names_(architecture, *file_),
        layers_(hp.block_count),
        groups_(QkvGroups::Of(hp)),
        experts_(hp.experts.count),
        made_(file_) {}

  Status Add(const arch::Tensor& tensor) {
    if (tensor.huggingface_layout() == arch::LAYOUT_AS_STORED) {
      return OkStatus();
    }
    const bool by_layer =
        tensor.huggingface().find("{layer}") != std::string::npos;
    for (int layer = 0; layer < (by_layer ? layers_ : 1); ++layer) {
      const TensorInfo* stored = names_.FindTensor(tensor, layer);
      if (stored == nullptr) continue;
      INLAY_RETURN_IF_ERROR(Derive(tensor.huggingface_layout(), *stored));
    }
    return OkStatus();
  }

  std::shared_ptr<const ModelFile> Finish() && {
    return std::move(made_).Finish();
  }

 private:
  // Leaves alone what has not the rank or the type: its shape will be refused.
  Status Derive(arch::Layout layout, const TensorInfo& stored) {
    const kernels::DTypeInfo& type = kernels::GetDTypeInfo(stored.type);
    TensorInfo made = stored;
    if (IsStackLayout(layout)) {
      auto stack =
          MakeStacked(file_->shared_source(), stored, layout, experts_);
      return stack.has_value()
                 ? made_.Add(std::move(stack->made), std::move(stack->decoder))
                 : OkStatus();
    }
    if (layout == arch::LAYOUT_TRANSPOSED) {
      if (stored.rank != 2 || type.block_elements != 1) return OkStatus();
      std::swap(made.shape[0], made.shape[1]);
      return made_.Add(std::move(made), std::make_shared<TransposedDecoder>(
                                            file_->shared_source(), stored));
    }
    if (layout == arch::LAYOUT_QKV_BY_GROUP) {
      if (groups_.kv_heads == 1 || stored.rank < 1 || stored.rank > 2 ||
          (stored.rank == 1 ? stored.columns() : stored.rows()) !=
              groups_.rows()) {
        return OkStatus();
      }
      return made_.Add(std::move(made),
                       std::make_shared<QkvDecoder>(file_->shared_source(),
                                                    stored, groups_));
    }
    if (stored.rank != 1 || !type.computable ||
        stored.elements() > (int64_t{1} << 20)) {
      return OkStatus();
    }
    made.type = formats::DType::kF32;
    return made_.Add(std::move(made), std::make_shared<PlusOneDecoder>(
                                          file_->shared_source(), stored));
  }

  const std::shared_ptr<const ModelFile> file_;
  const FileNames names_;
  const int32_t layers_;
  const int32_t experts_;
  const QkvGroups groups_;
  formats::MadeTensors made_;
};

}  // namespace

StatusOr<std::shared_ptr<const ModelFile>> DeriveTensors(
    std::shared_ptr<const ModelFile> file, const Registered* registered) {
  if (file->naming() != formats::Naming::kHuggingFace) return file;
  google::protobuf::Arena arena;
  const auto architecture = FindArchitecture(*file, &arena, registered);
  if (!architecture.ok()) return file;
  const auto hp = ReadHyperparameters(**architecture, *file);
  if (!hp.ok()) return file;
  Deriver deriver(**architecture, file, *hp);
  Status status = OkStatus();
  ForEachTensor(**architecture, [&](const arch::Tensor& tensor) {
    if (status.ok()) status = deriver.Add(tensor);
  });
  INLAY_RETURN_IF_ERROR(status);
  return std::move(deriver).Finish();
}

}  // namespace inlay::model
