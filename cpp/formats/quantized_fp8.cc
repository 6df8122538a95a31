// FP8 weights: of fine-grained FP8 in transformers (DeepSeek V3 and others)
// and, through MakeFp8, of compressed-tensors.
#include <array>

#include "absl/strings/str_cat.h"
#include "cpp/formats/quantized_methods.h"
#include "kernels/common/fp8.h"
#include "kernels/common/half.h"

namespace inlay::formats {
namespace {

int64_t BlocksFor(int64_t a, int64_t b) { return a / b + (a % b != 0); }

// Scales [rows, columns], each for a block of the weight.
struct Grid {
  int64_t rows = 1, columns = 1;
  BlockSize block;
};

class Fp8Decoder final : public TensorDecoder {
 public:
  Fp8Decoder(std::shared_ptr<io::Source> source, TensorInfo weight,
             TensorInfo scale, Grid grid, DType made)
      : reader_(std::move(source)),
        weight_(std::move(weight)),
        scale_(std::move(scale)),
        grid_(grid),
        made_(made) {
    for (size_t i = 0; i < values_.size(); ++i) {
      const auto byte = static_cast<uint8_t>(i);
      // E5M2 is the upper half of an F16.
      values_[i] = weight_.type == DType::kF8E4M3
                       ? kernels::Fp8E4m3ToFloat(byte)
                       : kernels::HalfToFloat(static_cast<uint16_t>(byte << 8));
    }
  }

  Status ReadRows(uint64_t first, uint64_t count,
                  std::span<uint8_t> out) const override {
    const auto columns = static_cast<size_t>(weight_.columns());
    const auto grid_columns = static_cast<size_t>(grid_.columns);
    const auto block_rows = static_cast<uint64_t>(grid_.block.first);
    const auto block_columns = static_cast<size_t>(grid_.block.second);
    std::vector<uint8_t> codes(count * columns);
    INLAY_RETURN_IF_ERROR(reader_.Read(weight_.offset + first * columns, 1,
                                       codes.size(), codes.size(),
                                       codes.data()));
    std::vector<float> scales;
    const uint64_t from = first / block_rows;
    const uint64_t to = (first + count - 1) / block_rows + 1;
    INLAY_RETURN_IF_ERROR(ReadScales(from, to, &scales));
    std::vector<float> row(columns);
    for (uint64_t r = 0; r < count; ++r) {
      const float* scale =
          scales.data() + ((first + r) / block_rows - from) * grid_columns;
      for (size_t c = 0; c < columns; ++c) {
        row[c] = values_[codes[r * columns + c]] * scale[c / block_columns];
      }
      StoreFloats(made_, row, out.data() + r * (out.size() / count));
    }
    return OkStatus();
  }

 private:
  Status ReadScales(uint64_t from, uint64_t to, std::vector<float>* out) const {
    const auto element =
        static_cast<uint64_t>(kernels::GetDTypeInfo(scale_.type).block_bytes);
    const uint64_t columns = static_cast<uint64_t>(grid_.columns);
    const uint64_t count = (to - from) * columns;
    std::vector<uint8_t> stored(count * element);
    INLAY_RETURN_IF_ERROR(reader_.Read(scale_.offset + from * columns * element,
                                       1, stored.size(), stored.size(),
                                       stored.data()));
    out->resize(count);
    kernels::Dequantize(scale_.type, stored.data(), static_cast<int64_t>(count),
                        out->data());
    return OkStatus();
  }

  const PartReader reader_;
  const TensorInfo weight_, scale_;
  const Grid grid_;
  const DType made_;
  std::array<float, 256> values_;
};

StatusOr<Grid> GridOf(const TensorInfo& weight, const TensorInfo& scale,
                      BlockSize block) {
  const int64_t rows = weight.shape[0], columns = weight.shape[1];
  Grid grid;
  if (scale.rank > 2) return WrongTensor(scale, "has more than 2 dimensions");
  grid.rows = scale.shape[0];
  grid.columns = scale.rank == 2 ? scale.shape[1] : 1;
  const bool blocks = block.first > 0 &&
                      grid.rows == BlocksFor(rows, block.first) &&
                      grid.columns == BlocksFor(columns, block.second);
  if (blocks) {
    grid.block = block;
    return grid;
  }
  const bool plain = grid.columns == 1 && (grid.rows == 1 || grid.rows == rows);
  if (!plain && (block.first > 0 || rows % grid.rows != 0 ||
                 columns % grid.columns != 0)) {
    return WrongTensor(
        scale, absl::StrCat("has ", grid.rows, " x ", grid.columns,
                            " scales, which do not divide the ", rows, " x ",
                            columns, " values of ", weight.name,
                            block.first > 0 ? " as the block size says" : ""));
  }
  grid.block = {rows / grid.rows, columns / grid.columns};
  return grid;
}

}  // namespace

StatusOr<BlockSize> ReadBlockSize(const QuantizedFile& file,
                                  const std::string& key) {
  const MetadataValue* value = file.file().Find(key);
  if (value == nullptr) return BlockSize{0, 0};
  const auto* sizes = std::get_if<std::vector<int64_t>>(value);
  if (sizes == nullptr || sizes->size() != 2 || (*sizes)[0] < 1 ||
      (*sizes)[1] < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("config.json key ", key, " is not a pair of sizes"));
  }
  return BlockSize{(*sizes)[0], (*sizes)[1]};
}

Status MakeFp8(const TensorInfo& weight, const TensorInfo& scale,
               BlockSize block, DType made, QuantizedFile* file) {
  INLAY_RETURN_IF_ERROR(CheckMatrix(weight));
  INLAY_RETURN_IF_ERROR(CheckType(weight, {DType::kF8E4M3, DType::kF8E5M2}));
  INLAY_RETURN_IF_ERROR(CheckFloats(scale));
  INLAY_ASSIGN_OR_RETURN(const Grid grid, GridOf(weight, scale, block));
  return file->Make(
      weight.name, made, {weight.shape[0], weight.shape[1]},
      std::make_shared<Fp8Decoder>(file->source(), weight, scale, grid, made),
      {&weight, &scale});
}

Status ExpandFp8(QuantizedFile* file) {
  INLAY_ASSIGN_OR_RETURN(const BlockSize block,
                         ReadBlockSize(*file, file->Key("weight_block_size")));
  for (const std::string& module : file->Modules(".weight")) {
    const TensorInfo* weight = file->Find(module, ".weight");
    if (!IsFp8(weight->type)) continue;
    const TensorInfo* scale = file->Find(module, ".weight_scale");
    if (scale == nullptr) {
      INLAY_ASSIGN_OR_RETURN(scale,
                             file->Need(module, ".weight_scale_inv", *weight));
    }
    const DType made = file->ModelType().value_or(scale->type);
    INLAY_RETURN_IF_ERROR(MakeFp8(*weight, *scale, block, made, file));
  }
  // Activations are not quantised, nor is the cache by the file.
  file->DropAll({".activation_scale", ".input_scale", ".k_scale", ".v_scale"});
  return file->CheckAllUsed({".weight_scale", ".weight_scale_inv"});
}

}  // namespace inlay::formats
