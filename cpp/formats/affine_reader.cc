#include "cpp/formats/affine_reader.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp/formats/gguf_reader.h"

namespace inlay::formats {
namespace {

using Layout = IntegerMatrix::Layout;

constexpr uint64_t kWord = sizeof(uint32_t);
// Where the value of each row of eight lies in the word.
constexpr int kByTwos[8] = {0, 4, 1, 5, 2, 6, 3, 7};

int64_t DivideUp(int64_t a, int64_t b) { return (a + b - 1) / b; }

uint32_t LoadWord(const uint8_t* bytes) {
  uint32_t word = 0;
  for (int i = 3; i >= 0; --i) word = word << 8 | bytes[i];
  return word;
}

// The part of the stored matrix that holds some rows, in words or bytes: so
// many lines from `line`, of each `width` from `from`.
struct Window {
  int64_t line, lines, from, width, stride;
};

Window WindowOf(const IntegerMatrix& matrix, int64_t rows, int64_t columns,
                int64_t first, int64_t count) {
  const int64_t n = matrix.layout == Layout::kBytes ? 1 : 32 / matrix.bits;
  const int64_t begin = first / n, end = (first + count - 1) / n + 1;
  switch (matrix.layout) {
    case Layout::kBytes:
    case Layout::kColumnsInWords: {
      const int64_t width = DivideUp(columns, n);
      return {first, count, 0, width, width};
    }
    case Layout::kRowsInWords:
      return {begin, end - begin, 0, columns, columns};
    case Layout::kColumnsAcross:
      return {0, DivideUp(columns, n), first, count, rows};
    default:
      return {0, columns, begin, end - begin, DivideUp(rows, n)};
  }
}

// The integers of row `row`: `words` is where its first one lies, `step` leads
// to the next word of the row.
struct Unpacker {
  const IntegerMatrix& matrix;
  const uint8_t* words;
  int64_t step;

