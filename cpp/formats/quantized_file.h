// What the readers of quantisation methods share: the configuration, the
// tensors of a module, and their checks.
#ifndef INLAY_FORMATS_QUANTIZED_FILE_H_
#define INLAY_FORMATS_QUANTIZED_FILE_H_

#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cpp/formats/made_tensors.h"
#include "cpp/formats/model_file.h"
#include "cpp/formats/quantized.h"

namespace inlay::formats {

// More is not the row of a weight.
inline constexpr int64_t kMaxQuantizedColumns = int64_t{1} << 24;

// A module is what comes before the suffix of a tensor's name: ".qweight".
class QuantizedFile {
 public:
  // `prefix` stands before the keys of the configuration.
  QuantizedFile(std::shared_ptr<const ModelFile> file, std::string prefix)
      : file_(std::move(file)), prefix_(std::move(prefix)), made_(file_) {}

  const ModelFile& file() const { return *file_; }
  const std::shared_ptr<io::Source> source() const {
    return file_->shared_source();
  }
  std::string Key(std::string_view key) const {
    return prefix_ + std::string(key);
  }

  // kInvalidArgument names the key: absent, or of another type.
  StatusOr<int64_t> Integer(std::string_view key) const;
  StatusOr<std::string> Text(std::string_view key, std::string absent) const;
  StatusOr<bool> Flag(std::string_view key, bool absent) const;
  // True if there is a key that begins so.
  bool HasBelow(std::string_view key) const;
  Status Unsupported(std::string_view key, std::string_view value) const;
  // The type that the configuration gives the model; nullopt: none.
  std::optional<DType> ModelType() const;

  std::vector<std::string> Modules(std::string_view suffix) const;
  // Null if absent.
  const TensorInfo* Find(const std::string& module,
                         std::string_view suffix) const {
    return file_->FindTensor(module + std::string(suffix));
  }
  StatusOr<const TensorInfo*> Need(const std::string& module,
                                   std::string_view suffix,
                                   const TensorInfo& needed_by) const;

  // The weight `name`, made from `from`, whose names it loses.
  Status Make(std::string name, DType type, const std::vector<int64_t>& shape,
              std::shared_ptr<const TensorDecoder> decoder,
              const std::vector<const TensorInfo*>& from);
  // The tensors with these suffixes say nothing about weights.
  void DropAll(std::initializer_list<std::string_view> suffixes);
  // kInvalidArgument names the first tensor with one of these suffixes that no
  // weight was made from.
  Status CheckAllUsed(std::initializer_list<std::string_view> suffixes) const;

  std::shared_ptr<const ModelFile> Finish(Expansion* expansion) &&;

 private:
  const std::shared_ptr<const ModelFile> file_;
  const std::string prefix_;
  MadeTensors made_;
  HashSet<std::string> used_;
  Expansion expansion_;
};

// kInvalidArgument names the tensor and what it has.
Status CheckType(const TensorInfo& tensor, std::initializer_list<DType> types);
Status CheckShape(const TensorInfo& tensor,
                  std::initializer_list<int64_t> shape);
// Two dimensions, the columns at most kMaxQuantizedColumns.
Status CheckMatrix(const TensorInfo& tensor);
// F32, F16 or BF16.
Status CheckFloats(const TensorInfo& tensor);
Status WrongTensor(const TensorInfo& tensor, std::string_view what);

// The whole of a small tensor; kResourceExhausted beyond `limit` bytes.
StatusOr<std::vector<uint8_t>> ReadTensor(const io::Source& source,
                                          const TensorInfo& tensor,
                                          uint64_t limit);
// Rounds to nearest even. `type` is F32, F16 or BF16.
void StoreFloats(DType type, std::span<const float> values, uint8_t* out);

// Bytes of a file, from its mapping if it has one.
class PartReader {
 public:
  explicit PartReader(std::shared_ptr<io::Source> source)
      : source_(std::move(source)), mapped_(source_->Mapped()) {}
  // `lines` times `bytes`, each line `stride` behind the one before.
  Status Read(uint64_t offset, uint64_t lines, uint64_t stride, uint64_t bytes,
              uint8_t* out) const;

 private:
  const std::shared_ptr<io::Source> source_;
  const std::span<const uint8_t> mapped_;
};

}  // namespace inlay::formats

#endif  // INLAY_FORMATS_QUANTIZED_FILE_H_
