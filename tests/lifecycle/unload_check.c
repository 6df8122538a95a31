/* Loads the library, uses it from a thread that then exits, and unloads it,
 * again and again: it must be unmapped each time, and nothing may grow.
 *
 * usage: unload_check LIBRARY MODEL CYCLES */
#include <dlfcn.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inlay/inlay.h"

typedef struct {
  const char* library;
  const char* model;
  const char* fault;
} use_t;

#define LOOK_UP(name)                           \
  *(void**)(&p_##name) = dlsym(library, #name); \
  if (p_##name == NULL) {                       \
    use->fault = "no symbol " #name;            \
    return NULL;                                \
  }

static void* use_once(void* argument) {
  use_t* use = argument;
  inlay_status (*p_inlay_context_create)(const inlay_context_options*,
                                         inlay_context**, inlay_error*);
  inlay_status (*p_inlay_model_open)(inlay_context*, const inlay_model_source*,
                                     const inlay_model_options*, inlay_model**,
                                     inlay_error*);
  inlay_status (*p_inlay_engine_create)(
      inlay_model*, const inlay_engine_options*, inlay_engine**, inlay_error*);
  inlay_status (*p_inlay_generate)(inlay_engine*, const inlay_request*,
                                   inlay_generation**, inlay_error*);
  void (*p_inlay_generation_release)(inlay_generation*);
  void (*p_inlay_engine_release)(inlay_engine*);
  void (*p_inlay_model_release)(inlay_model*);
  void (*p_inlay_context_release)(inlay_context*);
  void* library = dlopen(use->library, RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) {
    use->fault = dlerror();
    return NULL;
  }
  LOOK_UP(inlay_context_create)
  LOOK_UP(inlay_model_open)
  LOOK_UP(inlay_engine_create)
  LOOK_UP(inlay_generate)
  LOOK_UP(inlay_generation_release)
  LOOK_UP(inlay_engine_release)
  LOOK_UP(inlay_model_release)
  LOOK_UP(inlay_context_release)
  inlay_context* context = NULL;
  inlay_model* model = NULL;
  inlay_engine* engine = NULL;
  inlay_generation* generation = NULL;
  inlay_context_options context_options = INLAY_CONTEXT_OPTIONS_INIT;
  context_options.thread_count = 2;
  inlay_model_source source = INLAY_MODEL_SOURCE_INIT;
  source.path = use->model;
  source.path_size = INLAY_NUL;
  inlay_engine_options engine_options = INLAY_ENGINE_OPTIONS_INIT;
  engine_options.context_length = 128;
  inlay_request request = INLAY_REQUEST_INIT;
  request.prompt = "the";
  request.prompt_size = INLAY_NUL;
  request.max_tokens = 3;
  if (p_inlay_context_create(&context_options, &context, NULL) != INLAY_OK ||
      p_inlay_model_open(context, &source, NULL, &model, NULL) != INLAY_OK ||
      p_inlay_engine_create(model, &engine_options, &engine, NULL) !=
          INLAY_OK ||
      p_inlay_generate(engine, &request, &generation, NULL) != INLAY_OK) {
    use->fault = "a call failed";
  }
  p_inlay_generation_release(generation);
  p_inlay_engine_release(engine);
  p_inlay_model_release(model);
  p_inlay_context_release(context);
  if (dlclose(library) != 0) use->fault = "dlclose failed";
  return NULL;
}

static int is_mapped(const char* name) {
  FILE* maps = fopen("/proc/self/maps", "r");
  char line[1024];
  int found = 0;
  while (maps != NULL && fgets(line, sizeof(line), maps) != NULL) {
    if (strstr(line, name) != NULL) found = 1;
  }
  if (maps != NULL) fclose(maps);
  return found;
}

static long resident_kb(void) {
  FILE* statm = fopen("/proc/self/statm", "r");
  long total = 0, resident = 0;
  if (statm != NULL) {
    if (fscanf(statm, "%ld %ld", &total, &resident) != 2) resident = 0;
    fclose(statm);
  }
  return resident * 4;
}

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const int cycles = atoi(argv[3]);
  long settled = 0;
  for (int i = 0; i < cycles; ++i) {
    use_t use = {argv[1], argv[2], NULL};
    pthread_t thread;
    if (pthread_create(&thread, NULL, use_once, &use) != 0) return 1;
    pthread_join(thread, NULL);
    if (use.fault == NULL && is_mapped("libinlay")) {
      use.fault = "the library is still mapped after dlclose";
    }
    if (use.fault != NULL) {
      fprintf(stderr, "cycle %d: %s\n", i, use.fault);
      return 1;
    }
    if (i == cycles / 5) settled = resident_kb();
  }
  const long grown = resident_kb() - settled;
  printf("%d cycles; resident grew by %ld kB after the first fifth\n", cycles,
         grown);
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return 0; /* a sanitizer keeps what was freed, and reports leaks itself */
#else
  return grown > 1024 ? 1 : 0;
#endif
}
