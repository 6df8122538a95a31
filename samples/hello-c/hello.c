/* Asks a model one question and streams its answer: hello MODEL [PROMPT] */
#include <inlay/inlay.h>
#include <stdio.h>

static int failed(inlay_status status, const inlay_error* error) {
  if (status == INLAY_OK) return 0;
  fprintf(stderr, "%s: %s\n", inlay_status_name(status), error->message);
  return 1;
}

int main(int argc, char** argv) {
  inlay_error error = INLAY_ERROR_INIT;
  inlay_model_source source = INLAY_MODEL_SOURCE_INIT;
  inlay_request request = INLAY_REQUEST_INIT;
  inlay_event event = INLAY_EVENT_INIT;
  inlay_context* context = NULL;
  inlay_model* model = NULL;
  inlay_engine* engine = NULL;
  uint64_t id = 0;
  size_t count = 0;
  if (argc < 2) return fprintf(stderr, "usage: hello MODEL [PROMPT]\n"), 2;
  source.path = argv[1], source.path_size = INLAY_NUL;
  request.prompt = argc > 2 ? argv[2] : "What is the capital of France?";
  request.prompt_size = INLAY_NUL;
  request.flags = INLAY_REQUEST_CHAT, request.max_tokens = 200;
  int bad = failed(inlay_context_create(NULL, &context, &error), &error) ||
            failed(inlay_model_open(context, &source, NULL, &model, &error), &error) ||
            failed(inlay_engine_create(model, NULL, &engine, &error), &error) ||
            failed(inlay_submit(engine, &request, &id, &error), &error);
  while (!bad && event.kind != INLAY_EVENT_FINISHED) {
    bad = failed(inlay_poll(engine, &event, sizeof event, 1, -1, &count, &error), &error);
    if (!bad && event.kind == INLAY_EVENT_FAILED)
      bad = fprintf(stderr, "%s\n", event.message);
    else if (!bad && count && event.kind == INLAY_EVENT_DELTA)
      fwrite(event.text, 1, event.text_size, stdout), fflush(stdout);
  }
  inlay_engine_release(engine), inlay_model_release(model), inlay_context_release(context);
  return bad != 0 || puts("") < 0;
}
