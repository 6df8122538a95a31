/* The tunables that this library knows, and an engine that uses some. */
#include "example.h"

/* [list tunables] */
static void print_tunables(void) {
  inlay_error error = INLAY_ERROR_INIT;
  size_t i;
  for (i = 0; i < inlay_option_count(); ++i) {
    inlay_option_info option = INLAY_OPTION_INFO_INIT;
    check(inlay_option_get_info(i, &option, &error), &error);
    printf("%s (%s): %s; %s\n", option.key, option.scope, option.values,
           option.description);
  }
}
/* [list tunables] */

int main(int argc, char** argv) {
  inlay_error error = INLAY_ERROR_INIT;
  inlay_model_source source = INLAY_MODEL_SOURCE_INIT;
  inlay_context* context = NULL;
  inlay_model* model = NULL;
  source.path = model_argument(argc, argv);
  source.path_size = INLAY_NUL;
  print_tunables();
  check(inlay_context_create(NULL, &context, &error), &error);
  check(inlay_model_open(context, &source, NULL, &model, &error), &error);

  /* [set tunables] */
  inlay_options* tunables = NULL;
  inlay_engine_options options = INLAY_ENGINE_OPTIONS_INIT;
  inlay_engine* engine = NULL;
  check(inlay_options_create(&tunables, &error), &error);
  check(inlay_options_set(tunables, "kv_type", INLAY_NUL, "int8", INLAY_NUL,
                          &error),
        &error);
  check(inlay_options_set(tunables, "max_queue", INLAY_NUL, "64", INLAY_NUL,
                          &error),
        &error);
  options.options = tunables;
  options.context_length = 512;
  options.max_concurrency = 8;
  check(inlay_engine_create(model, &options, &engine, &error), &error);
  inlay_options_release(tunables); /* it was read by the call */
  /* [set tunables] */

  /* [what was chosen] */
  inlay_engine_config config = INLAY_ENGINE_CONFIG_INIT;
  check(inlay_engine_get_config(engine, &config, &error), &error);
  printf("%s\n", config.explanation);
  /* [what was chosen] */
  inlay_engine_release(engine);
  inlay_model_release(model);
  inlay_context_release(context);
  return 0;
}
