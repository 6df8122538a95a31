/* Two copies of the library in one process, as a host and a plug-in of its may
 * bring them: both work at once, neither takes a handle of the other, and one
 * goes without the other noticing.
 *
 * usage: two_copies LIBRARY COPY MODEL */
#include <dirent.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "inlay/inlay.h"

enum { kTokens = 12 };

typedef struct {
  const char* path;
  const char* model_path;
  void* library;
  inlay_status (*context_create)(const inlay_context_options*, inlay_context**,
                                 inlay_error*);
  inlay_status (*context_get_stats)(inlay_context*, inlay_context_stats*,
                                    inlay_error*);
  inlay_status (*model_open)(inlay_context*, const inlay_model_source*,
                             const inlay_model_options*, inlay_model**,
                             inlay_error*);
  inlay_status (*engine_create)(inlay_model*, const inlay_engine_options*,
                                inlay_engine**, inlay_error*);
  inlay_status (*generate)(inlay_engine*, const inlay_request*,
                           inlay_generation**, inlay_error*);
  inlay_status (*generation_get)(inlay_generation*, inlay_event*, inlay_error*);
  void (*generation_release)(inlay_generation*);
  void (*engine_release)(inlay_engine*);
  void (*model_release)(inlay_model*);
  void (*context_release)(inlay_context*);
  inlay_context* context;
  inlay_model* model;
  inlay_engine* engine;
  int32_t tokens[kTokens];
  const char* fault;
  char text[600];
} copy_t;