  int32_t Value(const uint8_t* at, int64_t part) const {
    const uint32_t word = LoadWord(at) + matrix.added_to_words;
    const uint32_t mask = (1u << matrix.bits) - 1;
    return static_cast<int32_t>(word >> (part * matrix.bits) & mask) +
           matrix.added;
  }
  // A word is of one column: integer `part` of each.
  void OneOfEach(int64_t part, std::span<int32_t> out) const {
    const uint8_t* at = words;
    for (int32_t& value : out) {
      value = Value(at, part);
      at += step;
    }
  }
  // A word is of neighbouring columns.
  void AllOfEach(std::span<int32_t> out) const {
    const auto n = static_cast<size_t>(32 / matrix.bits);
    const uint8_t* at = words;
    for (size_t c = 0; c < out.size(); c += n) {
      for (size_t i = 0; i < std::min(n, out.size() - c); ++i) {
        out[c + i] = Value(at, static_cast<int64_t>(i));
      }
      at += step;
    }
  }
};

void UnpackRow(const IntegerMatrix& matrix, const Window& w,
               const std::vector<uint8_t>& bytes, int64_t first, int64_t row,
               std::span<int32_t> out) {
  constexpr auto kBytes = static_cast<int64_t>(kWord);
  const int64_t n = 32 / matrix.bits, part = row % n;
  const int64_t line = w.width * kBytes;
  const uint8_t* const begin = bytes.data();
  switch (matrix.layout) {
    case Layout::kColumnsInWords:
      Unpacker{matrix, begin + (row - first) * line, kBytes}.AllOfEach(out);
      return;
    case Layout::kColumnsAcross:
      Unpacker{matrix, begin + (row - first) * kBytes, line}.AllOfEach(out);
      return;
    case Layout::kRowsInWords:
      Unpacker{matrix, begin + (row / n - w.line) * line, kBytes}.OneOfEach(
          part, out);
      return;
    default:
      Unpacker{matrix, begin + (row / n - w.from) * kBytes, line}.OneOfEach(
          matrix.layout == Layout::kRowsAcrossByTwos ? kByTwos[part] : part,
          out);
  }
}

}  // namespace

Status IntegerMatrix::Check(int64_t rows, int64_t columns) const {
  if (layout == Layout::kBytes) {
    INLAY_RETURN_IF_ERROR(CheckType(tensor, {DType::kI8}));
    return CheckShape(tensor, {rows, columns});
  }
  INLAY_RETURN_IF_ERROR(CheckType(tensor, {DType::kI32}));
  const int64_t n = 32 / bits;
  switch (layout) {
    case Layout::kColumnsInWords:
      return CheckShape(tensor, {rows, DivideUp(columns, n)});
    case Layout::kRowsInWords:
      return CheckShape(tensor, {DivideUp(rows, n), columns});
    case Layout::kColumnsAcross:
      return CheckShape(tensor, {DivideUp(columns, n), rows});
    default:
      return CheckShape(tensor, {columns, DivideUp(rows, n)});
  }
}

Status IntegerMatrix::Read(const PartReader& reader, int64_t rows,
                           int64_t columns, int64_t first, int64_t count,
                           std::vector<int32_t>* out) const {
  const Window w = WindowOf(*this, rows, columns, first, count);
  const uint64_t unit = layout == Layout::kBytes ? 1 : kWord;
  std::vector<uint8_t> bytes(static_cast<uint64_t>(w.lines * w.width) * unit);
  INLAY_RETURN_IF_ERROR(reader.Read(
      tensor.offset + static_cast<uint64_t>(w.line * w.stride + w.from) * unit,
      static_cast<uint64_t>(w.lines), static_cast<uint64_t>(w.stride) * unit,
      static_cast<uint64_t>(w.width) * unit, bytes.data()));
  out->resize(static_cast<size_t>(count * columns));
  int32_t* value = out->data();
  if (layout == Layout::kBytes) {
    for (const uint8_t byte : bytes) {
      *value++ = static_cast<int8_t>(byte) + added;
    }
    return OkStatus();
  }
  for (int64_t r = first; r < first + count; ++r) {
    UnpackRow(*this, w, bytes, first, r, {value, static_cast<size_t>(columns)});
    value += columns;
  }
  return OkStatus();
}

Status AffineReader::ReadScales(int64_t first, int64_t count,
                                AffineRows* rows) const {
  const AffineTensor& t = tensor_;
  const auto element =
      static_cast<uint64_t>(kernels::GetDTypeInfo(t.scales.type).block_bytes);
  const auto groups = static_cast<uint64_t>(t.groups);
  const auto n = static_cast<uint64_t>(count);
  if (t.scales.elements() == 1) {  // one for all
    uint8_t stored[sizeof(float)] = {};
    float value = 0;
    INLAY_RETURN_IF_ERROR(
        reader_.Read(t.scales.offset, 1, element, element, stored));
    kernels::Dequantize(t.scales.type, stored, 1, &value);
    rows->scales.assign(n * groups, value);
    return ReadZeros(first, count, rows);
  }
  std::vector<uint8_t> stored(n * groups * element);
  std::vector<float> values(n * groups);
  const uint64_t line =
      (t.scales_across ? static_cast<uint64_t>(t.rows) : groups) * element;
  const uint64_t begin =
      static_cast<uint64_t>(first) * (t.scales_across ? element : line);
  INLAY_RETURN_IF_ERROR(
      reader_.Read(t.scales.offset + begin, t.scales_across ? groups : n, line,
                   t.scales_across ? n * element : line, stored.data()));
  kernels::Dequantize(t.scales.type, stored.data(),
                      static_cast<int64_t>(values.size()), values.data());
  if (t.scales_across) {
    rows->scales.resize(values.size());
    for (uint64_t r = 0; r < n; ++r) {
      for (uint64_t g = 0; g < groups; ++g) {
        rows->scales[r * groups + g] = values[g * n + r];
      }
    }
  } else {
    rows->scales = std::move(values);
  }
  return ReadZeros(first, count, rows);
}

Status AffineReader::ReadZeros(int64_t first, int64_t count,
                               AffineRows* rows) const {
  if (!tensor_.zeros.has_value()) return OkStatus();
  return tensor_.zeros->Read(reader_, tensor_.rows, tensor_.groups, first,
                             count, &rows->zeros);
}

Status AffineReader::Read(int64_t first, int64_t count,
                          AffineRows* rows) const {
  INLAY_RETURN_IF_ERROR(ReadScales(first, count, rows));
  return tensor_.codes.Read(reader_, tensor_.rows, tensor_.columns, first,
                            count, &rows->codes);
}

StatusOr<std::vector<int32_t>> AffineReader::Groups() const {
  std::vector<int32_t> groups(static_cast<size_t>(tensor_.columns));
  if (!tensor_.group_of_column.has_value()) {
    const int64_t size = DivideUp(tensor_.columns, tensor_.groups);
    for (int64_t c = 0; c < tensor_.columns; ++c) {
      groups[static_cast<size_t>(c)] = static_cast<int32_t>(c / size);
    }
    return groups;
  }
  const TensorInfo& stored = *tensor_.group_of_column;
  std::vector<uint8_t> bytes(stored.bytes);
  INLAY_RETURN_IF_ERROR(
      reader_.Read(stored.offset, 1, stored.bytes, stored.bytes, bytes.data()));
  for (size_t c = 0; c < groups.size(); ++c) {
    groups[c] = static_cast<int32_t>(LoadWord(bytes.data() + c * kWord));
    if (groups[c] < 0 || groups[c] >= tensor_.groups) {
      return absl::DataLossError(
          absl::StrCat("tensor ", Quoted(stored.name), " puts column ", c,
                       " into group ", groups[c], " of ", tensor_.groups));
    }
  }
  return groups;
}

}  // namespace inlay::formats
