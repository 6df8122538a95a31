// Finds the tensors of an architecture in a file and checks their shapes.
#ifndef INLAY_MODEL_TENSOR_MAP_H_
#define INLAY_MODEL_TENSOR_MAP_H_

#include <string>
#include <vector>

#include "cpp/architectures/architecture.pb.h"
#include "cpp/base/hash_map.h"
#include "cpp/base/status.h"
#include "cpp/formats/model_file.h"
#include "cpp/model/file_names.h"
#include "cpp/model/plan.h"

namespace inlay::model {

// Adds weights to a Plan by name. Every tensor used is remembered, so that one
// without a place in the architecture is an error and not a silent omission.
class TensorMap {
 public:
  TensorMap(const architectures::Architecture& architecture,
            const formats::ModelFile& file, Plan* plan)
      : architecture_(architecture), names_(architecture, file), plan_(plan) {}

  // The weight `names` of layer `layer` (-1: none) as [rows, columns]; rows 0
  // accepts any. -1 if the description or, when optional, the file lacks it.
  // kInvalidArgument names a missing tensor or a wrong shape; kUnimplemented
  // a type that cannot be computed with.
  StatusOr<WeightId> Matrix(const architectures::Tensor& names, int layer,
                            int64_t rows, int64_t columns);
  // A vector of `length` floats.
  StatusOr<WeightId> Vector(const architectures::Tensor& names, int layer,
                            int64_t length);

  // `count` matrices of [rows, columns], one after the other in one tensor of
  // up to three dimensions; with rows 1, vectors. None if Matrix had given -1.
  StatusOr<std::vector<WeightId>> Stack(const architectures::Tensor& names,
                                        int layer, int64_t count, int64_t rows,
                                        int64_t columns);

  const FileNames& names() const { return names_; }
  bool Has(const architectures::Tensor& names, int layer) const {
    return names_.FindTensor(names, layer) != nullptr;
  }

  // A tensor of one number that is read while the Plan is made. Null if the
  // description or, when optional, the file lacks it.
  StatusOr<const formats::TensorInfo*> Constant(
      const architectures::Tensor& names, int layer);

  // The file may have this tensor although nothing reads it.
  void Ignore(const architectures::Tensor& names);
  // kUnimplemented naming the first tensor that nothing asked for.
  Status CheckAllUsed() const;

 private:
  StatusOr<WeightId> Add(const architectures::Tensor& names, int layer,
                         int64_t rows, int64_t columns, bool vector);
  // Null if the description or, when optional, the file lacks it.
  StatusOr<const formats::TensorInfo*> Find(const architectures::Tensor& names,
                                            int layer);
  WeightId Use(const formats::TensorInfo& tensor, int64_t rows, int64_t first);
  void AddExtraLayers(HashSet<std::string>* known) const;

  const architectures::Architecture& architecture_;
  const FileNames names_;
  Plan* const plan_;
  HashSet<std::string> used_;
  int max_layer_ = -1;
};

}  // namespace inlay::model

#endif  // INLAY_MODEL_TENSOR_MAP_H_
