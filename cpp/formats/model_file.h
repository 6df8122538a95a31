// What a model file says about itself, checked, whatever its format.
#ifndef INLAY_FORMATS_MODEL_FILE_H_
#define INLAY_FORMATS_MODEL_FILE_H_

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "cpp/base/hash_map.h"
#include "cpp/base/status.h"
#include "cpp/io/source.h"
#include "kernels/common/dtype.h"

namespace inlay::formats {

// Integers widen to int64 or uint64, floats to double; arrays are of one type.
using MetadataValue =
    std::variant<bool, int64_t, uint64_t, double, std::string,
                 std::vector<bool>, std::vector<int64_t>, std::vector<uint64_t>,
                 std::vector<double>, std::vector<std::string>>;

using kernels::DType;

struct MetadataEntry {
  std::string key;
  MetadataValue value;
};

// One tensor. `shape` is row-major: shape[rank-1] is contiguous; a linear
// weight is [out_features, in_features]. The bytes lie inside the source.
struct TensorInfo {
  std::string name;
  DType type = DType::kF32;
  int rank = 0;                       // 1..4
  std::array<int64_t, 4> shape = {};  // each >= 1, first `rank` used
  uint64_t offset = 0;                // absolute, in the source
  uint64_t bytes = 0;
  int64_t elements() const;  // fits int64, checked when parsed
  int64_t columns() const { return shape[rank - 1]; }
  int64_t rows() const { return elements() / columns(); }
};

// Whose names the keys and tensors have.
enum class Naming : uint8_t { kGguf, kHuggingFace };

// Immutable after parsing; safe to read from any thread.
class ModelFile {
 public:
  ModelFile(std::shared_ptr<io::Source> source, std::string format,
            std::vector<MetadataEntry> metadata,
            std::vector<TensorInfo> tensors, Naming naming = Naming::kGguf);

  const io::Source& source() const { return *source_; }
  std::shared_ptr<io::Source> shared_source() const { return source_; }
  Naming naming() const { return naming_; }
  // "GGUF v3", "safetensors", ...
  const std::string& format() const { return format_; }
  const std::vector<MetadataEntry>& metadata() const { return metadata_; }
  const std::vector<TensorInfo>& tensors() const { return tensors_; }

  // Null if absent.
  const MetadataValue* Find(std::string_view key) const;
  const TensorInfo* FindTensor(std::string_view name) const;

  // Typed look-ups. nullopt if absent; kInvalidArgument naming the key if the
  // value has another type or does not fit. Get<T> with T one of bool,
  // int64_t, uint64_t, double (accepts integers), std::string.
  template <typename T>
  StatusOr<std::optional<T>> Get(std::string_view key) const;

 private:
  std::shared_ptr<io::Source> source_;
  std::string format_;
  std::vector<MetadataEntry> metadata_;
  std::vector<TensorInfo> tensors_;
  Naming naming_;
  HashMap<std::string, size_t> metadata_index_;
  HashMap<std::string, size_t> tensor_index_;
};

}  // namespace inlay::formats

#endif  // INLAY_FORMATS_MODEL_FILE_H_
