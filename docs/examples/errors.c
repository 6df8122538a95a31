/* What went wrong, whose fault it is, and when to try again. */
#include "example.h"

/* [handle an error] */
static void explain(inlay_status status, const inlay_error* error) {
  switch (status) {
    case INLAY_OK:
      break;
    case INLAY_ERR_NOT_FOUND:
      fprintf(stderr, "there is no such thing: %s\n", error->message);
      break;
    case INLAY_ERR_IO: /* native_code: errno, or what a callback returned */
      fprintf(stderr, "cannot read or write: %s (%lld)\n", error->message,
              (long long)error->native_code);
      break;
    case INLAY_ERR_DATA_LOSS:
    case INLAY_ERR_UNSUPPORTED:
      fprintf(stderr, "not a model for this library: %s\n", error->message);
      break;
    case INLAY_ERR_RESOURCE_EXHAUSTED:
    case INLAY_ERR_OUT_OF_MEMORY:
      fprintf(stderr, "no room: %s\n", error->message);
      break;
    default: /* a mistake in this program, or a status of a later release */
      fprintf(stderr, "%s: %s\n", inlay_status_name(status), error->message);
  }
}
/* [handle an error] */

/* [full queue] */
/* 1: accepted. 0: the queue is full; *wait_ns says when to come back, 0 that
 * it would never fit. */
static int try_submit(inlay_engine* engine, const inlay_request* request,
                      uint64_t* id, int64_t* wait_ns) {
  inlay_error error = INLAY_ERROR_INIT;
  const inlay_status status = inlay_submit(engine, request, id, &error);
  *wait_ns = error.retry_after_ns;
  if (status == INLAY_OK) return 1;
  explain(status, &error);
  return 0;
}
/* [full queue] */

int main(int argc, char** argv) {
  inlay_error error = INLAY_ERROR_INIT;
  inlay_model_source source = INLAY_MODEL_SOURCE_INIT;
  inlay_engine_options options = INLAY_ENGINE_OPTIONS_INIT;
  inlay_options* tunables = NULL;
  inlay_request request = INLAY_REQUEST_INIT;
  inlay_context* context = NULL;
  inlay_model* model = NULL;
  inlay_engine* engine = NULL;
  uint64_t id = 0;
  int64_t wait_ns = 0;
  int accepted = 0;
  check(inlay_context_create(NULL, &context, &error), &error);
  source.path = "/no/such/model.gguf";
  source.path_size = INLAY_NUL;
  explain(inlay_model_open(context, &source, NULL, &model, &error), &error);

  source.path = model_argument(argc, argv);
  check(inlay_model_open(context, &source, NULL, &model, &error), &error);
  check(inlay_options_create(&tunables, &error), &error);
  check(inlay_options_set(tunables, "max_queue", INLAY_NUL, "2", INLAY_NUL,
                          &error),
        &error);
  options.flags = INLAY_ENGINE_HOST_DRIVEN; /* nothing runs by itself */
  options.options = tunables;
  check(inlay_engine_create(model, &options, &engine, &error), &error);
  request.prompt = "Hello";
  request.prompt_size = INLAY_NUL;
  while (try_submit(engine, &request, &id, &wait_ns)) ++accepted;
  printf("%d accepted, room in about %.0f ms\n", accepted,
         (double)wait_ns / 1e6);
  inlay_options_release(tunables);
  inlay_engine_release(engine);
  inlay_model_release(model);
  inlay_context_release(context);
  return accepted == 2 ? 0 : 1;
}
