#include "capi/src/model.h"

#include <utility>

#include "capi/src/arguments.h"
#include "capi/src/context.h"
#include "capi/src/guard.h"
#include "capi/src/options.h"
#include "capi/src/source.h"

namespace inlay::capi {
namespace {

std::string MetadataText(const formats::ModelFile& file, std::string_view key) {
  const formats::MetadataValue* value = file.Find(key);
  if (value == nullptr) return std::string();
  const auto* text = std::get_if<std::string>(value);
  return text == nullptr ? std::string() : *text;
}

Outcome Open(inlay_context* context, const inlay_model_source* given_source,
             const inlay_model_options* given_options, inlay_model** out) {
  INLAY_RETURN_IF_BAD(CheckHandle(context));
  INLAY_RETURN_IF_BAD(CheckPointer(out, "out"));
  *out = nullptr;
  inlay_model_options copy;
  engine::ModelOptions options;
  INLAY_RETURN_IF_BAD(ReadModelOptions(given_options, &copy, &options));
  options.progress = HostProgress(copy);
  OpenedSource source;
  INLAY_RETURN_IF_BAD(OpenSource(given_source, &source));
  auto model =
      engine::Model::Open(context->core, std::move(source.source), options);
  if (!model.ok()) return source.Explain(std::move(model).status());
  auto handle = MakeModel(*std::move(model));
  source.release->Arm();
  *out = handle.release();
  return {};
}

}  // namespace

std::unique_ptr<inlay_model> MakeModel(std::shared_ptr<engine::Model> core) {
  auto handle = std::make_unique<inlay_model>();
  const formats::ModelFile& file = core->file();
  handle->architecture = MetadataText(file, "general.architecture");
  if (handle->architecture.empty() && core->plan() != nullptr) {
    handle->architecture = core->plan()->architecture;
  }
  handle->name = MetadataText(file, "general.name");
  handle->tokenizer_text =
      core->tokenizer() != nullptr
          ? std::string(core->tokenizer()->description())
          : std::string(core->tokenizer_status().message());
  if (core->chat_template() != nullptr) {
    handle->template_text = core->chat_template()->source();
  } else if (!absl::IsNotFound(core->template_status())) {
    handle->template_text = std::string(core->template_status().message());
  }
  if (core->plan() == nullptr) {
    handle->reason = std::string(core->plan_status().message());
  } else if (core->weights() == nullptr) {
    handle->reason = "opened for its vocabulary only";
  } else if (core->backend() != nullptr) {
    handle->device = core->backend()->info().name;
  }
  for (const formats::TensorInfo& tensor : file.tensors()) {
    handle->parameter_count += static_cast<uint64_t>(tensor.elements());
    handle->weight_bytes += tensor.bytes;
  }
  handle->core = std::move(core);
  return handle;
}

Outcome TokenizerOf(const inlay_model* model, const text::Tokenizer** out) {
  INLAY_RETURN_IF_BAD(CheckHandle(model));
  *out = model->core->tokenizer();
  if (*out != nullptr) return {};
  const Status& why = model->core->tokenizer_status();
  if (!why.ok()) return why;
  return Outcome::Abi(INLAY_ERR_FAILED_PRECONDITION, "the model",
                      "has no vocabulary");
}

Outcome ReadModelOptions(const inlay_model_options* given,
                         inlay_model_options* copy, engine::ModelOptions* out) {
  INLAY_RETURN_IF_BAD(CopyInOptional(given, "options", copy));
  INLAY_RETURN_IF_BAD(CheckFlags(copy->flags, kAll_inlay_model_flags, "flags"));
  std::string_view device;
  INLAY_RETURN_IF_BAD(
      ReadText(copy->device, copy->device_size, "device", &device));
  if (copy->options != nullptr) INLAY_RETURN_IF_BAD(CheckLive(copy->options));
  out->vocabulary_only = (copy->flags & INLAY_MODEL_VOCABULARY_ONLY) != 0;
  out->device = device.empty() ? "auto" : std::string(device);
  out->weights.isa = std::string(OptionText(copy->options, kOption_isa));
  out->weights.in_place = OptionText(copy->options, kOption_in_place) == "on";
  return {};
}

Progress HostProgress(const inlay_model_options& options) {
  if (options.progress == nullptr) return Progress();
  return [progress = options.progress, user_data = options.progress_user_data](
             std::string_view stage, uint64_t done, uint64_t total) -> Status {
    const std::string name(stage);
    if (progress(user_data, name.c_str(), name.size(), done, total) == 0) {
      return OkStatus();
    }
    return absl::CancelledError("the host cancelled the opening");
  };
}

}  // namespace inlay::capi

using namespace inlay::capi;  // NOLINT(build/namespaces): the shells below

extern "C" {

inlay_status inlay_model_open(inlay_context* context,
                              const inlay_model_source* source,
                              const inlay_model_options* options,
                              inlay_model** out, inlay_error* error) noexcept {
  return Guard(error, [&] { return Open(context, source, options, out); });
}

inlay_status inlay_model_retain(inlay_model* model,
                                inlay_error* error) noexcept {
  return Guard(error, [&] { return Retain(model); });
}

void inlay_model_release(inlay_model* model) noexcept {
  GuardVoid([&] { Release(model, [](inlay_model* h) { delete h; }); });
}

}  // extern "C"
