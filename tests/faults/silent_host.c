// A host that looks at what the library did to its process besides the work:
// nothing on stdout and stderr; locale, signals, FP mode, environment, umask
// and working folder as they were.
#include <fcntl.h>
#include <fenv.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

#include "inlay/inlay.h"

extern char** environ;

enum { kSignals = 65 };

struct process_state {
  struct sigaction actions[kSignals];
  sigset_t mask;
  char locale[256];
  int rounding;
  unsigned mxcsr;
  mode_t umask;
  char folder[512];
  size_t environment_size;
  char environment[1 << 16];
};

static struct process_state before, after;
static int failures;
static FILE* report;

static void expect(int holds, const char* what) {
  if (holds) return;
  ++failures;
  fprintf(report, "failed: %s\n", what);
}

static void note_environment(struct process_state* state) {
  for (char** entry = environ; *entry != NULL; ++entry) {
    const size_t size = strlen(*entry) + 1;
    if (state->environment_size + size > sizeof(state->environment)) break;
    memcpy(state->environment + state->environment_size, *entry, size);
    state->environment_size += size;
  }
}

static void note(struct process_state* state) {
  memset(state, 0, sizeof(*state));
  for (int i = 1; i < kSignals; ++i) sigaction(i, NULL, &state->actions[i]);
  sigprocmask(SIG_BLOCK, NULL, &state->mask);
  snprintf(state->locale, sizeof(state->locale), "%s", setlocale(LC_ALL, NULL));
  state->rounding = fegetround();
#if defined(__x86_64__)
  state->mxcsr = _mm_getcsr() & ~0x3fU;  // without the sticky flags
#endif
  state->umask = umask(0);
  umask(state->umask);
  if (getcwd(state->folder, sizeof(state->folder)) == NULL) {
    state->folder[0] = '\0';
  }
  note_environment(state);
}

static void compare(void) {
  for (int i = 1; i < kSignals; ++i) {
    expect(before.actions[i].sa_handler == after.actions[i].sa_handler &&
               before.actions[i].sa_flags == after.actions[i].sa_flags,
           "a signal's disposition changed");
  }
  expect(memcmp(&before.mask, &after.mask, sizeof(before.mask)) == 0,
         "the signal mask changed");
  expect(strcmp(before.locale, after.locale) == 0, "the locale changed");
  expect(before.rounding == after.rounding, "the rounding mode changed");
  expect(before.mxcsr == after.mxcsr, "MXCSR changed");
  expect(before.umask == after.umask, "the umask changed");
  expect(strcmp(before.folder, after.folder) == 0,
         "the working folder changed");
  expect(before.environment_size == after.environment_size &&
             memcmp(before.environment, after.environment,
                    before.environment_size) == 0,
         "the environment changed");
}

static inlay_model* open_model(inlay_context* context, const char* path,
                               inlay_status expected) {
  inlay_model_source source = INLAY_MODEL_SOURCE_INIT;
  source.path = path;
  source.path_size = INLAY_NUL;
  inlay_model* model = NULL;
  inlay_error error = INLAY_ERROR_INIT;
  const inlay_status status =
      inlay_model_open(context, &source, NULL, &model, &error);
  if (status != expected) {
    ++failures;
    fprintf(report, "failed: opening %s: %d %s\n", path, status, error.message);
  }
  return model;
}

static void answer(inlay_engine* engine) {
  inlay_request request = INLAY_REQUEST_INIT;
  request.prompt = "Hello";
  request.prompt_size = INLAY_NUL;
  request.max_tokens = 5;
  inlay_generation* generation = NULL;
  expect(inlay_generate(engine, &request, &generation, NULL) == INLAY_OK,
         "a good request");
  inlay_generation_release(generation);
  request.prompt = "\xff\xfe";
  expect(inlay_generate(engine, &request, &generation, NULL) ==
             INLAY_ERR_INVALID_ARGUMENT,
         "a prompt that is not UTF-8");
  request.prompt = "Hello";
  request.temperature = -1;
  uint64_t id = 0;
  expect(
      inlay_submit(engine, &request, &id, NULL) == INLAY_ERR_INVALID_ARGUMENT,
      "a negative temperature");
}

static void run_engine(inlay_model* model, uint64_t flags) {
  inlay_engine_options options = INLAY_ENGINE_OPTIONS_INIT;
  options.context_length = 64;
  options.flags = flags;
  inlay_engine* engine = NULL;
  expect(inlay_engine_create(model, &options, &engine, NULL) == INLAY_OK,
         "creating an engine");
  answer(engine);
  inlay_engine_close(engine, INLAY_CLOSE_DRAIN, -1, NULL);
  inlay_engine_release(engine);
}

static void use(const char* path) {
  inlay_context_options options = INLAY_CONTEXT_OPTIONS_INIT;
  options.thread_count = 2;
  inlay_context* context = NULL;
  expect(inlay_context_create(&options, &context, NULL) == INLAY_OK,
         "creating a context");
  open_model(context, "/no/such/model.gguf", INLAY_ERR_NOT_FOUND);
  open_model(context, "/proc/self/exe", INLAY_ERR_INVALID_ARGUMENT);
  open_model(context, "/", INLAY_ERR_INVALID_ARGUMENT);
  inlay_model* model = open_model(context, path, INLAY_OK);
  if (model != NULL) {
    run_engine(model, 0);
    run_engine(model, INLAY_ENGINE_HOST_DRIVEN);
  }
  inlay_model_release(model);
  inlay_context_release(context);
  // A budget that nothing fits in.
  options.memory_budget_bytes = 1000;
  expect(inlay_context_create(&options, &context, NULL) == INLAY_OK,
         "creating a small context");
  model = open_model(context, path, INLAY_ERR_RESOURCE_EXHAUSTED);
  inlay_model_release(model);
  inlay_context_release(context);
}

int main(int argc, char** argv) {
  const int own = dup(STDERR_FILENO);
  report = fdopen(own, "w");
  FILE* caught = tmpfile();
  if (argc != 2 || report == NULL || caught == NULL) return 2;
  // Something unusual everywhere, so that a reset to the default shows.
  umask(027);
  signal(SIGUSR1, SIG_IGN);
  signal(SIGPIPE, SIG_DFL);
  setlocale(LC_ALL, "C.UTF-8");
  fesetround(FE_UPWARD);
#if defined(__x86_64__)
  _mm_setcsr(_mm_getcsr() | 0x8040U);  // flush to zero, denormals are zero
#endif
  fflush(stdout);
  dup2(fileno(caught), STDOUT_FILENO);
  dup2(fileno(caught), STDERR_FILENO);
  note(&before);
  use(argv[1]);
  note(&after);
  fflush(stdout);
  fflush(stderr);
  struct stat written;
  expect(fstat(fileno(caught), &written) == 0 && written.st_size == 0,
         "something was written to stdout or stderr");
  compare();
  fprintf(report, "%d failures\n", failures);
  fflush(report);
  // Past whatever runs at exit and expects the default FP mode.
  _exit(failures == 0 ? 0 : 1);
}
