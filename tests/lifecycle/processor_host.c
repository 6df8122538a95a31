/* Prints how a model is computed on this processor, and the tokens that it
 * continues the ids of an oracle file with.
 *
 * usage: processor_host MODEL GOLDEN [ISA]
 * prints: RECIPE-NAME TOKEN..., then the oracle's tokens on a second line
 *
 * GOLDEN as tests/goldens/make_models.py writes it. Status 3: the instruction
 * set is refused, with the error's text on standard error. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inlay/inlay.h"

enum { kMost = 512 };

static inlay_error error = INLAY_ERROR_INIT;

static int failed(const char* call, inlay_status status) {
  if (status == INLAY_OK) return 0;
  fprintf(stderr, "%s: %s: %s\n", call, inlay_status_name(status),
          error.message);
  return 1;
}

/* The prompt and the greedy continuation of the oracle. */
typedef struct {
  int32_t count, vocabulary, greedy_count;
  int32_t ids[kMost], greedy[kMost];
} golden_t;

static int read_golden(const char* path, golden_t* golden) {
  FILE* file = fopen(path, "rb");
  int good =
      file != NULL && fread(&golden->count, sizeof(int32_t), 3, file) == 3 &&
      golden->count > 0 && golden->count < kMost && golden->greedy_count > 0 &&
      golden->greedy_count < kMost &&
      fread(golden->ids, sizeof(int32_t), (size_t)golden->count, file) ==
          (size_t)golden->count &&
      fread(golden->greedy, sizeof(int32_t), (size_t)golden->greedy_count,
            file) == (size_t)golden->greedy_count;
  if (file != NULL) fclose(file);
  if (!good) fprintf(stderr, "%s is no golden file\n", path);
  return good;
}

static int print_recipe(inlay_model* model) {
  inlay_model_info info = INLAY_MODEL_INFO_INIT;
  size_t size = 0;
  if (failed("model_get_info", inlay_model_get_info(model, &info, &error))) {
    return 0;
  }
  while (size < info.recipe_size && info.recipe[size] != ':') ++size;
  printf("%.*s", (int)size, info.recipe);
  return 1;
}

static void print_tokens(const int32_t* tokens, size_t count) {
  size_t i;
  for (i = 0; i < count; ++i) printf(" %d", (int)tokens[i]);
  printf("\n");
}

static int generate(inlay_model* model, const golden_t* golden) {
  inlay_engine_options options = INLAY_ENGINE_OPTIONS_INIT;
  inlay_prompt_part part = INLAY_PROMPT_PART_INIT;
  inlay_request request = INLAY_REQUEST_INIT;
  inlay_event event = INLAY_EVENT_INIT;
  inlay_engine* engine = NULL;
  inlay_generation* generation = NULL;
  int good;
  options.context_length = 256;
  part.kind = INLAY_PART_TOKENS;
  part.tokens = golden->ids;
  part.token_count = (size_t)golden->count;
  request.parts = &part;
  request.part_size = sizeof(part);
  request.part_count = 1;
  request.max_tokens = golden->greedy_count;
  request.flags = INLAY_REQUEST_IGNORE_END | INLAY_REQUEST_NO_SPECIAL;
  good = !failed("engine_create",
                 inlay_engine_create(model, &options, &engine, &error)) &&
         !failed("generate",
                 inlay_generate(engine, &request, &generation, &error)) &&
         !failed("generation_get",
                 inlay_generation_get(generation, &event, &error));
  if (good) print_tokens(event.tokens, event.token_count);
  inlay_generation_release(generation);
  inlay_engine_release(engine);
  return good;
}

int main(int argc, char** argv) {
  static golden_t golden;
  inlay_context_options context_options = INLAY_CONTEXT_OPTIONS_INIT;
  inlay_model_source source = INLAY_MODEL_SOURCE_INIT;
  inlay_model_options model_options = INLAY_MODEL_OPTIONS_INIT;
  inlay_context* context = NULL;
  inlay_options* options = NULL;
  inlay_model* model = NULL;
  inlay_status status;
  int good;
  if (argc < 3) return 2;
  if (!read_golden(argv[2], &golden)) return 1;
  context_options.thread_count = 2;
  source.path = argv[1];
  source.path_size = INLAY_NUL;
  if (failed("context_create",
             inlay_context_create(&context_options, &context, &error)) ||
      failed("options_create", inlay_options_create(&options, &error)) ||
      failed("options_set", inlay_options_set(options, "isa", INLAY_NUL,
                                              argc > 3 ? argv[3] : "auto",
                                              INLAY_NUL, &error))) {
    return 1;
  }
  model_options.options = options;
  status = inlay_model_open(context, &source, &model_options, &model, &error);
  good = !failed("model_open", status) && print_recipe(model) &&
         generate(model, &golden);
  if (good) {
    printf("oracle");
    print_tokens(golden.greedy, (size_t)golden.greedy_count);
  }
  inlay_model_release(model);
  inlay_options_release(options);
  inlay_context_release(context);
  if (status == INLAY_ERR_UNSUPPORTED) return 3;
  return good ? 0 : 1;
}
