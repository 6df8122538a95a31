/* Before and while a large model is opened: does it fit, how far is it? */
#include "example.h"

/* [progress] */
static int32_t progress(void* user_data, const char* stage, size_t stage_size,
                        uint64_t done, uint64_t total) {
  const int* give_up = user_data;
  printf("%.*s: %d%%\n", (int)stage_size, stage,
         total > 0 ? (int)(100.0 * (double)done / (double)total) : 0);
  return *give_up; /* anything but 0 cancels the opening */
}
/* [progress] */

/* [does it fit] */
static uint64_t bytes_needed(inlay_context* context,
                             const inlay_model_source* source) {
  inlay_error error = INLAY_ERROR_INIT;
  inlay_model_options options = INLAY_MODEL_OPTIONS_INIT;
  inlay_engine_options engine = INLAY_ENGINE_OPTIONS_INIT;
  inlay_memory_needs needs = INLAY_MEMORY_NEEDS_INIT;
  inlay_model* description = NULL;
  options.flags = INLAY_MODEL_VOCABULARY_ONLY; /* reads no weights */
  check(inlay_model_open(context, source, &options, &description, &error),
        &error);
  engine.context_length = 512;
  engine.max_concurrency = 4;
  check(inlay_memory_estimate(description, &engine, &needs, &error), &error);
  inlay_model_release(description);
  return needs.total;
}
/* [does it fit] */

int main(int argc, char** argv) {
  inlay_error error = INLAY_ERROR_INIT;
  inlay_model_source source = INLAY_MODEL_SOURCE_INIT;
  inlay_context* context = NULL;
  int give_up = 0;
  source.path = model_argument(argc, argv);
  source.path_size = INLAY_NUL;
  check(inlay_context_create(NULL, &context, &error), &error);
  printf("needs %llu KiB\n",
         (unsigned long long)(bytes_needed(context, &source) >> 10));

  /* [open in the background] */
  inlay_model_options options = INLAY_MODEL_OPTIONS_INIT;
  inlay_load* load = NULL;
  inlay_model* model = NULL;
  inlay_status status;
  options.progress = progress;
  options.progress_user_data = &give_up;
  check(inlay_model_open_async(context, &source, &options, &load, &error),
        &error);
  do { /* a program with a window draws here */
    status = inlay_load_wait(load, 100 * INT64_C(1000000), &error);
  } while (status == INLAY_ERR_DEADLINE_EXCEEDED);
  check(status, &error);
  check(inlay_load_get_model(load, &model, &error), &error);
  inlay_load_release(load);
  /* [open in the background] */

  /* [describe] */
  inlay_model_info info = INLAY_MODEL_INFO_INIT;
  check(inlay_model_get_info(model, &info, &error), &error);
  printf("%s, %s, %.1f million parameters, %s\n", info.format,
         info.architecture, (double)info.parameter_count / 1e6, info.recipe);
  /* [describe] */
  inlay_model_release(model);
  inlay_context_release(context);
  return 0;
}
