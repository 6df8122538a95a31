/* Events come to a callback; the program waits as it likes to. */
#include <pthread.h>

#include "example.h"

/* [mailbox] */
typedef struct {
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  int ended;
} mailbox;

/* On the engine's delivery thread. Short: until it returns, nobody else's
 * events are delivered. What the events point to ends with the call. */
static void deliver(void* user_data, const inlay_event* events,
                    size_t event_size, size_t count) {
  size_t i;
  (void)user_data;
  for (i = 0; i < count; ++i) {
    /* A newer library may have longer events: step by event_size. */
    const inlay_event* event =
        (const inlay_event*)((const char*)events + i * event_size);
    mailbox* to = event->user_data;
    if (event->kind == INLAY_EVENT_DELTA) {
      fwrite(event->text, 1, event->text_size, stdout);
    } else if (event->kind == INLAY_EVENT_FINISHED ||
               event->kind == INLAY_EVENT_FAILED) {
      pthread_mutex_lock(&to->mutex);
      to->ended = 1;
      pthread_cond_signal(&to->changed);
      pthread_mutex_unlock(&to->mutex);
    }
  }
}
/* [mailbox] */

int main(int argc, char** argv) {
  inlay_error error = INLAY_ERROR_INIT;
  inlay_model_source source = INLAY_MODEL_SOURCE_INIT;
  inlay_engine_options options = INLAY_ENGINE_OPTIONS_INIT;
  inlay_request request = INLAY_REQUEST_INIT;
  inlay_context* context = NULL;
  inlay_model* model = NULL;
  inlay_engine* engine = NULL;
  mailbox box = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0};
  uint64_t id = 0;
  source.path = model_argument(argc, argv);
  source.path_size = INLAY_NUL;
  check(inlay_context_create(NULL, &context, &error), &error);
  check(inlay_model_open(context, &source, NULL, &model, &error), &error);
  options.on_events = deliver; /* and inlay_poll is refused */
  check(inlay_engine_create(model, &options, &engine, &error), &error);
  request.prompt = "Once upon a time";
  request.prompt_size = INLAY_NUL;
  request.max_tokens = 24;
  request.user_data = &box;
  check(inlay_submit(engine, &request, &id, &error), &error);
  pthread_mutex_lock(&box.mutex);
  while (!box.ended) pthread_cond_wait(&box.changed, &box.mutex);
  pthread_mutex_unlock(&box.mutex);
  /* [cancel] */
  /* By number, from any thread: what has ended is NOT_FOUND, and no harm. */
  if (inlay_cancel(id, INLAY_CANCEL_STOP, NULL) == INLAY_ERR_NOT_FOUND) {
    puts("");
  }
  /* [cancel] */
  inlay_engine_release(engine);
  inlay_model_release(model);
  inlay_context_release(context);
  return 0;
}
