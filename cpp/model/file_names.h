// What an architecture's keys and tensors are called in one file.
#ifndef INLAY_MODEL_FILE_NAMES_H_
#define INLAY_MODEL_FILE_NAMES_H_

#include <optional>
#include <string>
#include <vector>

#include "cpp/architectures/architecture.pb.h"
#include "cpp/base/status.h"
#include "cpp/formats/model_file.h"

namespace inlay::model {

// The one place that knows which of the names in a description a file uses.
class FileNames {
 public:
  FileNames(const architectures::Architecture& architecture,
            const formats::ModelFile& file)
      : architecture_(architecture), file_(file) {}

  bool huggingface() const {
    return file_.naming() == formats::Naming::kHuggingFace;
  }
  const formats::ModelFile& file() const { return file_; }

  // The name that the file has for `key`, else the one it would have; empty if
  // the description gives it none.
  std::string Key(const architectures::Key& key) const;
  // What messages call it: "metadata key llama.block_count".
  std::string Describe(const architectures::Key& key, const char* what) const;
  // nullopt if the file lacks the key and it has no default. `width` is what
  // defaults may be multiples of.
  StatusOr<std::optional<double>> Number(const architectures::Key& key,
                                         double width) const;
  // A key that is true or false, or whose number is the one it asks for.
  StatusOr<std::optional<bool>> Flag(const architectures::Key& key) const;

  // All names that a tensor may have in this kind of file, best first.
  std::vector<std::string> Tensor(const architectures::Tensor& tensor,
                                  int layer) const;
  // Null if the file has none of them.
  const formats::TensorInfo* FindTensor(const architectures::Tensor& tensor,
                                        int layer) const;

  // Names of tensors that are not read, with {layer} in them.
  std::vector<std::string> IgnoredTensors() const;
  architectures::RopePairs RopePairs() const;

 private:
  std::vector<std::string> WithPrefixes(const std::string& name) const;

  const architectures::Architecture& architecture_;
  const formats::ModelFile& file_;
};

// Replaces {arch} by the architecture's GGUF name.
std::string ExpandKey(const architectures::Architecture& architecture,
                      const std::string& key);
// Replaces {layer}.
std::string ExpandLayer(const std::string& name, int layer);

}  // namespace inlay::model

#endif  // INLAY_MODEL_FILE_NAMES_H_
