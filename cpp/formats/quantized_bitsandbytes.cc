// bitsandbytes: 4 bits with a table of values and a scale per block of
// elements (NF4, FP4; QLoRA, arXiv:2305.14314), and LLM.int8
// (arXiv:2208.07339).
#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp/base/json.h"
#include "cpp/formats/gguf_reader.h"
#include "cpp/formats/quantized_methods.h"

namespace inlay::formats {
namespace {

constexpr uint64_t kMaxStateBytes = 1 << 16;
constexpr int64_t kMaxBlock = int64_t{1} << 20;

// The scales of a weight, perhaps quantised themselves.
struct State {
  int64_t rows = 0, columns = 0, block = 0;
  DType made = DType::kF32;
  TensorInfo absmax;
  std::array<float, 16> values = {};
  // Of nested ones:
  bool nested = false;
  int64_t nested_block = 0;
  float nested_offset = 0;
  TensorInfo nested_absmax;
  std::array<float, 256> nested_values = {};
};

class NibbleDecoder final : public TensorDecoder {
 public:
  NibbleDecoder(std::shared_ptr<io::Source> source, TensorInfo codes,
                State state)
      : reader_(std::move(source)),
        codes_(std::move(codes)),
        state_(std::move(state)) {}

  // Elements run through the rows; the first of a byte is in its upper half.
  Status ReadRows(uint64_t first, uint64_t count,
                  std::span<uint8_t> out) const override {
    const auto columns = static_cast<uint64_t>(state_.columns);
    const auto block = static_cast<uint64_t>(state_.block);
    const uint64_t begin = first * columns, end = begin + count * columns;
    std::vector<uint8_t> codes((end + 1) / 2 - begin / 2);
    INLAY_RETURN_IF_ERROR(reader_.Read(codes_.offset + begin / 2, 1,
                                       codes.size(), codes.size(),
                                       codes.data()));
    std::vector<float> scales((end - 1) / block + 1 - begin / block);
    INLAY_RETURN_IF_ERROR(ReadScales(begin / block, &scales));
    std::vector<float> row(columns);
    for (uint64_t r = 0; r < count; ++r) {
      for (uint64_t c = 0; c < columns; ++c) {
        const uint64_t e = begin + r * columns + c;
        const uint8_t byte = codes[e / 2 - begin / 2];
        const size_t code = e % 2 == 0 ? byte >> 4 : byte & 15;
        row[c] = state_.values[code] * scales[e / block - begin / block];
      }
      StoreFloats(state_.made, row, out.data() + r * (out.size() / count));
    }
    return OkStatus();
  }

 private:
  Status ReadScales(uint64_t first, std::vector<float>* out) const {
    if (!state_.nested) {
      return ReadFloats(state_.absmax, first, out);
    }
    std::vector<uint8_t> codes(out->size());
    INLAY_RETURN_IF_ERROR(reader_.Read(state_.absmax.offset + first, 1,
                                       codes.size(), codes.size(),
                                       codes.data()));
    const auto block = static_cast<uint64_t>(state_.nested_block);
    std::vector<float> outer((first + codes.size() - 1) / block + 1 -
                             first / block);
    INLAY_RETURN_IF_ERROR(
        ReadFloats(state_.nested_absmax, first / block, &outer));
    for (size_t i = 0; i < codes.size(); ++i) {
      const float scale = state_.nested_values[codes[i]] *
                          outer[(first + i) / block - first / block];
      (*out)[i] = scale + state_.nested_offset;
    }
    return OkStatus();
  }

  Status ReadFloats(const TensorInfo& tensor, uint64_t first,
                    std::vector<float>* out) const {
    const uint64_t bytes = out->size() * sizeof(float);
    std::vector<uint8_t> stored(bytes);
    INLAY_RETURN_IF_ERROR(reader_.Read(tensor.offset + first * sizeof(float), 1,
                                       bytes, bytes, stored.data()));
    kernels::Dequantize(DType::kF32, stored.data(),
                        static_cast<int64_t>(out->size()), out->data());
    return OkStatus();
  }

  const PartReader reader_;
  const TensorInfo codes_;
  const State state_;
};

class Int8Decoder final : public TensorDecoder {
 public:
  Int8Decoder(std::shared_ptr<io::Source> source, TensorInfo codes,
              TensorInfo scales, DType made)
      : reader_(std::move(source)),
        codes_(std::move(codes)),
        scales_(std::move(scales)),
        made_(made) {}

