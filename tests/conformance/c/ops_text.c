#include <string.h>

#include "runner.h"

static void run_metadata(const json* step) {
  inlay_error error = INLAY_ERROR_INIT;
  inlay_model* model = handle_of(step, "model");
  const json* key = json_get(step, "key");
  size_t size = 0;
  char* text;
  inlay_status status = inlay_model_metadata_get(model, key->text, key->size,
                                                 NULL, 0, &size, &error);
  if (status != INLAY_OK) {
    put_status(status, &error);
    return;
  }
  text = keep(size + 1);
  status = inlay_model_metadata_get(model, key->text, key->size, text, size + 1,
                                    &size, &error);
  if (put_status(status, &error)) put_text("value", text, size);
}

static void run_tokenize(const json* step) {
  inlay_error error = INLAY_ERROR_INIT;
  inlay_model* model = handle_of(step, "model");
  const json* text = json_get(step, "text");
  const json* names = json_get(step, "flags");
  uint64_t flags = 0;
  size_t count = 0;
  int32_t* ids;
  inlay_status status;
  if (json_has(names, "no_special")) flags |= INLAY_TOKENIZE_NO_SPECIAL;
  if (json_has(names, "parse_special")) flags |= INLAY_TOKENIZE_PARSE_SPECIAL;
  status = inlay_tokenize(model, text->text, text->size, flags, NULL, 0, &count,
                          &error);
  ids = keep(count * sizeof(*ids));
  if (status == INLAY_OK && count != 0) {
    status = inlay_tokenize(model, text->text, text->size, flags, ids, count,
                            &count, &error);
  }
  if (put_status(status, &error)) put_ids("tokens", ids, count);
}

static void run_tokenize_pair(const json* step) {
  inlay_error error = INLAY_ERROR_INIT;
  inlay_model* model = handle_of(step, "model");
  const json* first = json_get(step, "first");
  const json* second = json_get(step, "second");
  size_t count = 0;
  int32_t *ids, *types;
  inlay_status status =
      inlay_tokenize_pair(model, first->text, first->size, second->text,
                          second->size, NULL, NULL, 0, &count, &error);
  ids = keep(count * sizeof(*ids));
  types = keep(count * sizeof(*types));
  if (status == INLAY_OK && count != 0) {
    status =
        inlay_tokenize_pair(model, first->text, first->size, second->text,
                            second->size, ids, types, count, &count, &error);
  }
  if (!put_status(status, &error)) return;
  put_ids("tokens", ids, count);
  put_ids("types", types, count);
}

static void run_detokenize(const json* step) {
  inlay_error error = INLAY_ERROR_INIT;
  inlay_model* model = handle_of(step, "model");
  size_t count, size = 0;
  const int32_t* ids = json_ids(step, "tokens", &count);
  const uint64_t flags = json_has(json_get(step, "flags"), "special")
                             ? INLAY_DETOKENIZE_SPECIAL
                             : 0;
  char* text;
  inlay_status status =
      inlay_detokenize(model, ids, count, flags, NULL, 0, &size, &error);
  if (status != INLAY_OK) {
    put_status(status, &error);
    return;
  }
  text = keep(size + 1);
  status =
      inlay_detokenize(model, ids, count, flags, text, size + 1, &size, &error);
  if (put_status(status, &error)) put_text("text", text, size);
}

static void run_find_token(const json* step) {
  inlay_error error = INLAY_ERROR_INIT;
  const json* text = json_get(step, "text");
  int32_t token = -1;
  const inlay_status status = inlay_model_find_token(
      handle_of(step, "model"), text->text, text->size, &token, &error);
  if (put_status(status, &error)) put_int("token", token);
}

static void run_chat(const json* step) {
  inlay_chat_input input = INLAY_CHAT_INPUT_INIT;
  inlay_error error = INLAY_ERROR_INIT;
  inlay_model* model = handle_of(step, "model");
  const json* messages = json_get(step, "messages");
  size_t size = 0;
  char* text;
  inlay_status status;
  input.messages_json = messages->source;
  input.messages_json_size = messages->source_size;
  if (json_has(json_get(step, "flags"), "no_generation_prompt")) {
    input.flags = INLAY_CHAT_NO_GENERATION_PROMPT;
  }
  status = inlay_chat_render(model, &input, NULL, 0, &size, &error);
  if (status != INLAY_OK) {
    put_status(status, &error);
    return;
  }
  text = keep(size + 1);
  status = inlay_chat_render(model, &input, text, size + 1, &size, &error);
  if (put_status(status, &error)) put_text("text", text, size);
}

int run_text_op(const char* op, const json* step) {
  if (strcmp(op, "metadata") == 0) return run_metadata(step), 1;
  if (strcmp(op, "tokenize") == 0) return run_tokenize(step), 1;
  if (strcmp(op, "tokenize_pair") == 0) return run_tokenize_pair(step), 1;
  if (strcmp(op, "detokenize") == 0) return run_detokenize(step), 1;
  if (strcmp(op, "find_token") == 0) return run_find_token(step), 1;
  if (strcmp(op, "chat") == 0) return run_chat(step), 1;
  return 0;
}
