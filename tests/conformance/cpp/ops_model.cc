#include <fcntl.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>

#include "runner.h"

namespace conformance {
namespace {

void Put(const char* key, std::string_view text) {
  put_text(key, text.data(), text.size());
}

void Ok() { put_status(INLAY_OK, nullptr); }

void RunLibrary(const json* step) {
  const json* features = json_get(step, "features");
  Ok();
  put_int("abi", inlay_abi_version());
  Put("version", inlay_version());
  open_list("features");
  for (size_t i = 0; i < features->size; ++i) {
    put_int(nullptr, inlay_has_feature(features->items[i].text));
  }
  close_list();
}

void RunContext(const json* step, Objects& objects) {
  inlay_context_options options = INLAY_CONTEXT_OPTIONS_INIT;
  inlay_context_stats stats = INLAY_CONTEXT_STATS_INIT;
  options.thread_count = static_cast<int32_t>(json_number(step, "threads", 0));
  inlay::Context context(options);
  inlay::detail::Call(inlay_context_get_stats, context.get(), &stats);
  objects.contexts.emplace(json_text(step, "id"), context);
  Ok();
  put_int("threads", stats.thread_count);
}

void RunArchitecture(const json* step, Objects& objects) {
  const inlay::Context& context = Named(objects.contexts, step, "context");
  context.add_architecture(
      View(json_get(step, "text")),
      json_number(step, "replace", 0) != 0 ? INLAY_ARCHITECTURE_REPLACE : 0);
  Ok();
}

void RunOptions(const json* step, Objects& objects) {
  const json* set = json_get(step, "set");
  inlay::Options options;
  for (size_t i = 0; i < set->size; ++i) {
    const json* pair = set->items[i].items;
    options.set(View(&pair[0]), View(&pair[1]));
  }
  objects.options.emplace(json_text(step, "id"), options);
  Ok();
  open_list("values");
  for (size_t i = 0; i < set->size; ++i) {
    const json* key = set->items[i].items;
    const char* value = nullptr;
    size_t size = 0;
    inlay::detail::Call(inlay_options_get, options.get(), key->text, key->size,
                        &value, &size);
    put_text(nullptr, value, size);
  }
  close_list();
}

// A source whose bytes this object holds, until the library gives it back.
struct FileBytes {
  std::string bytes;