  Status ReadRows(uint64_t first, uint64_t count,
                  std::span<uint8_t> out) const override {
    constexpr float kStep = 7.874015718698502e-3f;  // 1 / 127
    const auto columns = static_cast<uint64_t>(codes_.columns());
    std::vector<uint8_t> codes(count * columns), stored(count * sizeof(float));
    INLAY_RETURN_IF_ERROR(reader_.Read(codes_.offset + first * columns, 1,
                                       codes.size(), codes.size(),
                                       codes.data()));
    INLAY_RETURN_IF_ERROR(reader_.Read(scales_.offset + first * sizeof(float),
                                       1, stored.size(), stored.size(),
                                       stored.data()));
    std::vector<float> scales(count), row(columns);
    kernels::Dequantize(DType::kF32, stored.data(), static_cast<int64_t>(count),
                        scales.data());
    for (uint64_t r = 0; r < count; ++r) {
      for (uint64_t c = 0; c < columns; ++c) {
        const auto code = static_cast<int8_t>(codes[r * columns + c]);
        row[c] = static_cast<float>(code) * scales[r] * kStep;
      }
      StoreFloats(made_, row, out.data() + r * (out.size() / count));
    }
    return OkStatus();
  }

 private:
  const PartReader reader_;
  const TensorInfo codes_, scales_;
  const DType made_;
};

template <size_t kCount>
Status ReadTable(const QuantizedFile& file, const TensorInfo& tensor,
                 std::array<float, kCount>* out) {
  INLAY_RETURN_IF_ERROR(CheckType(tensor, {DType::kF32}));
  INLAY_RETURN_IF_ERROR(CheckShape(tensor, {int64_t{kCount}}));
  INLAY_ASSIGN_OR_RETURN(const auto bytes, ReadTensor(*file.source(), tensor,
                                                      kCount * sizeof(float)));
  kernels::Dequantize(DType::kF32, bytes.data(), kCount, out->data());
  return OkStatus();
}

Status ReadSize(const json::Value& value, int64_t most, int64_t* out) {
  INLAY_RETURN_IF_ERROR(value.Get(out));
  return *out >= 1 && *out <= most
             ? OkStatus()
             : value.Wrong(absl::StrCat("from 1 to ", most));
}

// The JSON text that lies in a tensor.
Status ReadState(const QuantizedFile& file, const TensorInfo& tensor,
                 State* state) {
  INLAY_RETURN_IF_ERROR(CheckType(tensor, {DType::kU8}));
  INLAY_ASSIGN_OR_RETURN(const auto bytes,
                         ReadTensor(*file.source(), tensor, kMaxStateBytes));
  const std::string name = absl::StrCat("tensor ", Quoted(tensor.name));
  json::Document document;
  INLAY_RETURN_IF_ERROR(document.Parse(
      {reinterpret_cast<const char*>(bytes.data()), bytes.size()}, name));
  const json::Value root = json::Root(document, name);
  INLAY_RETURN_IF_ERROR(ReadSize(root["blocksize"], kMaxBlock, &state->block));
  simdjson::dom::array shape;
  INLAY_RETURN_IF_ERROR(root["shape"].Get(&shape));
  if (shape.size() != 2) return root["shape"].Wrong("a pair of sizes");
  int64_t* sizes[] = {&state->rows, &state->columns};
  for (size_t i = 0; i < 2; ++i) {
    INLAY_RETURN_IF_ERROR(
        ReadSize(json::Value(shape.at(i).value_unsafe(), name + ".shape"),
                 kMaxQuantizedColumns, sizes[i]));
  }
  std::string type;
  INLAY_RETURN_IF_ERROR(root["dtype"].Get(&type));
  if (type == "bfloat16") {
    state->made = DType::kBF16;
  } else if (type == "float16") {
    state->made = DType::kF16;
  } else if (type != "float32") {
    return root["dtype"].Wrong("bfloat16, float16 or float32");
  }
  state->nested = root["nested_blocksize"].present();
  if (!state->nested) return OkStatus();
  double offset = 0;
  INLAY_RETURN_IF_ERROR(
      ReadSize(root["nested_blocksize"], kMaxBlock, &state->nested_block));
  INLAY_RETURN_IF_ERROR(root["nested_offset"].Get(&offset));
  state->nested_offset = static_cast<float>(offset);
  return OkStatus();
}

Status AddNibbles(const std::string& module, const std::string& suffix,
                  QuantizedFile* file) {
  const TensorInfo* stated = file->Find(module, suffix);
  State state;
  INLAY_RETURN_IF_ERROR(ReadState(*file, *stated, &state));
  INLAY_ASSIGN_OR_RETURN(const TensorInfo* codes,
                         file->Need(module, ".weight", *stated));
  INLAY_ASSIGN_OR_RETURN(const TensorInfo* absmax,
                         file->Need(module, ".weight.absmax", *stated));
  INLAY_ASSIGN_OR_RETURN(const TensorInfo* table,
                         file->Need(module, ".weight.quant_map", *stated));
  const int64_t count = state.rows * state.columns;
  const int64_t blocks = (count + state.block - 1) / state.block;
  INLAY_RETURN_IF_ERROR(CheckType(*codes, {DType::kU8}));
  INLAY_RETURN_IF_ERROR(CheckShape(*codes, {(count + 1) / 2, 1}));
  INLAY_RETURN_IF_ERROR(CheckShape(*absmax, {blocks}));
  INLAY_RETURN_IF_ERROR(
      CheckType(*absmax, {state.nested ? DType::kU8 : DType::kF32}));
  INLAY_RETURN_IF_ERROR(ReadTable(*file, *table, &state.values));
  state.absmax = *absmax;
  std::vector<const TensorInfo*> from = {stated, codes, absmax, table};
  if (state.nested) {
    INLAY_ASSIGN_OR_RETURN(
        const TensorInfo* nested,
        file->Need(module, ".weight.nested_absmax", *stated));
    INLAY_ASSIGN_OR_RETURN(
        const TensorInfo* nested_table,
        file->Need(module, ".weight.nested_quant_map", *stated));
    INLAY_RETURN_IF_ERROR(CheckType(*nested, {DType::kF32}));
    INLAY_RETURN_IF_ERROR(CheckShape(
        *nested, {(blocks + state.nested_block - 1) / state.nested_block}));
    INLAY_RETURN_IF_ERROR(
        ReadTable(*file, *nested_table, &state.nested_values));
    state.nested_absmax = *nested;
    from.insert(from.end(), {nested, nested_table});
  }
  const std::vector<int64_t> shape = {state.rows, state.columns};
  const DType made = state.made;
  return file->Make(
      module + ".weight", made, shape,
      std::make_shared<NibbleDecoder>(file->source(), *codes, std::move(state)),
      from);
}

Status AddInt8(const std::string& module, QuantizedFile* file) {
  const TensorInfo* scales = file->Find(module, ".SCB");
  INLAY_ASSIGN_OR_RETURN(const TensorInfo* codes,
                         file->Need(module, ".weight", *scales));
  INLAY_RETURN_IF_ERROR(CheckMatrix(*codes));
  INLAY_RETURN_IF_ERROR(CheckType(*codes, {DType::kI8}));
  INLAY_RETURN_IF_ERROR(CheckType(*scales, {DType::kF32}));
  INLAY_RETURN_IF_ERROR(CheckShape(*scales, {codes->shape[0]}));
  const TensorInfo* order = file->Find(module, ".weight_format");
  if (order != nullptr) {
    INLAY_RETURN_IF_ERROR(CheckType(*order, {DType::kU8}));
    INLAY_RETURN_IF_ERROR(CheckShape(*order, {1}));
    INLAY_ASSIGN_OR_RETURN(const auto value,
                           ReadTensor(*file->source(), *order, 1));
    if (value[0] != 0) {
      return absl::UnimplementedError(
          absl::StrCat("tensor ", Quoted(order->name), " is ", value[0],
                       "; only rows (0) are supported"));
    }
  }
  const DType made = file->ModelType().value_or(DType::kF32);
  return file->Make(
      module + ".weight", made, {codes->shape[0], codes->shape[1]},
      std::make_shared<Int8Decoder>(file->source(), *codes, *scales, made),
      {codes, scales, order});
}

}  // namespace

Status ExpandBitsandbytes(QuantizedFile* file) {
  for (const std::string kind : {"nf4", "fp4"}) {
    const std::string suffix = ".weight.quant_state.bitsandbytes__" + kind;
    for (const std::string& module : file->Modules(suffix)) {
      INLAY_RETURN_IF_ERROR(AddNibbles(module, suffix, file));
    }
  }
  for (const std::string& module : file->Modules(".SCB")) {
    INLAY_RETURN_IF_ERROR(AddInt8(module, file));
  }
  return file->CheckAllUsed({".weight.absmax", ".weight.quant_map",
                             ".weight.nested_absmax",
                             ".weight.nested_quant_map", ".weight_format"});
}

}  // namespace inlay::formats
