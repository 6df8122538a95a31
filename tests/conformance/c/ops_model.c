#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "runner.h"

static void run_library(const json* step) {
  const json* features = json_get(step, "features");
  size_t i;
  put_status(INLAY_OK, NULL);
  put_int("abi", inlay_abi_version());
  put_text("version", inlay_version(), strlen(inlay_version()));
  open_list("features");
  for (i = 0; i < features->size; ++i) {
    put_int(NULL, inlay_has_feature(features->items[i].text));
  }
  close_list();
}

static void run_context(const json* step) {
  inlay_context_options options = INLAY_CONTEXT_OPTIONS_INIT;
  inlay_context_stats stats = INLAY_CONTEXT_STATS_INIT;
  inlay_error error = INLAY_ERROR_INIT;
  inlay_context* context = NULL;
  inlay_status status;
  options.thread_count = (int32_t)json_number(step, "threads", 0);
  status = inlay_context_create(&options, &context, &error);
  if (!put_status(status, &error)) return;
  add_object(json_text(step, "id"), CONTEXT, context);
  inlay_context_get_stats(context, &stats, NULL);
  put_int("threads", stats.thread_count);
}

static void run_architecture(const json* step) {
  const json* text = json_get(step, "text");
  inlay_error error = INLAY_ERROR_INIT;
  const uint64_t flags =
      json_number(step, "replace", 0) != 0 ? INLAY_ARCHITECTURE_REPLACE : 0;
  put_status(inlay_context_add_architecture(handle_of(step, "context"),
                                            text->text, text->size, flags,
                                            &error),
             &error);
}

static void run_options(const json* step) {
  const json* set = json_get(step, "set");
  inlay_error error = INLAY_ERROR_INIT;
  inlay_options* options = NULL;
  inlay_status status = inlay_options_create(&options, &error);
  size_t i;
  for (i = 0; status == INLAY_OK && i < set->size; ++i) {
    const json* pair = set->items[i].items;
    status = inlay_options_set(options, pair[0].text, pair[0].size,
                               pair[1].text, pair[1].size, &error);
  }
  if (!put_status(status, &error)) {
    inlay_options_release(options);
    return;
  }
  add_object(json_text(step, "id"), OPTIONS, options);
  open_list("values");
  for (i = 0; i < set->size; ++i) {
    const json* key = set->items[i].items;
    const char* value = "";
    size_t size = 0;
    inlay_options_get(options, key->text, key->size, &value, &size, NULL);
    put_text(NULL, value, size);
  }
  close_list();
}

static int32_t cancel_progress(void* user_data, const char* stage,
                               size_t stage_size, uint64_t done,
                               uint64_t total) {
  (void)user_data, (void)stage, (void)stage_size, (void)done, (void)total;
  return 1;
}

static int64_t read_bytes(void* user_data, uint64_t offset, void* buffer,
                          size_t bytes) {
  FILE* file = user_data;
  if (fseek(file, (long)offset, SEEK_SET) != 0) return -1;
  return (int64_t)fread(buffer, 1, bytes, file);
}

static void close_reader(void* user_data) { fclose(user_data); }

static void read_source(const json* step, const char* kind,
                        inlay_model_source* to) {
  const char* path = json_text(step, "path");
  size_t size = 0;
  if (strcmp(kind, "memory") == 0) {
    to->kind = INLAY_SOURCE_MEMORY;
    to->data = read_file(path, &size);
    to->size = size;
  } else if (strcmp(kind, "fd") == 0) {
    to->kind = INLAY_SOURCE_FD;
    to->fd = open(path, O_RDONLY);
  } else if (strcmp(kind, "reader") == 0) {
    FILE* file = fopen(path, "rb");
    fseek(file, 0, SEEK_END);
    to->kind = INLAY_SOURCE_READER;
    to->size = (uint64_t)ftell(file);
    to->read = read_bytes;
    to->user_data = file;
    to->release = close_reader;
  } else {
    to->path = path;
    to->path_size = INLAY_NUL;
  }
}

static inlay_status open_async(inlay_context* context,
                               const inlay_model_source* source,
                               const inlay_model_options* options,
                               inlay_model** out, inlay_error* error) {
  inlay_load* load = NULL;
  inlay_status status =
      inlay_model_open_async(context, source, options, &load, error);
  if (status != INLAY_OK) return status;
  status = inlay_load_wait(load, -1, error);
  if (status == INLAY_OK) status = inlay_load_get_model(load, out, error);
  inlay_load_release(load);
  return status;
}

static void run_open(const json* step) {
  const json* named = json_get(step, "source");
  const char* kind = named == NULL ? "path" : named->text;
  inlay_model_source source = INLAY_MODEL_SOURCE_INIT;
  inlay_model_options options = INLAY_MODEL_OPTIONS_INIT;
  inlay_model_info info = INLAY_MODEL_INFO_INIT;
  inlay_error error = INLAY_ERROR_INIT;
  inlay_context* context = handle_of(step, "context");
  inlay_model* model = NULL;
  inlay_status status;
  read_source(step, kind, &source);
  options.options = handle_of(step, "options");
  if (json_number(step, "vocabulary_only", 0) != 0) {
    options.flags = INLAY_MODEL_VOCABULARY_ONLY;
  }
  if (json_number(step, "cancel", 0) != 0) options.progress = cancel_progress;
  status = strcmp(kind, "async") == 0
               ? open_async(context, &source, &options, &model, &error)
               : inlay_model_open(context, &source, &options, &model, &error);
  if (source.kind == INLAY_SOURCE_FD) close(source.fd);
  if (!put_status(status, &error)) return;
  inlay_model_get_info(model, &info, NULL);
  put_int("runnable", info.runnable);
  if (strcmp(json_text(step, "id"), "none") == 0) {
    inlay_model_release(model);
  } else {
    add_object(json_text(step, "id"), MODEL, model);
  }
}

static void run_model_info(const json* step) {
  inlay_model_info info = INLAY_MODEL_INFO_INIT;
  inlay_error error = INLAY_ERROR_INIT;
  inlay_model* model = handle_of(step, "model");
  if (!put_status(inlay_model_get_info(model, &info, &error), &error)) return;
#define FIELD(name) put_int(#name, (int64_t)info.name);
  FIELD(runnable)
  FIELD(vocabulary_size)
  FIELD(context_length) FIELD(layer_count) FIELD(embedding_length) FIELD(
      head_count) FIELD(kv_head_count) FIELD(head_dim) FIELD(has_tokenizer)
      FIELD(has_chat_template) FIELD(bos_token) FIELD(eos_token)
          FIELD(unk_token) FIELD(pad_token) FIELD(adds_bos) FIELD(adds_eos)
              FIELD(parameter_count) FIELD(weight_bytes) FIELD(file_bytes)
#undef FIELD
                  put_ids("end_tokens", info.end_tokens, info.end_token_count);
  put_text("architecture", info.architecture, info.architecture_size);
  put_text("format", info.format, info.format_size);
  put_text("name", info.name, info.name_size);
}

int run_model_op(const char* op, const json* step) {
  if (strcmp(op, "library") == 0) return run_library(step), 1;
  if (strcmp(op, "context") == 0) return run_context(step), 1;
  if (strcmp(op, "architecture") == 0) return run_architecture(step), 1;
  if (strcmp(op, "options") == 0) return run_options(step), 1;
  if (strcmp(op, "open") == 0) return run_open(step), 1;
  if (strcmp(op, "model_info") == 0) return run_model_info(step), 1;
  return 0;
}