  static int64_t Read(void* self, uint64_t offset, void* buffer, size_t count) {
    const std::string& bytes = static_cast<FileBytes*>(self)->bytes;
    std::memcpy(buffer, bytes.data() + offset, count);
    return static_cast<int64_t>(count);
  }
  static void Release(void* self) { delete static_cast<FileBytes*>(self); }
};

std::unique_ptr<FileBytes> ReadAll(const char* path) {
  std::ifstream file(path, std::ios::binary);
  return std::make_unique<FileBytes>(
      FileBytes{{std::istreambuf_iterator<char>(file), {}}});
}

inlay::Model OpenAsync(const inlay::Context& context,
                       const inlay_model_source& source,
                       const inlay_model_options& options) {
  inlay_load* raw = nullptr;
  inlay::detail::Call(inlay_model_open_async, context.get(), &source, &options,
                      &raw);
  const std::shared_ptr<inlay_load> load(raw, inlay_load_release);
  inlay::detail::Call(inlay_load_wait, raw, int64_t{-1});
  inlay_model* model = nullptr;
  inlay::detail::Call(inlay_load_get_model, raw, &model);
  return inlay::Model(model);
}

inlay::Model OpenBytes(const inlay::Context& context, std::string_view kind,
                       const char* path, const inlay_model_options& options) {
  auto bytes = ReadAll(path);
  inlay_model_source source = INLAY_MODEL_SOURCE_INIT;
  source.kind = kind == "memory" ? INLAY_SOURCE_MEMORY : INLAY_SOURCE_READER;
  source.data = bytes->bytes.data();
  source.size = bytes->bytes.size();
  if (kind == "reader") {
    source.data = nullptr;
    source.read = FileBytes::Read;
  }
  source.user_data = bytes.get();
  source.release = FileBytes::Release;
  inlay::Model model = context.open(source, options);
  bytes.release();  // the library's now
  return model;
}

inlay::Model OpenDescriptor(const inlay::Context& context, const char* path,
                            const inlay_model_options& options) {
  inlay_model_source source = INLAY_MODEL_SOURCE_INIT;
  source.kind = INLAY_SOURCE_FD;
  source.fd = open(path, O_RDONLY);
  const std::shared_ptr<void> closer(nullptr, [&](void*) { close(source.fd); });
  return context.open(source, options);
}

inlay::Model Open(const json* step, const inlay::Context& context,
                  const inlay_model_options& options) {
  const json* named = json_get(step, "source");
  const std::string_view kind = named == nullptr ? "path" : View(named);
  const char* path = json_text(step, "path");
  if (kind == "memory" || kind == "reader") {
    return OpenBytes(context, kind, path, options);
  }
  if (kind == "fd") return OpenDescriptor(context, path, options);
  if (kind == "path") return context.open(path, options);
  inlay_model_source source = INLAY_MODEL_SOURCE_INIT;
  source.path = path;
  source.path_size = INLAY_NUL;
  return OpenAsync(context, source, options);
}

void RunOpen(const json* step, Objects& objects) {
  inlay_model_options options = INLAY_MODEL_OPTIONS_INIT;
  options.options = OptionsOf(objects, step);
  if (json_number(step, "vocabulary_only", 0) != 0) {
    options.flags = INLAY_MODEL_VOCABULARY_ONLY;
  }
  if (json_number(step, "cancel", 0) != 0) {
    options.progress = [](void*, const char*, size_t, uint64_t,
                          uint64_t) -> int32_t { return 1; };
  }
  const inlay::Model model =
      Open(step, Named(objects.contexts, step, "context"), options);
  objects.models.emplace(json_text(step, "id"), model);
  Ok();
  put_int("runnable", model.info().runnable);
}

void RunModelInfo(const inlay::Model& model) {
  const inlay_model_info info = model.info();
  Ok();
#define FIELD(name) put_int(#name, static_cast<int64_t>(info.name));
  FIELD(runnable)
  FIELD(vocabulary_size)
  FIELD(context_length)
  FIELD(layer_count) FIELD(embedding_length) FIELD(head_count)
      FIELD(kv_head_count) FIELD(head_dim) FIELD(has_tokenizer) FIELD(
          has_chat_template) FIELD(bos_token) FIELD(eos_token) FIELD(unk_token)
          FIELD(pad_token) FIELD(adds_bos) FIELD(adds_eos)
              FIELD(parameter_count) FIELD(weight_bytes) FIELD(file_bytes)
#undef FIELD
                  put_ids("end_tokens", info.end_tokens, info.end_token_count);
  Put("architecture", {info.architecture, info.architecture_size});
  Put("format", {info.format, info.format_size});
  Put("name", {info.name, info.name_size});
}

void PutResult(const char* key, const std::string& text) {
  Ok();
  Put(key, text);
}

void PutResult(const char* key, const std::vector<int32_t>& ids) {
  Ok();
  put_ids(key, ids.data(), ids.size());
}

bool RunTextOp(std::string_view op, const json* step, Objects& objects) {
  if (op == "metadata") {
    PutResult("value", Named(objects.models, step, "model")
                           .metadata(View(json_get(step, "key"))));
  } else if (op == "tokenize") {
    const json* names = json_get(step, "flags");
    uint64_t flags = 0;
    if (json_has(names, "no_special")) flags |= INLAY_TOKENIZE_NO_SPECIAL;
    if (json_has(names, "parse_special")) {
      flags |= INLAY_TOKENIZE_PARSE_SPECIAL;
    }
    PutResult("tokens", Named(objects.models, step, "model")
                            .tokenize(View(json_get(step, "text")), flags));
  } else if (op == "tokenize_pair") {
    const inlay::TokenPair pair =
        Named(objects.models, step, "model")
            .tokenize_pair(View(json_get(step, "first")),
                           View(json_get(step, "second")));
    Ok();
    put_ids("tokens", pair.tokens.data(), pair.tokens.size());
    put_ids("types", pair.types.data(), pair.types.size());
  } else if (op == "detokenize") {
    size_t count = 0;
    const int32_t* ids = json_ids(step, "tokens", &count);
    const bool special = json_has(json_get(step, "flags"), "special");
    PutResult("text", Named(objects.models, step, "model")
                          .detokenize({ids, ids + count},
                                      special ? INLAY_DETOKENIZE_SPECIAL : 0));
  } else if (op == "find_token") {
    const json* text = json_get(step, "text");
    int32_t token = -1;
    inlay::detail::Call(inlay_model_find_token,
                        Named(objects.models, step, "model").get(), text->text,
                        text->size, &token);
    Ok();
    put_int("token", token);
  } else if (op == "chat") {
    const json* messages = json_get(step, "messages");
    const bool bare = json_has(json_get(step, "flags"), "no_generation_prompt");
    PutResult("text", Named(objects.models, step, "model")
                          .render({messages->source, messages->source_size},
                                  bare ? INLAY_CHAT_NO_GENERATION_PROMPT : 0));
  } else {
    return false;
  }
  return true;
}

}  // namespace

inlay_options* OptionsOf(Objects& objects, const json* step) {
  if (json_get(step, "options") == nullptr) return nullptr;
  return Named(objects.options, step, "options").get();
}

bool RunModelOp(std::string_view op, const json* step, Objects& objects) {
  if (op == "library") return RunLibrary(step), true;
  if (op == "context") return RunContext(step, objects), true;
  if (op == "architecture") return RunArchitecture(step, objects), true;
  if (op == "options") return RunOptions(step, objects), true;
  if (op == "open") return RunOpen(step, objects), true;
  if (op == "model_info") {
    return RunModelInfo(Named(objects.models, step, "model")), true;
  }
  return RunTextOp(op, step, objects);
}

}  // namespace conformance
