/* Tokens of a text, and a conversation in the model's own format. */
#include "example.h"

/* [count tokens] */
/* Calls of two steps: ask for the size, then fill a buffer of that size. */
static size_t count_tokens(inlay_model* model, const char* text) {
  inlay_error error = INLAY_ERROR_INIT;
  size_t count = 0;
  check(inlay_tokenize(model, text, INLAY_NUL, 0, NULL, 0, &count, &error),
        &error);
  return count;
}
/* [count tokens] */

int main(int argc, char** argv) {
  inlay_error error = INLAY_ERROR_INIT;
  inlay_model_source source = INLAY_MODEL_SOURCE_INIT;
  inlay_model_options options = INLAY_MODEL_OPTIONS_INIT;
  inlay_context* context = NULL;
  inlay_model* model = NULL;
  source.path = model_argument(argc, argv);
  source.path_size = INLAY_NUL;
  options.flags = INLAY_MODEL_VOCABULARY_ONLY;
  check(inlay_context_create(NULL, &context, &error), &error);
  check(inlay_model_open(context, &source, &options, &model, &error), &error);
  printf("%zu tokens\n", count_tokens(model, "The sky is blue."));

  /* [render a chat] */
  inlay_chat_input input = INLAY_CHAT_INPUT_INIT;
  size_t size = 0;
  char* prompt;
  input.messages_json =
      "[{\"role\": \"system\", \"content\": \"Answer briefly.\"},"
      " {\"role\": \"user\", \"content\": \"Why is the sky blue?\"}]";
  input.messages_json_size = INLAY_NUL;
  check(inlay_chat_render(model, &input, NULL, 0, &size, &error), &error);
  prompt = malloc(size + 1); /* the text, and its terminator */
  if (prompt == NULL) return 1;
  check(inlay_chat_render(model, &input, prompt, size + 1, &size, &error),
        &error);
  printf("%s", prompt);
  /* [render a chat] */
  free(prompt);
  inlay_model_release(model);
  inlay_context_release(context);
  return 0;
}
