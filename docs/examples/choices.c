/* Several answers to one question, with their log-probabilities. */
#include "example.h"

int main(int argc, char** argv) {
  inlay_error error = INLAY_ERROR_INIT;
  inlay_model_source source = INLAY_MODEL_SOURCE_INIT;
  inlay_context* context = NULL;
  inlay_model* model = NULL;
  inlay_engine* engine = NULL;
  source.path = model_argument(argc, argv);
  source.path_size = INLAY_NUL;
  check(inlay_context_create(NULL, &context, &error), &error);
  check(inlay_model_open(context, &source, NULL, &model, &error), &error);
  check(inlay_engine_create(model, NULL, &engine, &error), &error);

  /* [best of] */
  inlay_request request = INLAY_REQUEST_INIT;
  inlay_generation* result = NULL;
  size_t count = 0, i;
  request.prompt = "The best name for a cat is";
  request.prompt_size = INLAY_NUL;
  request.max_tokens = 8;
  request.temperature = 1.0f;
  request.seed = 42;
  request.choices = 2; /* the best two */
  request.best_of = 6; /* of six */
  check(inlay_generate(engine, &request, &result, &error), &error);
  check(inlay_generation_choice_count(result, &count, &error), &error);
  for (i = 0; i < count; ++i) {
    inlay_event answer = INLAY_EVENT_INIT;
    check(inlay_generation_get_choice(result, i, &answer, &error), &error);
    printf("%.2f:%s\n", answer.score, answer.text);
  }
  inlay_generation_release(result);
  /* [best of] */
  inlay_engine_release(engine);
  inlay_model_release(model);
  inlay_context_release(context);
  return 0;
}
