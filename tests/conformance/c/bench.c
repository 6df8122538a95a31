#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "runner.h"

enum { EVENTS = 256 };

static int64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void must(inlay_status status, const inlay_error* error) {
  if (status != INLAY_OK) fail("bench", error->message);
}

static void submit_all(inlay_engine* engine, int streams, int tokens) {
  inlay_error error = INLAY_ERROR_INIT;
  int i;
  for (i = 0; i < streams; ++i) {
    inlay_request request = INLAY_REQUEST_INIT;
    char prompt[32];
    uint64_t id = 0;
    sprintf(prompt, "Item %d:", i);
    request.prompt = prompt, request.prompt_size = INLAY_NUL;
    request.max_tokens = tokens;
    request.flags = INLAY_REQUEST_IGNORE_END;
    must(inlay_submit(engine, &request, &id, &error), &error);
  }
}

/* Reads everything, and copies texts and tokens as a host would. */
static void take_all(inlay_engine* engine, int streams, long* tokens,
                     long* polls) {
  static inlay_event events[EVENTS];
  inlay_error error = INLAY_ERROR_INIT;
  char text[4096];
  int32_t ids[1024];
  size_t count, i;
  while (streams > 0) {
    must(inlay_poll(engine, events, sizeof(events[0]), EVENTS, -1, &count,
                    &error),
         &error);
    ++*polls;
    for (i = 0; i < count; ++i) {
      const inlay_event* event = &events[i];
      if (event->kind == INLAY_EVENT_FAILED) fail("bench", event->message);
      if (event->kind == INLAY_EVENT_FINISHED) --streams;
      if (event->kind != INLAY_EVENT_DELTA) continue;
      if (event->text_size < sizeof(text) && event->token_count < 1024) {
        memcpy(text, event->text, event->text_size);
        memcpy(ids, event->tokens, event->token_count * sizeof(ids[0]));
      }
      *tokens += (long)event->token_count;
    }
  }
}

int run_bench(const char* path, int streams, int tokens) {
  inlay_context_options threads = INLAY_CONTEXT_OPTIONS_INIT;
  inlay_engine_options options = INLAY_ENGINE_OPTIONS_INIT;
  inlay_model_source source = INLAY_MODEL_SOURCE_INIT;
  inlay_error error = INLAY_ERROR_INIT;
  inlay_context* context = NULL;
  inlay_model* model = NULL;
  inlay_engine* engine = NULL;
  long generated = 0, polls = 0;
  int64_t begin, ns;
  threads.thread_count = 1;
  source.path = path, source.path_size = INLAY_NUL;
  options.max_concurrency = streams, options.context_length = 512;
  must(inlay_context_create(&threads, &context, &error), &error);
  must(inlay_model_open(context, &source, NULL, &model, &error), &error);
  must(inlay_engine_create(model, &options, &engine, &error), &error);
  begin = now_ns();
  submit_all(engine, streams, tokens);
  take_all(engine, streams, &generated, &polls);
  ns = now_ns() - begin;
  printf("{\"tokens\":%ld,\"polls\":%ld,\"ns\":%lld}\n", generated, polls,
         (long long)ns);
  inlay_engine_release(engine);
  inlay_model_release(model);
  inlay_context_release(context);
  return 0;
}
