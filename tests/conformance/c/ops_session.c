#include <stdio.h>
#include <string.h>

#include "runner.h"

static void keep_session(const json* step, inlay_status status,
                         inlay_session* session, const inlay_error* error) {
  if (put_status(status, error)) {
    add_object(json_text(step, "id"), SESSION, session);
  }
}

static void run_session(const json* step) {
  inlay_error error = INLAY_ERROR_INIT;
  inlay_session* session = NULL;
  const inlay_status status = inlay_session_create(handle_of(step, "engine"),
                                                   NULL, 0, &session, &error);
  keep_session(step, status, session, &error);
}

static void run_fork(const json* step) {
  inlay_error error = INLAY_ERROR_INIT;
  inlay_session* session = NULL;
  const inlay_status status =
      inlay_session_fork(handle_of(step, "session"), &session, &error);
  keep_session(step, status, session, &error);
}

static void run_info(const json* step) {
  inlay_session_info info = INLAY_SESSION_INFO_INIT;
  inlay_error error = INLAY_ERROR_INIT;
  inlay_session* session = handle_of(step, "session");
  inlay_status status = inlay_session_get_info(session, &info, &error);
  const size_t room = (size_t)info.token_count;
  int32_t* tokens = keep((room + 1) * sizeof(*tokens));
  size_t count = 0;
  if (status == INLAY_OK) {
    status =
        inlay_session_get_tokens(session, tokens, room + 1, &count, &error);
  }
  if (!put_status(status, &error)) return;
  put_int("token_count", info.token_count);
  put_int("busy", info.busy);
  put_ids("tokens", tokens, count);
}

static void run_truncate(const json* step) {
  inlay_error error = INLAY_ERROR_INIT;
  put_status(
      inlay_session_truncate(handle_of(step, "session"),
                             (int32_t)json_number(step, "count", 0), &error),
      &error);
}

static int64_t write_file(void* file, const void* data, size_t bytes) {
  return fwrite(data, 1, bytes, file) == bytes ? 0 : -1;
}

static int64_t read_next(void* file, void* buffer, size_t bytes) {
  return (int64_t)fread(buffer, 1, bytes, file);
}

static void run_save(const json* step) {
  inlay_error error = INLAY_ERROR_INIT;
  inlay_session* session = handle_of(step, "session");
  const char* path = json_text(step, "path");
  inlay_status status;
  if (strcmp(json_text(step, "via"), "file") == 0) {
    status = inlay_session_save_file(session, path, INLAY_NUL, &error);
  } else {
    FILE* file = fopen(path, "wb");
    if (file == NULL) fail("cannot write", path);
    status = inlay_session_save(session, write_file, file, &error);
    fclose(file);
  }
  put_status(status, &error);
}

static void run_load(const json* step) {
  inlay_error error = INLAY_ERROR_INIT;
  inlay_engine* engine = handle_of(step, "engine");
  inlay_session* session = NULL;
  const char* path = json_text(step, "path");
  inlay_status status;
  if (strcmp(json_text(step, "via"), "file") == 0) {
    status = inlay_session_load_file(engine, path, INLAY_NUL, &session, &error);
  } else {
    FILE* file = fopen(path, "rb");
    if (file == NULL) fail("cannot read", path);
    status = inlay_session_load(engine, read_next, file, &session, &error);
    fclose(file);
  }
  keep_session(step, status, session, &error);
}

int run_session_op(const char* op, const json* step) {
  if (strcmp(op, "session") == 0) return run_session(step), 1;
  if (strcmp(op, "session_info") == 0) return run_info(step), 1;
  if (strcmp(op, "fork") == 0) return run_fork(step), 1;
  if (strcmp(op, "truncate") == 0) return run_truncate(step), 1;
  if (strcmp(op, "save") == 0) return run_save(step), 1;
  if (strcmp(op, "load") == 0) return run_load(step), 1;
  return 0;
}
