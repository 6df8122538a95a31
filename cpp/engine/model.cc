#include "cpp/engine/model.h"

#include <optional>
#include <utility>

#include "cpp/engine/dense_module.h"
#include "cpp/engine/model_folder.h"
#include "cpp/formats/gguf.h"
#include "cpp/formats/hugging_face.h"
#include "cpp/formats/quantized.h"
#include "cpp/model/derived_tensors.h"
#include "cpp/model/load.h"
#include "cpp/model/vocabulary.h"
#include "cpp/text/gguf_tokenizer.h"

namespace inlay::engine {
namespace {

StatusOr<std::shared_ptr<const text::Tokenizer>> OpenTokenizer(
    const formats::ModelFile& file) {
  INLAY_ASSIGN_OR_RETURN(text::Vocabulary vocabulary,
                         model::ReadVocabulary(file));
  return text::BuildTokenizer(std::move(vocabulary));
}

StatusOr<std::shared_ptr<const text::ChatTemplate>> OpenTemplate(
    const formats::ModelFile& file) {
  INLAY_ASSIGN_OR_RETURN(const std::optional<std::string> source,
                         file.Get<std::string>("tokenizer.chat_template"));
  if (!source.has_value()) {
    return absl::NotFoundError("the file has no chat template");
  }
  return text::ChatTemplate::Parse(*source);
}

// Parts that a model can do without: the status says why one is missing.
template <typename T>
void Keep(StatusOr<std::shared_ptr<T>> opened, std::shared_ptr<T>* part,
          Status* status) {
  if (opened.ok()) {
    *part = *std::move(opened);
  } else {
    *status = std::move(opened).status();
  }
}

Status OpenGguf(std::shared_ptr<io::Source> source, Model::Parts* parts) {
  INLAY_ASSIGN_OR_RETURN(parts->file, formats::ParseGguf(std::move(source)));
  Keep(OpenTokenizer(*parts->file), &parts->tokenizer,
       &parts->tokenizer_status);
  Keep(OpenTemplate(*parts->file), &parts->chat_template,
       &parts->template_status);
  parts->pooling = ReadPoolingType(*parts->file);
  return OkStatus();
}

Status OpenFolder(const io::Folder& folder, const model::Registered* registered,
                  Model::Parts* parts, formats::Expansion* expansion) {
  INLAY_ASSIGN_OR_RETURN(parts->file, formats::OpenHuggingFace(folder));
  // A file whose weights cannot be read still has its vocabulary.
  auto expanded = formats::ExpandQuantized(parts->file, expansion);
  if (expanded.ok()) {
    INLAY_ASSIGN_OR_RETURN(
        parts->file, model::DeriveTensors(*std::move(expanded), registered));
  } else {
    parts->plan_status = std::move(expanded).status();
  }
  Keep(OpenFolderTokenizer(folder, *parts->file), &parts->tokenizer,
       &parts->tokenizer_status);
  Keep(OpenFolderTemplate(folder), &parts->chat_template,
       &parts->template_status);
  INLAY_ASSIGN_OR_RETURN(parts->pooling, ReadPoolingConfig(folder));
  return OkStatus();
}

Status LoadWeights(Model::Parts* parts) {
  INLAY_RETURN_IF_ERROR(parts->plan_status);
  INLAY_ASSIGN_OR_RETURN(ThreadPool * threads, parts->context->threads());
  INLAY_ASSIGN_OR_RETURN(
      parts->weights,
      parts->backend->LoadWeights(
          parts->file, parts->plan, parts->options.weights,
          parts->context->memory(), threads, parts->options.progress));
  return OkStatus();
}

}  // namespace

std::shared_ptr<Model> Model::FromParts(Parts parts) {
  return std::shared_ptr<Model>(new Model(std::move(parts)));
}

StatusOr<std::shared_ptr<Model>> Model::Open(std::shared_ptr<Context> context,
                                             std::shared_ptr<io::Source> source,
                                             const ModelOptions& options) {
  if (context == nullptr) return absl::InvalidArgumentError("no context");
  if (source == nullptr) return absl::InvalidArgumentError("no source");
  Parts parts;
  parts.context = std::move(context);
  parts.options = options;
  const auto registered = parts.context->architectures();
  // A device that was asked for by name and is unusable is an error in any
  // case; without weights, any device serves for the estimate.
  INLAY_ASSIGN_OR_RETURN(parts.backend,
                         parts.context->FindBackend(options.device));
  formats::Expansion expansion;
  INLAY_RETURN_IF_ERROR(source->folder() == nullptr
                            ? OpenGguf(std::move(source), &parts)
                            : OpenFolder(*source->folder(), registered.get(),
                                         &parts, &expansion));
  if (parts.plan_status.ok()) {
    Keep(model::CompilePlan(*parts.file, parts.pooling.found, registered.get()),
         &parts.plan, &parts.plan_status);
  }
  if (parts.plan != nullptr && parts.pooling.status.ok()) {
    parts.pooling.status =
        CheckDense(parts.pooling.dense, parts.plan->embedding_length);
    if (!parts.pooling.status.ok()) parts.pooling.dense.clear();
  }
  if (!options.vocabulary_only) {
    if (parts.plan_status.ok() && expansion.expanded > 0) {
      parts.context->log().Write(LogLevel::kWarning, expansion.Warning());
    }
    INLAY_RETURN_IF_ERROR(LoadWeights(&parts));
  }
  // The host's callback is not called after this returns.
  parts.options.progress = nullptr;
  return FromParts(std::move(parts));
}

}  // namespace inlay::engine
