// Tensors whose bytes are made from others of the file as they are read.
#ifndef INLAY_FORMATS_MADE_TENSORS_H_
#define INLAY_FORMATS_MADE_TENSORS_H_

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cpp/formats/model_file.h"

namespace inlay::formats {

// Makes rows of one tensor. Any number of threads may read at once.
class TensorDecoder {
 public:
  virtual ~TensorDecoder() = default;
  // Fills `out`, which has room for exactly `count` rows from row `first`. Its
  // memory is bounded by a small multiple of `out` and of one row.
  virtual Status ReadRows(uint64_t first, uint64_t count,
                          std::span<uint8_t> out) const = 0;
};

struct MadeTensor {
  TensorInfo tensor;  // its offset is behind the end of the file
  std::shared_ptr<const TensorDecoder> decoder;
};

// Collects what a file gets instead of some of its tensors.
class MadeTensors {
 public:
  explicit MadeTensors(std::shared_ptr<const ModelFile> file);

  // The file gets `made`, instead of the tensor of that name if it has one.
  // Offset and bytes are set here. kResourceExhausted: beyond 2^60 bytes.
  Status Add(TensorInfo made, std::shared_ptr<const TensorDecoder> decoder);
  // The file loses this tensor.
  void Drop(const std::string& name) {
    dropped_.insert(name);
    changed_ = true;
  }

  // The file itself if nothing was added or dropped. Else one with the same
  // metadata, which has no mapping.
  std::shared_ptr<const ModelFile> Finish() &&;

 private:
  const std::shared_ptr<const ModelFile> file_;
  std::vector<TensorInfo> tensors_;
  HashMap<std::string, size_t> places_;
  HashSet<std::string> dropped_;
  std::vector<MadeTensor> made_;
  uint64_t end_;
  bool changed_ = false;
};

}  // namespace inlay::formats

#endif  // INLAY_FORMATS_MADE_TENSORS_H_
