/* Many requests at once, read by one loop. */
#include <string.h>

#include "example.h"

enum { kRequests = 4 };

/* What the host keeps of a request. */
typedef struct {
  uint64_t id;
  size_t bytes;
} answer;

/* [submit] */
static void submit(inlay_engine* engine, answer* to, const char* prompt) {
  inlay_error error = INLAY_ERROR_INIT;
  inlay_request request = INLAY_REQUEST_INIT;
  request.prompt = prompt;
  request.prompt_size = INLAY_NUL;
  request.max_tokens = 24;
  request.temperature = 0.8f;
  request.top_p = 0.95f;
  request.seed = 7;
  request.deadline_ns = INT64_C(30) * 1000000000;
  request.user_data = to; /* comes back in every event */
  check(inlay_submit(engine, &request, &to->id, &error), &error);
}
/* [submit] */

/* [event loop] */
static void read_all(inlay_engine* engine, int live) {
  inlay_error error = INLAY_ERROR_INIT;
  inlay_event events[32];
  while (live > 0) {
    size_t count = 0, i;
    /* All events of a step in one call; -1: as long as it takes. */
    check(inlay_poll(engine, events, sizeof events[0], 32, -1, &count, &error),
          &error);
    for (i = 0; i < count; ++i) {
      const inlay_event* event = &events[i];
      answer* to = event->user_data;
      switch (event->kind) {
        case INLAY_EVENT_DELTA: /* valid until the next poll */
          to->bytes += event->text_size;
          break;
        case INLAY_EVENT_FINISHED:
          printf("%d tokens, %zu bytes, the first after %.1f ms\n",
                 event->generated_tokens, to->bytes,
                 (double)event->first_token_ns / 1e6);
          --live;
          break;
        case INLAY_EVENT_FAILED:
          fprintf(stderr, "%s\n", event->message);
          --live;
          break;
        default: /* STARTED, PROGRESS, and what later releases add */
          break;
      }
    }
  }
}
/* [event loop] */

int main(int argc, char** argv) {
  static const char* const prompts[kRequests] = {
      "Once upon a time", "The sky is", "Two and two make", "In the garden"};
  inlay_error error = INLAY_ERROR_INIT;
  inlay_model_source source = INLAY_MODEL_SOURCE_INIT;
  inlay_context* context = NULL;
  inlay_model* model = NULL;
  inlay_engine* engine = NULL;
  answer answers[kRequests];
  int i;
  memset(answers, 0, sizeof answers);
  source.path = model_argument(argc, argv);
  source.path_size = INLAY_NUL;
  check(inlay_context_create(NULL, &context, &error), &error);
  check(inlay_model_open(context, &source, NULL, &model, &error), &error);
  check(inlay_engine_create(model, NULL, &engine, &error), &error);
  for (i = 0; i < kRequests; ++i) submit(engine, &answers[i], prompts[i]);
  read_all(engine, kRequests);

  /* [close] */
  /* Takes nothing new, and gives those that run ten seconds to end. */
  check(inlay_engine_close(engine, INLAY_CLOSE_DRAIN, INT64_C(10) * 1000000000,
                           &error),
        &error);
  inlay_engine_release(engine);
  /* [close] */
  inlay_model_release(model);
  inlay_context_release(context);
  return 0;
}
