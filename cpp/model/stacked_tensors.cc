#include "cpp/model/stacked_tensors.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

namespace inlay::model {
namespace {

namespace arch = architectures;
using formats::TensorInfo;

// Matrices of one shape, one after the other.
struct Shape {
  uint64_t outputs = 0, inputs = 0;
  bool pairs = false;  // outputs of gate and up alternate

  // The stored output that output `at` of a made matrix is.
  uint64_t Stored(uint64_t at) const {
    if (!pairs) return at;
    const uint64_t half = outputs / 2;
    return at < half ? 2 * at : 2 * (at - half) + 1;
  }
  uint64_t step() const { return pairs ? 2 : 1; }
  // Where outputs from `at` on no longer lie one step apart.
  uint64_t EndOfRun(uint64_t at) const {
    return pairs && at < outputs / 2 ? outputs / 2 : outputs;
  }
};

// Of [in, out] each: whole made rows, which are columns of what is stored.
class TransposedStack final : public formats::TensorDecoder {
 public:
  TransposedStack(std::shared_ptr<io::Source> file, TensorInfo stored,
                  uint64_t element, Shape shape)
      : file_(std::move(file)),
        stored_(std::move(stored)),
        element_(element),
        shape_(shape) {}

  Status ReadRows(uint64_t first, uint64_t count,
                  std::span<uint8_t> out) const override {
    for (uint64_t at = first; at < first + count;) {
      const uint64_t begin = at % shape_.outputs;
      const uint64_t end =
          std::min(shape_.EndOfRun(begin), begin + first + count - at);
      INLAY_RETURN_IF_ERROR(
          ReadRun(at / shape_.outputs, begin, end - begin,
                  out.data() + (at - first) * shape_.inputs * element_));
      at += end - begin;
    }
    return OkStatus();
  }

 private:
  Status ReadRun(uint64_t matrix, uint64_t begin, uint64_t count,
                 uint8_t* out) const {
    const uint64_t step = shape_.step();
    std::vector<uint8_t> part(((count - 1) * step + 1) * element_);
    for (uint64_t input = 0; input < shape_.inputs; ++input) {
      const uint64_t from = (matrix * shape_.inputs + input) * shape_.outputs +
                            shape_.Stored(begin);
      INLAY_RETURN_IF_ERROR(
          file_->ReadAt(stored_.offset + from * element_, part));
      for (uint64_t i = 0; i < count; ++i) {
        std::memcpy(out + (i * shape_.inputs + input) * element_,
                    part.data() + i * step * element_, element_);
      }
    }
    return OkStatus();
  }

  const std::shared_ptr<io::Source> file_;
  const TensorInfo stored_;
  const uint64_t element_;
  const Shape shape_;
};

// Of [out, in] each, in types of blocks.
class OrderedStack final : public formats::TensorDecoder {
 public:
  OrderedStack(std::shared_ptr<io::Source> file, TensorInfo stored, Shape shape)
      : file_(std::move(file)), stored_(std::move(stored)), shape_(shape) {}

  Status ReadRows(uint64_t first, uint64_t count,
                  std::span<uint8_t> out) const override {
    const uint64_t bytes = out.size() / count;
    for (uint64_t i = 0; i < count; ++i) {
      const uint64_t matrix = (first + i) / shape_.outputs;
      const uint64_t row =
          matrix * shape_.outputs + shape_.Stored((first + i) % shape_.outputs);
      INLAY_RETURN_IF_ERROR(file_->ReadAt(stored_.offset + row * bytes,
                                          out.subspan(i * bytes, bytes)));
    }
    return OkStatus();
  }

 private:
  const std::shared_ptr<io::Source> file_;
  const TensorInfo stored_;
  const Shape shape_;
};

// Each vector as two: its even and its odd elements.
class PairedVectors final : public formats::TensorDecoder {
 public:
  PairedVectors(std::shared_ptr<io::Source> file, TensorInfo stored,
                uint64_t element)
      : file_(std::move(file)), stored_(std::move(stored)), element_(element) {}

  Status ReadRows(uint64_t first, uint64_t count,
                  std::span<uint8_t> out) const override {
    const auto length = static_cast<uint64_t>(stored_.columns());
    std::vector<uint8_t> vector(length * element_);
    uint8_t* to = out.data();
    for (uint64_t row = first; row < first + count; ++row) {
      INLAY_RETURN_IF_ERROR(
          file_->ReadAt(stored_.offset + row / 2 * length * element_, vector));
      for (uint64_t i = row % 2; i < length; i += 2, to += element_) {
        std::memcpy(to, vector.data() + i * element_, element_);
      }
    }
    return OkStatus();
  }

 private:
  const std::shared_ptr<io::Source> file_;
  const TensorInfo stored_;
  const uint64_t element_;
};

std::optional<StackedTensor> MakePairs(std::shared_ptr<io::Source> file,
                                       const TensorInfo& stored) {
  const kernels::DTypeInfo& type = kernels::GetDTypeInfo(stored.type);
  if (stored.rank != 2 || type.block_elements != 1 ||
      stored.columns() % 2 != 0) {
    return std::nullopt;
  }
  TensorInfo made = stored;
  made.shape[0] *= 2;
  made.shape[1] /= 2;
  return StackedTensor{made, std::make_shared<PairedVectors>(
                                 std::move(file), stored,
                                 static_cast<uint64_t>(type.block_bytes))};
}

}  // namespace

bool IsStackLayout(arch::Layout layout) {
  return layout == arch::LAYOUT_STACK_TRANSPOSED ||
         layout == arch::LAYOUT_STACK_TRANSPOSED_PAIRS ||
         layout == arch::LAYOUT_STACK_PAIRS;
}

std::optional<StackedTensor> MakeStacked(std::shared_ptr<io::Source> file,
                                         const TensorInfo& stored,
                                         arch::Layout layout, int32_t experts) {
  if (layout == arch::LAYOUT_STACK_PAIRS) {
    return MakePairs(std::move(file), stored);
  }
  const int64_t rows = stored.rows();
  if (experts < 1 || stored.rank < 2 || stored.rank > 3 ||
      rows % experts != 0 || (stored.rank == 3 && stored.shape[0] != experts)) {
    return std::nullopt;
  }
  const kernels::DTypeInfo& type = kernels::GetDTypeInfo(stored.type);
  const bool blocks = type.block_elements != 1;
  int64_t outputs = stored.columns(), inputs = rows / experts;
  if (blocks) std::swap(outputs, inputs);
  const bool pairs = layout == arch::LAYOUT_STACK_TRANSPOSED_PAIRS;
  if (pairs && outputs % 2 != 0) return std::nullopt;
  TensorInfo made = stored;
  made.rank = 3;
  made.shape = {experts, outputs, inputs};
  const Shape shape = {.outputs = static_cast<uint64_t>(outputs),
                       .inputs = static_cast<uint64_t>(inputs),
                       .pairs = pairs};
  if (blocks) {
    return StackedTensor{
        made, std::make_shared<OrderedStack>(std::move(file), stored, shape)};
  }
  return StackedTensor{made,
                       std::make_shared<TransposedStack>(
                           std::move(file), stored,
                           static_cast<uint64_t>(type.block_bytes), shape)};
}

}  // namespace inlay::model
