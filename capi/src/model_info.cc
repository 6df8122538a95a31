// What a model says about itself.
#include <inlay/inlay.h>

#include "capi/src/arguments.h"
#include "capi/src/guard.h"
#include "capi/src/metadata_text.h"
#include "capi/src/model.h"

namespace inlay::capi {
namespace {

void DescribePlan(const model::Plan& plan, inlay_model_info* info) {
  info->vocabulary_size = plan.vocabulary_size;
  info->context_length = plan.context_length;
  info->layer_count = static_cast<int32_t>(plan.cache_layers.size());
  info->embedding_length = plan.embedding_length;
  info->head_count = plan.head_count;
  info->kv_head_count = plan.kv_head_count;
  info->head_dim = plan.head_dim;
}

void DescribeTokenizer(const text::Tokenizer& tokenizer,
                       inlay_model_info* info) {
  info->has_tokenizer = 1;
  if (info->vocabulary_size == 0) info->vocabulary_size = tokenizer.size();
  info->bos_token = tokenizer.bos();
  info->eos_token = tokenizer.eos();
  info->unk_token = tokenizer.unk();
  info->pad_token = tokenizer.pad();
  info->adds_bos = tokenizer.adds_bos() ? 1 : 0;
  info->adds_eos = tokenizer.adds_eos() ? 1 : 0;
  info->end_tokens = tokenizer.end_ids().data();
  info->end_token_count = tokenizer.end_ids().size();
}

void PutString(const std::string& text, const char** data, size_t* size) {
  *data = text.c_str();
  *size = text.size();
}

void DescribeTexts(const inlay_model& model, inlay_model_info* info) {
  PutString(model.architecture, &info->architecture, &info->architecture_size);
  PutString(model.core->file().format(), &info->format, &info->format_size);
  PutString(model.name, &info->name, &info->name_size);
  PutString(model.tokenizer_text, &info->tokenizer_description,
            &info->tokenizer_description_size);
  PutString(model.device, &info->device, &info->device_size);
  PutString(model.reason, &info->not_runnable_reason,
            &info->not_runnable_reason_size);
  PutString(model.template_text, &info->chat_template,
            &info->chat_template_size);
  info->recipe = "";
  if (model.core->weights() != nullptr) {
    PutString(model.core->weights()->recipe(), &info->recipe,
              &info->recipe_size);
  }
}

Outcome GetInfo(inlay_model* model, inlay_model_info* out) {
  INLAY_RETURN_IF_BAD(CheckHandle(model));
  INLAY_RETURN_IF_BAD(CheckOut(out, "out"));
  inlay_model_info info = INLAY_MODEL_INFO_INIT;
  info.bos_token = info.eos_token = info.unk_token = info.pad_token = -1;
  if (model->core->plan() != nullptr) DescribePlan(*model->core->plan(), &info);
  if (model->core->tokenizer() != nullptr) {
    DescribeTokenizer(*model->core->tokenizer(), &info);
  }
  info.runnable = model->core->weights() != nullptr ? 1 : 0;
  info.has_chat_template = model->core->chat_template() != nullptr ? 1 : 0;
  info.parameter_count = model->parameter_count;
  info.weight_bytes = model->weight_bytes;
  info.file_bytes = model->core->file().source().size();
  DescribeTexts(*model, &info);
  WriteOut(info, out);
  return {};
}

Outcome MetadataKey(inlay_model* model, size_t index, const char** out_key,
                    size_t* out_size) {
  INLAY_RETURN_IF_BAD(CheckHandle(model));
  INLAY_RETURN_IF_BAD(CheckPointer(out_key, "out_key"));
  const auto& entries = model->core->file().metadata();
  if (index >= entries.size()) {
    return Outcome::Abi(INLAY_ERR_OUT_OF_RANGE, "index",
                        "is not below the number of entries");
  }
  *out_key = entries[index].key.c_str();
  if (out_size != nullptr) *out_size = entries[index].key.size();
  return {};
}

Outcome MetadataGet(inlay_model* model, const char* key, size_t key_size,
                    char* buffer, size_t capacity, size_t* out_size) {
  INLAY_RETURN_IF_BAD(CheckHandle(model));
  INLAY_RETURN_IF_BAD(CheckBuffer(buffer, capacity, out_size));
  std::string_view key_text;
  INLAY_RETURN_IF_BAD(ReadText(key, key_size, "key", &key_text));
  const formats::MetadataValue* value = model->core->file().Find(key_text);
  if (value == nullptr) {
    return Outcome::Abi(INLAY_ERR_NOT_FOUND, "the file's metadata",
                        "has no such key");
  }
  return PutText(MetadataToText(*value), buffer, capacity, out_size);
}

Outcome TensorInfo(inlay_model* model, size_t index, inlay_tensor_info* out) {
  INLAY_RETURN_IF_BAD(CheckHandle(model));
  INLAY_RETURN_IF_BAD(CheckOut(out, "out"));
  const auto& tensors = model->core->file().tensors();
  if (index >= tensors.size()) {
    return Outcome::Abi(INLAY_ERR_OUT_OF_RANGE, "index",
                        "is not below the number of tensors");
  }
  const formats::TensorInfo& tensor = tensors[index];
  inlay_tensor_info info = INLAY_TENSOR_INFO_INIT;
  info.rank = tensor.rank;
  for (int i = 0; i < tensor.rank && i < 4; ++i) {
    info.shape[i] = tensor.shape[static_cast<size_t>(i)];
  }
  info.offset = tensor.offset;
  info.bytes = tensor.bytes;
  PutString(tensor.name, &info.name, &info.name_size);
  const std::string_view type = kernels::GetDTypeInfo(tensor.type).name;
  info.type = type.data();  // a literal, so terminated
  info.type_size = type.size();
  WriteOut(info, out);
  return {};
}

template <typename Items>
Outcome Count(inlay_model* model, size_t* out_count, Items items) {
  INLAY_RETURN_IF_BAD(CheckHandle(model));
  INLAY_RETURN_IF_BAD(CheckPointer(out_count, "out_count"));
  *out_count = items(model->core->file());
  return {};
}

}  // namespace
}  // namespace inlay::capi