static int load(copy_t* self) {
  self->library = dlopen(self->path, RTLD_NOW | RTLD_LOCAL);
  if (self->library == NULL) {
    fprintf(stderr, "%s\n", dlerror());
    return 0;
  }
#define LOOK_UP(name)                                            \
  *(void**)(&self->name) = dlsym(self->library, "inlay_" #name); \
  if (self->name == NULL) return 0
  LOOK_UP(context_create);
  LOOK_UP(context_get_stats);
  LOOK_UP(model_open);
  LOOK_UP(engine_create);
  LOOK_UP(generate);
  LOOK_UP(generation_get);
  LOOK_UP(generation_release);
  LOOK_UP(engine_release);
  LOOK_UP(model_release);
  LOOK_UP(context_release);
#undef LOOK_UP
  return 1;
}

static void complain(copy_t* self, const char* fault,
                     const inlay_error* error) {
  if (self->fault != NULL) return;
  snprintf(self->text, sizeof(self->text), "%s: %s", fault,
           error == NULL ? "" : error->message);
  self->fault = self->text;
}

/* The tokens that the model gives, through this copy. */
static void answer(copy_t* self, int32_t* tokens) {
  inlay_error error = INLAY_ERROR_INIT;
  inlay_generation* generation = NULL;
  inlay_event event = INLAY_EVENT_INIT;
  inlay_request request = INLAY_REQUEST_INIT;
  request.prompt = "the";
  request.prompt_size = INLAY_NUL;
  request.max_tokens = kTokens;
  request.flags = INLAY_REQUEST_IGNORE_END;
  if (self->generate(self->engine, &request, &generation, &error) != INLAY_OK ||
      self->generation_get(generation, &event, &error) != INLAY_OK) {
    complain(self, "generate", &error);
  } else if (event.token_count != kTokens) {
    complain(self, "too few tokens", NULL);
  } else {
    memcpy(tokens, event.tokens, sizeof(self->tokens));
  }
  self->generation_release(generation);
}

static void* use(void* argument) {
  copy_t* self = argument;
  inlay_error error = INLAY_ERROR_INIT;
  inlay_context_options context_options = INLAY_CONTEXT_OPTIONS_INIT;
  inlay_model_source source = INLAY_MODEL_SOURCE_INIT;
  inlay_engine_options engine_options = INLAY_ENGINE_OPTIONS_INIT;
  context_options.thread_count = 2;
  source.path = self->model_path;
  source.path_size = INLAY_NUL;
  engine_options.context_length = 64;
  if (self->context_create(&context_options, &self->context, &error) !=
          INLAY_OK ||
      self->model_open(self->context, &source, NULL, &self->model, &error) !=
          INLAY_OK ||
      self->engine_create(self->model, &engine_options, &self->engine,
                          &error) != INLAY_OK) {
    complain(self, "opening", &error);
    return NULL;
  }
  answer(self, self->tokens);
  return NULL;
}

/* Every way in must refuse, and every release must do nothing. */
static void give_handles(copy_t* to, const copy_t* from) {
  inlay_error error = INLAY_ERROR_INIT;
  inlay_context_stats stats = INLAY_CONTEXT_STATS_INIT;
  inlay_model_source source = INLAY_MODEL_SOURCE_INIT;
  inlay_request request = INLAY_REQUEST_INIT;
  inlay_model* model = NULL;
  inlay_engine* engine = NULL;
  inlay_generation* generation = NULL;
  source.path = to->model_path;
  source.path_size = INLAY_NUL;
  request.prompt = "the";
  request.prompt_size = INLAY_NUL;
  if (to->context_get_stats(from->context, &stats, &error) !=
          INLAY_ERR_INVALID_ARGUMENT ||
      to->model_open(from->context, &source, NULL, &model, &error) !=
          INLAY_ERR_INVALID_ARGUMENT ||
      to->engine_create(from->model, NULL, &engine, &error) !=
          INLAY_ERR_INVALID_ARGUMENT ||
      to->generate(from->engine, &request, &generation, &error) !=
          INLAY_ERR_INVALID_ARGUMENT) {
    complain(to, "took a handle of the other copy", &error);
  }
  to->engine_release(from->engine);
  to->model_release(from->model);
  to->context_release(from->context);
}

/* Still the same answer. */
static void answer_again(copy_t* self) {
  int32_t tokens[kTokens] = {0};
  answer(self, tokens);
  if (memcmp(tokens, self->tokens, sizeof(tokens)) != 0) {
    complain(self, "another answer than before", NULL);
  }
}

static int is_mapped(const char* path) {
  const char* name = strrchr(path, '/') == NULL ? path : strrchr(path, '/') + 1;
  FILE* maps = fopen("/proc/self/maps", "r");
  char line[1024];
  int found = 0;
  while (maps != NULL && fgets(line, sizeof(line), maps) != NULL) {
    if (strstr(line, name) != NULL) found = 1;
  }
  if (maps != NULL) fclose(maps);
  return found;
}

static void leave(copy_t* self) {
  self->engine_release(self->engine);
  self->model_release(self->model);
  self->context_release(self->context);
  if (dlclose(self->library) != 0) complain(self, "dlclose", NULL);
  if (is_mapped(self->path)) complain(self, "still mapped", NULL);
}

static int count_threads(void) {
  DIR* tasks = opendir("/proc/self/task");
  int count = 0;
  if (tasks == NULL) return -1;
  while (readdir(tasks) != NULL) ++count;
  closedir(tasks);
  return count - 2; /* . and .. */
}

static int report(const copy_t* copies) {
  int i, faults = 0;
  for (i = 0; i < 2; ++i) {
    if (copies[i].fault == NULL) continue;
    fprintf(stderr, "%s: %s\n", copies[i].path, copies[i].fault);
    ++faults;
  }
  return faults;
}

int main(int argc, char** argv) {
  copy_t copies[2];
  pthread_t threads[2];
  int i;
  if (argc != 4) return 2;
  memset(copies, 0, sizeof(copies));
  const int threads_before = count_threads();
  for (i = 0; i < 2; ++i) {
    copies[i].path = argv[1 + i];
    copies[i].model_path = argv[3];
    if (!load(&copies[i])) return 1;
  }
  if (copies[0].generate == copies[1].generate) {
    fprintf(stderr, "the loader took both for one\n");
    return 1;
  }
  for (i = 0; i < 2; ++i) {
    if (pthread_create(&threads[i], NULL, use, &copies[i]) != 0) return 1;
  }
  for (i = 0; i < 2; ++i) pthread_join(threads[i], NULL);
  if (report(copies) != 0) return 1;
  if (memcmp(copies[0].tokens, copies[1].tokens, sizeof(copies[0].tokens))) {
    complain(&copies[1], "another answer than the first copy's", NULL);
  }
  give_handles(&copies[0], &copies[1]);
  give_handles(&copies[1], &copies[0]);
  answer_again(&copies[0]);
  answer_again(&copies[1]);
  if (report(copies) != 0) return 1;
  leave(&copies[0]);
  answer_again(&copies[1]);
  leave(&copies[1]);
  if (count_threads() != threads_before) {
    fprintf(stderr, "%d threads are left\n", count_threads() - threads_before);
    return 1;
  }
  if (report(copies) != 0) return 1;
  printf("both copies answered alike, and refused each other's handles\n");
  return 0;
}
