/* A program that can use Inlay but does not need it:
 *
 *   plugin-host LIBRARY MODEL TEXT
 *
 * It is not linked to the library. It loads it at run time, asks for the
 * functions by name, and does a simpler thing where the library is missing,
 * too old, or the model cannot be opened. */
#include <dlfcn.h>
#include <inlay/inlay.h>
#include <stdio.h>
#include <string.h>

/* The functions that it uses, with their types from the header. */
typedef struct {
  void* library;
  __typeof__(&inlay_context_create) context_create;
  __typeof__(&inlay_context_release) context_release;
  __typeof__(&inlay_model_open) model_open;
  __typeof__(&inlay_model_release) model_release;
  __typeof__(&inlay_engine_create) engine_create;
  __typeof__(&inlay_engine_release) engine_release;
  __typeof__(&inlay_generate) generate;
  __typeof__(&inlay_generation_get) generation_get;
  __typeof__(&inlay_generation_release) generation_release;
} plugin;

/* A function pointer cannot be cast from void* in strict C; this copies it. */
static int find(void* library, const char* name, void* out, size_t size) {
  void* found = dlsym(library, name);
  memcpy(out, &found, size);
  return found != NULL;
}

static int load(const char* path, plugin* to) {
  __typeof__(&inlay_get_proc) get_proc;
  __typeof__(&inlay_abi_version) abi_version;
  inlay_proc found;
  to->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (to->library == NULL) return 0;
  if (!find(to->library, "inlay_get_proc", &get_proc, sizeof get_proc) ||
      !find(to->library, "inlay_abi_version", &abi_version,
            sizeof abi_version) ||
      abi_version() != INLAY_ABI_VERSION) {
    return 0;
  }
#define NEED(name)                  \
  found = get_proc("inlay_" #name); \
  if (found == NULL) return 0;      \
  to->name = (__typeof__(to->name))found;
  NEED(context_create)
  NEED(context_release)
  NEED(model_open)
  NEED(model_release)
  NEED(engine_create)
  NEED(engine_release)
  NEED(generate)
  NEED(generation_get)
  NEED(generation_release)
#undef NEED
  return 1;
}

/* Continues the text with the model; 0 if that was not possible. */
static int continue_text(const plugin* use, const char* path,
                         const char* text) {
  inlay_error error = INLAY_ERROR_INIT;
  inlay_model_source source = INLAY_MODEL_SOURCE_INIT;
  inlay_request request = INLAY_REQUEST_INIT;
  inlay_event answer = INLAY_EVENT_INIT;
  inlay_context* context = NULL;
  inlay_model* model = NULL;
  inlay_engine* engine = NULL;
  inlay_generation* generation = NULL;
  int good;
  source.path = path, source.path_size = INLAY_NUL;
  request.prompt = text, request.prompt_size = INLAY_NUL;
  request.max_tokens = 40;
  good = use->context_create(NULL, &context, &error) == INLAY_OK &&
         use->model_open(context, &source, NULL, &model, &error) == INLAY_OK &&
         use->engine_create(model, NULL, &engine, &error) == INLAY_OK &&
         use->generate(engine, &request, &generation, &error) == INLAY_OK &&
         use->generation_get(generation, &answer, &error) == INLAY_OK;
  if (good) {
    printf("%s%s\n", text, answer.text);
  } else {
    fprintf(stderr, "no model: %s\n", error.message);
  }
  /* Any order will do, and NULL too. */
  use->context_release(context);
  use->model_release(model);
  use->engine_release(engine);
  use->generation_release(generation);
  return good;
}

int main(int argc, char** argv) {
  plugin use = {0};
  int done = 0;
  if (argc != 4) {
    fprintf(stderr, "usage: plugin-host LIBRARY MODEL TEXT\n");
    return 2;
  }
  if (load(argv[1], &use)) {
    done = continue_text(&use, argv[2], argv[3]);
  } else {
    fprintf(stderr, "no language model here\n");
  }
  if (!done) printf("%s...\n", argv[3]);         /* life without it */
  if (use.library != NULL) dlclose(use.library); /* no thread is left */
  return 0;
}