using namespace inlay::capi;  // NOLINT(build/namespaces): the shells below
using inlay::formats::ModelFile;

extern "C" {

inlay_status inlay_model_get_info(inlay_model* model, inlay_model_info* out,
                                  inlay_error* error) noexcept {
  return Guard(error, [&] { return GetInfo(model, out); });
}

inlay_status inlay_model_metadata_count(inlay_model* model, size_t* out_count,
                                        inlay_error* error) noexcept {
  return Guard(error, [&] {
    return Count(model, out_count,
                 [](const ModelFile& file) { return file.metadata().size(); });
  });
}

inlay_status inlay_model_metadata_key(inlay_model* model, size_t index,
                                      const char** out_key, size_t* out_size,
                                      inlay_error* error) noexcept {
  return Guard(error,
               [&] { return MetadataKey(model, index, out_key, out_size); });
}

inlay_status inlay_model_metadata_get(inlay_model* model, const char* key,
                                      size_t key_size, char* buffer,
                                      size_t capacity, size_t* out_size,
                                      inlay_error* error) noexcept {
  return Guard(error, [&] {
    return MetadataGet(model, key, key_size, buffer, capacity, out_size);
  });
}

inlay_status inlay_model_tensor_count(inlay_model* model, size_t* out_count,
                                      inlay_error* error) noexcept {
  return Guard(error, [&] {
    return Count(model, out_count,
                 [](const ModelFile& file) { return file.tensors().size(); });
  });
}

inlay_status inlay_model_tensor_get_info(inlay_model* model, size_t index,
                                         inlay_tensor_info* out,
                                         inlay_error* error) noexcept {
  return Guard(error, [&] { return TensorInfo(model, index, out); });
}

}  // extern "C"
