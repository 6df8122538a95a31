#include "cpp/model/derived_tensors.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "cpp/model/file_names.h"
#include "cpp/model/find_architecture.h"
#include "cpp/model/hyperparameters.h"

namespace inlay::model {
namespace {

namespace arch = architectures;
using formats::ModelFile;
using formats::TensorInfo;

constexpr uint64_t kAlignment = 64;

struct Derived {
  arch::Layout layout;
  TensorInfo stored;
  TensorInfo made;  // its offset is behind the end of the file
};

uint64_t ElementBytes(const TensorInfo& tensor) {
  return static_cast<uint64_t>(kernels::GetDTypeInfo(tensor.type).block_bytes);
}

// The file, and behind its end the derived tensors. There is no mapping.
class DerivedSource final : public io::Source {
 public:
  DerivedSource(std::shared_ptr<io::Source> file, std::vector<Derived> derived,
                uint64_t size)
      : file_(std::move(file)), derived_(std::move(derived)), size_(size) {}

  uint64_t size() const override { return size_; }
  std::string_view name() const override { return file_->name(); }

  Status ReadAt(uint64_t offset, std::span<uint8_t> out) const override {
    if (offset < file_->size()) return file_->ReadAt(offset, out);
    const auto after = std::upper_bound(
        derived_.begin(), derived_.end(), offset,
        [](uint64_t at, const Derived& d) { return at < d.made.offset; });
    if (after == derived_.begin()) return OutOfRange();
    const Derived& derived = *(after - 1);
    const uint64_t at = offset - derived.made.offset;
    if (at > derived.made.bytes || out.size() > derived.made.bytes - at) {
      return OutOfRange();
    }
    return derived.layout == arch::LAYOUT_TRANSPOSED
               ? ReadTransposed(derived, at, out)
               : ReadPlusOne(derived, at, out);
  }

 private:
  static Status OutOfRange() {
    return absl::DataLossError("a read that no tensor has bytes for");
  }

  // Gathers whole rows, each a column of what is stored.
  Status ReadTransposed(const Derived& derived, uint64_t at,
                        std::span<uint8_t> out) const {
    const uint64_t element = ElementBytes(derived.stored);
    const auto columns = static_cast<uint64_t>(derived.made.columns());
    const auto rows = static_cast<uint64_t>(derived.made.rows());
    const uint64_t row_bytes = columns * element;
    const uint64_t first = at / row_bytes;
    const uint64_t last = (at + out.size() + row_bytes - 1) / row_bytes;
    const uint64_t count = last - first;
    std::vector<uint8_t> made(count * row_bytes), part(count * element);
    for (uint64_t column = 0; column < columns; ++column) {
      INLAY_RETURN_IF_ERROR(file_->ReadAt(
          derived.stored.offset + (column * rows + first) * element, part));
      for (uint64_t row = 0; row < count; ++row) {
        std::memcpy(made.data() + row * row_bytes + column * element,
                    part.data() + row * element, element);
      }
    }
    std::memcpy(out.data(), made.data() + (at - first * row_bytes), out.size());
    return OkStatus();
  }

  Status ReadPlusOne(const Derived& derived, uint64_t at,
                     std::span<uint8_t> out) const {
    std::vector<uint8_t> stored(derived.stored.bytes);
    INLAY_RETURN_IF_ERROR(file_->ReadAt(derived.stored.offset, stored));
    const int64_t count = derived.made.elements();
    std::vector<float> made(static_cast<size_t>(count));
    kernels::Dequantize(derived.stored.type, stored.data(), count, made.data());
    for (float& value : made) value += 1.0f;
    std::memcpy(out.data(), reinterpret_cast<const uint8_t*>(made.data()) + at,
                out.size());
    return OkStatus();
  }

