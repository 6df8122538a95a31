// Weights made of integers, scales and zero points.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <utility>

#include "cpp/formats/affine_reader.h"
#include "kernels/common/half.h"

namespace inlay::formats {
namespace {

constexpr int64_t kBlock = 32;  // columns of a block with one scale

// Floats of the scales' type: the difference is exact in all three, the
// product is rounded once, as PyTorch multiplies tensors of that type.
class FloatDecoder final : public TensorDecoder {
 public:
  explicit FloatDecoder(AffineReader reader) : reader_(std::move(reader)) {}

  Status ReadRows(uint64_t first, uint64_t count,
                  std::span<uint8_t> out) const override {
    const AffineTensor& t = reader_.tensor();
    INLAY_ASSIGN_OR_RETURN(const auto groups, reader_.Groups());
    AffineRows rows;
    INLAY_RETURN_IF_ERROR(reader_.Read(static_cast<int64_t>(first),
                                       static_cast<int64_t>(count), &rows));
    const auto columns = static_cast<size_t>(t.columns);
    const auto group_count = static_cast<size_t>(t.groups);
    std::vector<float> row(columns);
    for (size_t r = 0; r < count; ++r) {
      const int32_t* codes = rows.codes.data() + r * columns;
      const float* scales = rows.scales.data() + r * group_count;
      const int32_t* zeros =
          rows.zeros.empty() ? nullptr : rows.zeros.data() + r * group_count;
      for (size_t c = 0; c < columns; ++c) {
        const auto g = static_cast<size_t>(groups[c]);
        const int32_t zero = zeros == nullptr ? t.zero : zeros[g];
        row[c] = static_cast<float>(codes[c] - zero) * scales[g];
      }
      StoreFloats(t.scales.type, row, out.data() + r * (out.size() / count));
    }
    return OkStatus();
  }

 private:
  const AffineReader reader_;
};

// Q4_0, Q5_0 or Q8_0: an F16 scale, then 32 integers. Those of four and five
// bits are stored with 8 or 16 added; the first 16 are in the low halves of the
// bytes, and the fifth bits in a word before them.
class BlockDecoder final : public TensorDecoder {
 public:
  BlockDecoder(AffineReader reader, DType type)
      : reader_(std::move(reader)), type_(type) {}

  Status ReadRows(uint64_t first, uint64_t count,
                  std::span<uint8_t> out) const override {
    const AffineTensor& t = reader_.tensor();
    INLAY_ASSIGN_OR_RETURN(const auto groups, reader_.Groups());
    AffineRows rows;
    INLAY_RETURN_IF_ERROR(reader_.Read(static_cast<int64_t>(first),
                                       static_cast<int64_t>(count), &rows));
    uint8_t* block = out.data();
    for (int64_t r = 0; r < static_cast<int64_t>(count); ++r) {
      for (int64_t c = 0; c < t.columns; c += kBlock) {
        const auto place =
            static_cast<size_t>(r * t.groups + groups[static_cast<size_t>(c)]);
        const int32_t zero = rows.zeros.empty() ? t.zero : rows.zeros[place];
        const uint16_t scale = kernels::FloatToHalf(rows.scales[place]);
        std::memcpy(block, &scale, sizeof(scale));
        Pack(rows.codes.data() + r * t.columns + c, zero,
             block + sizeof(scale));
        block += kernels::GetDTypeInfo(type_).block_bytes;
      }
    }
    return OkStatus();
  }

 private:
  void Pack(const int32_t* codes, int32_t zero, uint8_t* out) const {
    if (type_ == DType::kQ8_0) {
      for (int64_t i = 0; i < kBlock; ++i) {
        out[i] = static_cast<uint8_t>(codes[i] - zero);
      }
      return;
    }
    const bool five = type_ == DType::kQ5_0;
    uint8_t* const halves = out + (five ? 4 : 0);
    std::memset(out, 0, five ? 4 + 16 : 16);
    for (int64_t i = 0; i < kBlock; ++i) {
      const int32_t code = codes[i] - zero + (five ? 16 : 8);
      const int shift = i < kBlock / 2 ? 0 : 4;
      halves[i % (kBlock / 2)] |= static_cast<uint8_t>((code & 15) << shift);
      if (code > 15) out[i / 8] |= static_cast<uint8_t>(1 << i % 8);
    }
  }

  const AffineReader reader_;
  const DType type_;
};

// Least and most of what codes less their zero points can be.
struct Span {
  int64_t least, most;
};

// nullopt if a scale is no F16.
StatusOr<std::optional<Span>> SpanOf(const AffineReader& reader) {
  const AffineTensor& t = reader.tensor();
  int32_t low = t.zero, high = t.zero;
  if (t.zeros.has_value()) {
    low = std::numeric_limits<int32_t>::max();
    high = std::numeric_limits<int32_t>::min();
  }
  const int64_t step = std::max<int64_t>((int64_t{1} << 16) / t.groups, 1);
  for (int64_t first = 0; first < t.rows; first += step) {
    AffineRows rows;
    INLAY_RETURN_IF_ERROR(
        reader.ReadScales(first, std::min(step, t.rows - first), &rows));
    for (const int32_t zero : rows.zeros) {
      low = std::min(low, zero);
      high = std::max(high, zero);
    }
    for (const float scale : rows.scales) {
      const float half = kernels::HalfToFloat(kernels::FloatToHalf(scale));
      if (!std::isfinite(half) || half != scale) return std::nullopt;
    }
  }
  const bool bytes = t.codes.layout == IntegerMatrix::Layout::kBytes;
  const int64_t least = int64_t{t.codes.added} - (bytes ? 128 : 0);
  const int64_t most = least + (int64_t{1} << t.codes.bits) - 1;
  return Span{least - high, most - low};
}

// The smallest type of blocks that holds the values exactly: every block of 32
// columns is in one group, every scale is an F16, and every code less its zero
// point has room. Else the type of the scales.
StatusOr<DType> TypeFor(const AffineReader& reader,
                        const std::vector<int32_t>& groups) {
  const AffineTensor& t = reader.tensor();
  if (t.columns % kBlock != 0) return t.scales.type;
  for (size_t c = 0; c < groups.size(); ++c) {
    if (groups[c] != groups[c - c % kBlock]) return t.scales.type;
  }
  INLAY_ASSIGN_OR_RETURN(const auto span, SpanOf(reader));
  if (!span.has_value()) return t.scales.type;
  const auto holds = [&span](int64_t least, int64_t most) {
    return span->least >= least && span->most <= most;
  };
  if (holds(-8, 7)) return DType::kQ4_0;
  if (holds(-16, 15)) return DType::kQ5_0;
  return holds(-128, 127) ? DType::kQ8_0 : t.scales.type;
}

}  // namespace

Status MakeAffine(std::string name, AffineTensor tensor,
                  std::vector<const TensorInfo*> from, QuantizedFile* file) {
  const AffineReader reader(file->source(), std::move(tensor));
  const AffineTensor& t = reader.tensor();
  INLAY_ASSIGN_OR_RETURN(const auto groups, reader.Groups());
  INLAY_ASSIGN_OR_RETURN(const DType type, TypeFor(reader, groups));
  std::shared_ptr<const TensorDecoder> decoder;
  if (type == t.scales.type) {
    decoder = std::make_shared<FloatDecoder>(reader);
  } else {
    decoder = std::make_shared<BlockDecoder>(reader, type);
  }
  return file->Make(std::move(name), type, {t.rows, t.columns},
                    std::move(decoder), from);
}

}  // namespace inlay::formats
