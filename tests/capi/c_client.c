/* The shortest whole life of an engine, in C99. */
#include <string.h>

#include "tests/capi/misuse.h"

#define CHECK(condition) \
  do {                   \
    if (!(condition)) {  \
      line = __LINE__;   \
      goto done;         \
    }                    \
  } while (0)

int run_c_client(const char* model_path) {
  int line = 0;
  inlay_error error = INLAY_ERROR_INIT;
  inlay_model_source source = INLAY_MODEL_SOURCE_INIT;
  inlay_request request = INLAY_REQUEST_INIT;
  inlay_event events[4];
  inlay_context* context = NULL;
  inlay_model* model = NULL;
  inlay_engine* engine = NULL;
  uint64_t id = 0;
  size_t count = 0, i = 0;
  int terminal = 0;

  CHECK(inlay_context_create(NULL, &context, &error) == INLAY_OK);
  source.path = model_path;
  source.path_size = strlen(model_path);
  CHECK(inlay_model_open(context, &source, NULL, &model, &error) == INLAY_OK);
  CHECK(inlay_engine_create(model, NULL, &engine, &error) == INLAY_OK);
  request.prompt = "hello";
  request.prompt_size = INLAY_NUL;
  request.max_tokens = 5;
  request.flags = INLAY_REQUEST_IGNORE_END;
  CHECK(inlay_submit(engine, &request, &id, &error) == INLAY_OK);
  CHECK(id != 0);
  while (terminal == 0) {
    CHECK(inlay_poll(engine, events, sizeof(events[0]), 4, 10000000000, &count,
                     &error) == INLAY_OK);
    CHECK(count > 0);
    for (i = 0; i < count; ++i) {
      CHECK(events[i].struct_size == sizeof(events[i]));
      CHECK(events[i].request_id == id);
      if (events[i].kind == INLAY_EVENT_FINISHED) {
        ++terminal;
        CHECK(events[i].finish_reason == INLAY_FINISH_LENGTH);
        CHECK(events[i].generated_tokens == 5);
        CHECK(events[i].total_ns >= events[i].first_token_ns);
      }
    }
  }
  CHECK(inlay_cancel(id, INLAY_CANCEL_STOP, &error) == INLAY_ERR_NOT_FOUND);
  CHECK(error.code == INLAY_ERR_NOT_FOUND);
done:
  /* Parents first: the order does not matter. */
  inlay_context_release(context);
  inlay_model_release(model);
  inlay_engine_release(engine);
  return line;
}
