/* How alike are two sentences? MODEL is an encoder's folder. */
#include "example.h"

enum { kMostTokens = 512 };

int main(int argc, char** argv) {
  static const char* const texts[2] = {"A cat sleeps.", "A dog sleeps."};
  inlay_error error = INLAY_ERROR_INIT;
  inlay_model_source source = INLAY_MODEL_SOURCE_INIT;
  inlay_context* context = NULL;
  inlay_model* model = NULL;
  inlay_engine* engine = NULL;
  double alike = 0;
  size_t width, i;
  source.path = model_argument(argc, argv);
  source.path_size = INLAY_NUL;
  check(inlay_context_create(NULL, &context, &error), &error);
  check(inlay_model_open(context, &source, NULL, &model, &error), &error);
  check(inlay_engine_create(model, NULL, &engine, &error), &error);

  /* [embed] */
  int32_t tokens[2 * kMostTokens], lengths[2];
  size_t used = 0, count = 0;
  float* vectors;
  for (i = 0; i < 2; ++i) {
    check(inlay_tokenize(model, texts[i], INLAY_NUL, 0, tokens + used,
                         kMostTokens, &count, &error),
          &error);
    lengths[i] = (int32_t)count;
    used += count;
  }
  check(inlay_embed(engine, tokens, used, lengths, 2, INLAY_POOLING_MODEL, 1,
                    NULL, 0, &count, &error),
        &error);
  vectors = malloc(count * sizeof *vectors);
  if (vectors == NULL) return 1;
  check(inlay_embed(engine, tokens, used, lengths, 2, INLAY_POOLING_MODEL, 1,
                    vectors, count, &count, &error),
        &error);
  width = count / 2; /* both have length 1: their product is the cosine */
  for (i = 0; i < width; ++i) alike += vectors[i] * vectors[width + i];
  /* [embed] */
  printf("%.3f\n", alike);
  free(vectors);
  inlay_engine_release(engine);
  inlay_model_release(model);
  inlay_context_release(context);
  return 0;
}
