// An opened model: file, vocabulary, template, and (unless vocabulary-only)
// plan and weights on one device.
#ifndef INLAY_ENGINE_MODEL_H_
#define INLAY_ENGINE_MODEL_H_

#include <memory>
#include <string>

#include "cpp/backend/backend.h"
#include "cpp/engine/context.h"
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

  const std::shared_ptr<Context>& context() const { return context_; }
  const formats::ModelFile& file() const { return *file_; }
  // Null if the file has no vocabulary; then the status says why.
  const text::Tokenizer* tokenizer() const { return tokenizer_.get(); }
  const Status& tokenizer_status() const { return tokenizer_status_; }
  const text::ChatTemplate* chat_template() const { return template_.get(); }
  const Status& template_status() const { return template_status_; }
  // Null if the architecture cannot be run; then the status says why.
  const std::shared_ptr<const model::Plan>& plan() const { return plan_; }
  const Status& plan_status() const { return plan_status_; }
  // Null if vocabulary-only.
  const std::shared_ptr<backend::Weights>& weights() const { return weights_; }
  backend::Backend* backend() const { return backend_; }
  const ModelOptions& options() const { return options_; }

 private:
  Model() = default;
  std::shared_ptr<Context> context_;
  std::shared_ptr<const formats::ModelFile> file_;
  std::shared_ptr<const text::Tokenizer> tokenizer_;
  Status tokenizer_status_;
  std::shared_ptr<const text::ChatTemplate> template_;
  Status template_status_;
  std::shared_ptr<const model::Plan> plan_;
  Status plan_status_;
  std::shared_ptr<backend::Weights> weights_;
  backend::Backend* backend_ = nullptr;
  ModelOptions options_;
};

}  // namespace inlay::engine

#endif  // INLAY_ENGINE_MODEL_H_
