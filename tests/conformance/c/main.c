/* Runs the conformance scenario through the C API: runner SCENARIO. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runner.h"

enum { MAX_OBJECTS = 64 };
static object objects[MAX_OBJECTS];

object* add_object(const char* name, object_kind kind, void* handle) {
  const object fresh = {0};
  size_t i;
  for (i = 0; i < MAX_OBJECTS; ++i) {
    if (objects[i].name != NULL) continue;
    objects[i] = fresh;
    objects[i].name = name, objects[i].kind = kind;
    objects[i].handle = handle;
    return &objects[i];
  }
  fail("too many objects", name);
  return NULL;
}

object* object_of(const json* step, const char* key) {
  const json* name = json_get(step, key);
  size_t i;
  if (name == NULL) return NULL;
  for (i = 0; i < MAX_OBJECTS; ++i) {
    if (objects[i].name != NULL && strcmp(objects[i].name, name->text) == 0) {
      return &objects[i];
    }
  }
  fail("no such object", name->text);
  return NULL;
}

void* handle_of(const json* step, const char* key) {
  object* found = object_of(step, key);
  return found == NULL ? NULL : found->handle;
}

void release_object(object* which) {
  switch (which->kind) {
    case CONTEXT:
      inlay_context_release(which->handle);
      break;
    case OPTIONS:
      inlay_options_release(which->handle);
      break;
    case MODEL:
      inlay_model_release(which->handle);
      break;
    case ENGINE:
      inlay_engine_release(which->handle);
      break;
    case SESSION:
      inlay_session_release(which->handle);
      break;
  }
  which->name = NULL;
}

void release_all(void) {
  size_t i;
  for (i = 0; i < MAX_OBJECTS; ++i) {
    if (objects[i].name != NULL) release_object(&objects[i]);
  }
}

static void run_step(const json* step) {
  const json* name = json_get(step, "step");
  const char* op = json_text(step, "op");
  open_object(NULL);
  put_text("step", name->text, name->size);
  open_object("result");
  if (strcmp(op, "release") == 0) {
    release_object(object_of(step, "id"));
    put_status(INLAY_OK, NULL);
  } else if (!run_model_op(op, step) && !run_text_op(op, step) &&
             !run_engine_op(op, step) && !run_request_op(op, step) &&
             !run_session_op(op, step)) {
    fail("an unknown op", op);
  }
  close_object();
  close_object();
  putchar('\n');
  start_line();
}

int main(int argc, char** argv) {
  const json* steps;
  const char* text;
  size_t i;
  if (argc == 5 && strcmp(argv[1], "--bench") == 0) {
    return run_bench(argv[2], atoi(argv[3]), atoi(argv[4]));
  }
  if (argc != 2) fail("usage", "runner SCENARIO | --bench MODEL N TOKENS");
  text = read_file(argv[1], NULL);
  if (text == NULL) fail("no such file", argv[1]);
  steps = json_get(json_parse(text), "steps");
  for (i = 0; i < steps->size; ++i) run_step(&steps->items[i]);
  release_all();
  free_kept();
  return fflush(stdout) == 0 ? 0 : 2;
}
