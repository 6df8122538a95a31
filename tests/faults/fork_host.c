// The child of fork() inherits handles whose threads it does not have: every
// call says so, releasing them returns, and a context of its own works.
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "inlay/inlay.h"

static int failures;

static void expect(int holds, const char* what) {
  if (holds) return;
  ++failures;
  fprintf(stderr, "failed: %s\n", what);
}

struct stack {
  inlay_context* context;
  inlay_model* model;
  inlay_engine* engine;
  uint64_t id;
};

static int start(const char* path, struct stack* out) {
  inlay_context_options options = INLAY_CONTEXT_OPTIONS_INIT;
  options.thread_count = 2;
  if (inlay_context_create(&options, &out->context, NULL) != INLAY_OK) {
    return 0;
  }
  inlay_model_source source = INLAY_MODEL_SOURCE_INIT;
  source.path = path;
  source.path_size = INLAY_NUL;
  inlay_engine_options engine = INLAY_ENGINE_OPTIONS_INIT;
  engine.context_length = 256;
  inlay_request request = INLAY_REQUEST_INIT;
  request.prompt = "Hello";
  request.prompt_size = INLAY_NUL;
  request.flags = INLAY_REQUEST_IGNORE_END;
  return inlay_model_open(out->context, &source, NULL, &out->model, NULL) ==
             INLAY_OK &&
         inlay_engine_create(out->model, &engine, &out->engine, NULL) ==
             INLAY_OK &&
         inlay_submit(out->engine, &request, &out->id, NULL) == INLAY_OK;
}

static void refused(inlay_status status, const char* what) {
  expect(status == INLAY_ERR_FORKED, what);
}

static void in_child(struct stack* old, const char* path) {
  inlay_context_stats context_stats = INLAY_CONTEXT_STATS_INIT;
  refused(inlay_context_get_stats(old->context, &context_stats, NULL),
          "context_get_stats");
  inlay_model_info info = INLAY_MODEL_INFO_INIT;
  refused(inlay_model_get_info(old->model, &info, NULL), "model_get_info");
  int32_t ids[8];
  size_t count = 0;
  refused(inlay_tokenize(old->model, "a", 1, 0, ids, 8, &count, NULL),
          "tokenize");
  inlay_request request = INLAY_REQUEST_INIT;
  request.prompt = "Hello";
  request.prompt_size = INLAY_NUL;
  uint64_t id = 0;
  refused(inlay_submit(old->engine, &request, &id, NULL), "submit");
  inlay_generation* generation = NULL;
  refused(inlay_generate(old->engine, &request, &generation, NULL), "generate");
  inlay_event event = INLAY_EVENT_INIT;
  refused(inlay_poll(old->engine, &event, sizeof(event), 1, -1, &count, NULL),
          "poll");
  refused(inlay_engine_step(old->engine, NULL, NULL), "engine_step");
  refused(inlay_engine_close(old->engine, INLAY_CLOSE_DRAIN, -1, NULL),
          "engine_close");
  refused(inlay_wake(old->engine, NULL), "wake");
  int32_t state = 0;
  refused(inlay_engine_get_state(old->engine, &state, NULL), "get_state");
  inlay_engine_stats stats = INLAY_ENGINE_STATS_INIT;
  refused(inlay_engine_get_stats(old->engine, &stats, NULL), "get_stats");
  const inlay_status cancelled = inlay_cancel(old->id, INLAY_CANCEL_STOP, NULL);
  expect(cancelled == INLAY_ERR_FORKED || cancelled == INLAY_ERR_NOT_FOUND,
         "cancel");
  inlay_engine_release(old->engine);
  inlay_model_release(old->model);
  inlay_context_release(old->context);
  struct stack own = {NULL, NULL, NULL, 0};
  expect(start(path, &own), "an own context in the child");
  expect(inlay_cancel(own.id, INLAY_CANCEL_STOP, NULL) == INLAY_OK ||
             own.engine != NULL,
         "cancel in the child");
  inlay_engine_release(own.engine);
  inlay_model_release(own.model);
  inlay_context_release(own.context);
}

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  // Often, so that the fork meets the engine in many states.
  for (int i = 0; i < 20; ++i) {
    struct stack stack = {NULL, NULL, NULL, 0};
    expect(start(argv[1], &stack), "a context in the parent");
    usleep((useconds_t)(i * 300));
    const pid_t child = fork();
    if (child == 0) {
      alarm(20);  // a call that hangs ends the child by a signal
      in_child(&stack, argv[1]);
      _exit(failures == 0 ? 0 : 1);
    }
    int status = 0;
    expect(child > 0 && waitpid(child, &status, 0) == child, "fork");
    expect(WIFEXITED(status), "the child hangs or crashes");
    expect(!WIFEXITED(status) || WEXITSTATUS(status) == 0, "the child");
    inlay_engine_release(stack.engine);
    inlay_model_release(stack.model);
    inlay_context_release(stack.context);
  }
  fprintf(stderr, "%d failures\n", failures);
  return failures == 0 ? 0 : 1;
}
