// Matrices of small integers with scales and zero points, in the layouts that
// quantisation tools store.
#ifndef INLAY_FORMATS_AFFINE_READER_H_
#define INLAY_FORMATS_AFFINE_READER_H_

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "cpp/formats/quantized_file.h"

namespace inlay::formats {

// Integers of a matrix [rows, columns]. A word is an I32; the first integer is
// in its lowest bits.
struct IntegerMatrix {
  enum class Layout : uint8_t {
    kBytes,             // I8 [rows, columns]
    kColumnsInWords,    // I32 [rows, columns / n]: n columns of a row
    kRowsInWords,       // I32 [rows / n, columns]: n rows of a column
    kColumnsAcross,     // I32 [columns / n, rows]
    kRowsAcross,        // I32 [columns, rows / n]
    kRowsAcrossByTwos,  // the same, in the order 0 2 4 6 1 3 5 7
  };
  TensorInfo tensor;
  Layout layout = Layout::kBytes;
  int bits = 8;                 // of those in words: 4 or 8
  uint32_t added_to_words = 0;  // carries run from integer to integer
  int32_t added = 0;            // to each

  // The shape that the tensor must have; kInvalidArgument if not.
  Status Check(int64_t rows, int64_t columns) const;
  // Rows [first, first + count), row-major.
  Status Read(const PartReader& reader, int64_t rows, int64_t columns,
              int64_t first, int64_t count, std::vector<int32_t>* out) const;
};

// w[r][c] = scale[r][g] * (code[r][c] - zero[r][g]), g the group of column c.
struct AffineTensor {
  int64_t rows = 0, columns = 0, groups = 0;
  IntegerMatrix codes;
  TensorInfo scales;           // floats [rows, groups], or one
  bool scales_across = false;  // [groups, rows]
  std::optional<IntegerMatrix> zeros;
  int32_t zero = 0;                           // without `zeros`
  std::optional<TensorInfo> group_of_column;  // I32 [columns]
};

// Some rows of it.
struct AffineRows {
  std::vector<int32_t> codes;  // [count, columns]
  std::vector<int32_t> zeros;  // [count, groups]; empty: AffineTensor::zero
  std::vector<float> scales;   // [count, groups]
};

class AffineReader {
 public:
  AffineReader(std::shared_ptr<io::Source> source, AffineTensor tensor)
      : reader_(std::move(source)), tensor_(std::move(tensor)) {}

  const AffineTensor& tensor() const { return tensor_; }
  Status Read(int64_t first, int64_t count, AffineRows* rows) const;
  // Scales and zero points alone.
  Status ReadScales(int64_t first, int64_t count, AffineRows* rows) const;
  // The group of each column; kDataLoss names one that does not exist.
  StatusOr<std::vector<int32_t>> Groups() const;

 private:
  Status ReadZeros(int64_t first, int64_t count, AffineRows* rows) const;

  const PartReader reader_;
  const AffineTensor tensor_;
};

// Makes the weight `name`: in blocks of 32 with an F16 scale if those hold the
// values exactly, else as floats of the scales' type. See docs/numerics.md.
Status MakeAffine(std::string name, AffineTensor tensor,
                  std::vector<const TensorInfo*> from, QuantizedFile* file);

}  // namespace inlay::formats

#endif  // INLAY_FORMATS_AFFINE_READER_H_
