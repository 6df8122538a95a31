/* A host of release 0.1, in terms of its header: every part of the ABI once.
 * Prints nothing; returns 0, or 1 with the line that failed on standard error.
 *
 *   host-0.1 MODEL */
#include <inlay/inlay.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                      \
  do {                                                        \
    if (!(condition)) {                                       \
      fprintf(stderr, "line %d: %s\n", __LINE__, #condition); \
      return 1;                                               \
    }                                                         \
  } while (0)
#define OK(call)                                                            \
  do {                                                                      \
    if ((call) != INLAY_OK) {                                               \
      fprintf(stderr, "line %d: %s: %s\n", __LINE__, #call, error.message); \
      return 1;                                                             \
    }                                                                       \
  } while (0)

enum { kAnswer = 6, kLong = 20 };
static const int64_t kPatience = INT64_C(20000000000);

static inlay_error error = INLAY_ERROR_INIT;
static int released;

static void release(void* counter) { ++*(int*)counter; }

static inlay_request request_of(int32_t count) {
  inlay_request request = INLAY_REQUEST_INIT;
  request.prompt = "hello there";
  request.prompt_size = INLAY_NUL;
  request.max_tokens = count;
  request.flags = INLAY_REQUEST_IGNORE_END;
  return request;
}

/* Bytes behind what this release knows stay as they were. */
static int check_sizes(inlay_engine* engine) {
  struct {
    inlay_engine_stats stats;
    unsigned char behind[64];
  } out;
  size_t i = 0;
  memset(&out, 0xA5, sizeof(out));
  out.stats.struct_size = sizeof(out.stats);
  OK(inlay_engine_get_stats(engine, &out.stats, &error));
  CHECK(out.stats.struct_size == sizeof(out.stats));
  CHECK(out.stats.submitted == 2 && out.stats.finished == 2);
  for (i = 0; i < sizeof(out.behind); ++i) CHECK(out.behind[i] == 0xA5);
  CHECK(inlay_struct_size("inlay_request") >= sizeof(inlay_request));
  CHECK(inlay_struct_size("inlay_event") >= sizeof(inlay_event));
  return 0;
}

static int check_text(inlay_model* model) {
  int32_t tokens[64];
  char text[64];
  size_t count = 0, size = 0;
  inlay_model_info info = INLAY_MODEL_INFO_INIT;
  OK(inlay_model_get_info(model, &info, &error));
  CHECK(info.struct_size == sizeof(info) && info.runnable == 1);
  CHECK(strcmp(info.architecture, "llama") == 0);
  OK(inlay_tokenize(model, "hello", INLAY_NUL, INLAY_TOKENIZE_NO_SPECIAL,
                    tokens, 64, &count, &error));
  OK(inlay_detokenize(model, tokens, count, 0, text, sizeof(text), &size,
                      &error));
  CHECK(size == 5 && strcmp(text, "hello") == 0);
  return 0;
}

/* Two requests through one queue, into an array of this release's events. */
static int check_poll(inlay_engine* engine) {
  inlay_request request = request_of(kAnswer);
  inlay_event events[4];
  uint64_t ids[2] = {0, 0};
  size_t count = 0, i = 0;
  int ended = 0;
  int32_t generated = 0;
  request.user_data = &released;
  request.release = release;
  request.stop_strings = NULL;
  OK(inlay_submit(engine, &request, &ids[0], &error));
  OK(inlay_submit(engine, &request, &ids[1], &error));
  while (ended < 2) {
    OK(inlay_poll(engine, events, sizeof(events[0]), 4, kPatience, &count,
                  &error));
    CHECK(count > 0);
    for (i = 0; i < count; ++i) {
      CHECK(events[i].struct_size == sizeof(events[i]));
      CHECK(events[i].request_id == ids[0] || events[i].request_id == ids[1]);
      CHECK(events[i].user_data == &released);
      CHECK(events[i].kind >= INLAY_EVENT_STARTED &&
            events[i].kind <= INLAY_EVENT_FAILED);
      if (events[i].kind == INLAY_EVENT_DELTA) {
        generated += (int32_t)events[i].token_count;
      }
      if (events[i].kind != INLAY_EVENT_FINISHED) continue;
      ++ended;
      CHECK(events[i].finish_reason == INLAY_FINISH_LENGTH);
      CHECK(events[i].generated_tokens == kAnswer);
    }
  }
  CHECK(generated == 2 * kAnswer);
  CHECK(inlay_cancel(ids[0], INLAY_CANCEL_STOP, &error) == INLAY_ERR_NOT_FOUND);
  OK(inlay_poll(engine, events, sizeof(events[0]), 4, 0, &count, &error));
  CHECK(count == 0 && released == 2);
  return 0;
}

static int check_generate(inlay_engine* engine) {
  inlay_request request = request_of(kLong);
  inlay_generation* generation = NULL;
  inlay_event whole = INLAY_EVENT_INIT;
  request.temperature = 0.8f;
  request.top_k = 20;
  request.seed = 7;
  OK(inlay_generate(engine, &request, &generation, &error));
  OK(inlay_generation_get(generation, &whole, &error));
  CHECK(whole.struct_size == sizeof(whole));
  CHECK(whole.kind == INLAY_EVENT_FINISHED && whole.token_count == kLong);
  inlay_generation_release(generation);
  request.temperature = -1.0f;
  CHECK(inlay_generate(engine, &request, &generation, &error) ==
        INLAY_ERR_INVALID_ARGUMENT);
  CHECK(error.struct_size == sizeof(error) && error.message_size > 0);
  return 0;
}

static int check_score(inlay_model* model, inlay_engine* engine) {
  const int32_t tokens[3] = {5, 6, 7};
  inlay_model_info info = INLAY_MODEL_INFO_INIT;
  size_t count = 0;
  float* logits = NULL;
  inlay_status status = INLAY_OK;
  OK(inlay_model_get_info(model, &info, &error));
  OK(inlay_score(engine, tokens, 3, NULL, 0, &count, &error));
  CHECK(count == 3 * (size_t)info.vocabulary_size);
  logits = (float*)malloc(count * sizeof(float));
  CHECK(logits != NULL);
  status = inlay_score(engine, tokens, 3, logits, count, &count, &error);
  free(logits);
  CHECK(status == INLAY_OK);
  return 0;
}

static int run(inlay_context* context, const char* path) {
  inlay_model_source source = INLAY_MODEL_SOURCE_INIT;
  inlay_engine_options options = INLAY_ENGINE_OPTIONS_INIT;
  inlay_options* tunables = NULL;
  inlay_model* model = NULL;
  inlay_engine* engine = NULL;
  int failed = 0;
  source.path = path;
  source.path_size = INLAY_NUL;
  OK(inlay_model_open(context, &source, NULL, &model, &error));
  OK(inlay_options_create(&tunables, &error));
  OK(inlay_options_set(tunables, "kv_type", INLAY_NUL, "f32", INLAY_NUL,
                       &error));
  options.context_length = 128;
  options.options = tunables;
  OK(inlay_engine_create(model, &options, &engine, &error));
  failed = check_text(model) || check_poll(engine) || check_sizes(engine) ||
           check_generate(engine) || check_score(model, engine);
  OK(inlay_engine_close(engine, INLAY_CLOSE_DRAIN, kPatience, &error));
  inlay_options_release(tunables);
  inlay_model_release(model);
  inlay_engine_release(engine);
  return failed;
}

int main(int argc, char** argv) {
  inlay_context* context = NULL;
  int failed = 0;
  CHECK(argc == 2);
  CHECK(inlay_abi_version() == INLAY_ABI_VERSION);
  CHECK(inlay_get_proc("inlay_submit") != NULL);
  OK(inlay_context_create(NULL, &context, &error));
  failed = run(context, argv[1]);
  inlay_context_release(context);
  return failed;
}