  const std::shared_ptr<io::Source> file_;
  const std::vector<Derived> derived_;  // by offset
  const uint64_t size_;
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
  norm(architecture.encoder().embedding_norm());
  visit(architecture.encoder().token_types());
  norm(architecture.encoder().final_norm());
  linear(architecture.encoder().classifier().dense());
  norm(architecture.encoder().classifier().norm());
  linear(architecture.encoder().classifier().output());
  const arch::Attention& attention = architecture.attention();
  norm(attention.norm());
  norm(attention.q_norm());
  norm(attention.k_norm());
  for (const auto* part : {&attention.qkv(), &attention.q(), &attention.k(),
                           &attention.v(), &attention.output()}) {
    linear(*part);
  }
  const arch::Mlp& mlp = architecture.mlp();
  norm(mlp.norm());
  for (const auto* part :
       {&mlp.gate(), &mlp.up(), &mlp.down(), &mlp.gate_and_up()}) {
    linear(*part);
  }
  norm(architecture.head().norm());
  linear(architecture.head().output());
}

class Deriver {
 public:
  Deriver(const arch::Architecture& architecture, const ModelFile& file,
          int32_t layers)
      : names_(architecture, file),
        layers_(layers),
        tensors_(file.tensors()),
        end_(file.source().size()) {
    for (size_t i = 0; i < tensors_.size(); ++i) {
      places_.try_emplace(tensors_[i].name, i);
    }
  }

  void Add(const arch::Tensor& tensor) {
    if (tensor.huggingface_layout() == arch::LAYOUT_AS_STORED) return;
    const bool by_layer =
        tensor.huggingface().find("{layer}") != std::string::npos;
    for (int layer = 0; layer < (by_layer ? layers_ : 1); ++layer) {
      const TensorInfo* stored = names_.FindTensor(tensor, layer);
      if (stored != nullptr) Derive(tensor.huggingface_layout(), *stored);
    }
  }

  std::vector<Derived> derived_;
  std::vector<TensorInfo> tensors() && { return std::move(tensors_); }
  uint64_t end() const { return end_; }

 private:
  // Leaves alone what has not the rank or the type: its shape will be refused.
  void Derive(arch::Layout layout, const TensorInfo& stored) {
    const kernels::DTypeInfo& type = kernels::GetDTypeInfo(stored.type);
    TensorInfo made = stored;
    if (layout == arch::LAYOUT_TRANSPOSED) {
      if (stored.rank != 2 || type.block_elements != 1) return;
      std::swap(made.shape[0], made.shape[1]);
    } else {
      if (stored.rank != 1 || !type.computable ||
          stored.elements() > (int64_t{1} << 20)) {
        return;
      }
      made.type = formats::DType::kF32;
      made.bytes = static_cast<uint64_t>(stored.elements()) * sizeof(float);
    }
    const uint64_t at = (end_ + kAlignment - 1) / kAlignment * kAlignment;
    if (made.bytes > (uint64_t{1} << 60) - at) return;
    made.offset = at;
    end_ = at + made.bytes;
    tensors_[places_.find(stored.name)->second] = made;
    derived_.push_back({layout, stored, made});
  }

  const FileNames names_;
  const int32_t layers_;
  std::vector<TensorInfo> tensors_;
  HashMap<std::string, size_t> places_;
  uint64_t end_;
};

}  // namespace

StatusOr<std::shared_ptr<const ModelFile>> DeriveTensors(
    std::shared_ptr<const ModelFile> file) {
  if (file->naming() != formats::Naming::kHuggingFace) return file;
  google::protobuf::Arena arena;
  const auto architecture = FindArchitecture(*file, &arena);
  if (!architecture.ok()) return file;
  const auto hp = ReadHyperparameters(**architecture, *file);
  if (!hp.ok()) return file;
  Deriver deriver(**architecture, *file, hp->block_count);
  ForEachTensor(**architecture,
                [&deriver](const arch::Tensor& t) { deriver.Add(t); });
  if (deriver.derived_.empty()) return file;
  auto source = std::make_shared<DerivedSource>(
      file->shared_source(), std::move(deriver.derived_), deriver.end());
  return std::make_shared<const ModelFile>(
      std::move(source), file->format(), file->metadata(),
      std::move(deriver).tensors(), formats::Naming::kHuggingFace);
}

}  // namespace inlay::model
