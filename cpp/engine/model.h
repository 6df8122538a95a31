// An opened model: file, vocabulary, template, and (unless vocabulary-only)
// plan and weights on one device.
#ifndef INLAY_ENGINE_MODEL_H_
#define INLAY_ENGINE_MODEL_H_

#include <memory>
#include <string>
#include <utility>

#include "cpp/backend/backend.h"
#include "cpp/engine/context.h"
#include "cpp/engine/pooling_config.h"
#include "cpp/formats/model_file.h"
#include "cpp/model/plan.h"
#include "cpp/text/chat_template.h"
#include "cpp/text/tokenizer.h"

namespace inlay::engine {

struct ModelOptions {
  bool vocabulary_only = false;  // no weights; also for unknown architectures
  std::string device = "auto";
  backend::WeightOptions weights;
  Progress progress;
};

// Immutable; any thread.
class Model {
 public:
  static StatusOr<std::shared_ptr<Model>> Open(
      std::shared_ptr<Context> context, std::shared_ptr<io::Source> source,
      const ModelOptions& options);

  // What Open puts together. A caller that has the parts already (a test)
  // makes a model of them; `file` is needed.
  struct Parts {
    std::shared_ptr<Context> context;
    std::shared_ptr<const formats::ModelFile> file;
    std::shared_ptr<const text::Tokenizer> tokenizer;
    Status tokenizer_status;
    std::shared_ptr<const text::ChatTemplate> chat_template;
    Status template_status;
    std::shared_ptr<const model::Plan> plan;
    Status plan_status;
    std::shared_ptr<backend::Weights> weights;
    PoolingConfig pooling;
    backend::Backend* backend = nullptr;
    ModelOptions options;
  };
  static std::shared_ptr<Model> FromParts(Parts parts);

  const std::shared_ptr<Context>& context() const { return parts_.context; }
  const formats::ModelFile& file() const { return *parts_.file; }
  // Null if the file has no vocabulary; then the status says why.
  const text::Tokenizer* tokenizer() const { return parts_.tokenizer.get(); }
  const Status& tokenizer_status() const { return parts_.tokenizer_status; }
  const text::ChatTemplate* chat_template() const {
    return parts_.chat_template.get();
  }
  const Status& template_status() const { return parts_.template_status; }
  // Null if the architecture cannot be run; then the status says why.
  const std::shared_ptr<const model::Plan>& plan() const { return parts_.plan; }
  // How an encoder makes vectors, unless the host says otherwise.
  const PoolingConfig& pooling() const { return parts_.pooling; }
  // Floats of a vector that Embed makes. Needs a plan.
  int64_t vector_length() const {
    return parts_.pooling.dense.empty() ? parts_.plan->embedding_length
                                        : parts_.pooling.dense.back().out;
  }
  const Status& plan_status() const { return parts_.plan_status; }
  // Null if vocabulary-only.
  const std::shared_ptr<backend::Weights>& weights() const {
    return parts_.weights;
  }
  backend::Backend* backend() const { return parts_.backend; }
  const ModelOptions& options() const { return parts_.options; }

 private:
  explicit Model(Parts parts) : parts_(std::move(parts)) {}
  const Parts parts_;
};

}  // namespace inlay::engine

#endif  // INLAY_ENGINE_MODEL_H_
