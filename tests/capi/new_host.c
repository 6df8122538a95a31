/* A host of today that also runs with an older library of the same soname.
 *
 *   new_host old|new   what it is to find */
#include <inlay/inlay.h>
#include <stdio.h>
#include <string.h>

#define CHECK(condition)                                      \
  do {                                                        \
    if (!(condition)) {                                       \
      fprintf(stderr, "line %d: %s\n", __LINE__, #condition); \
      return 1;                                               \
    }                                                         \
  } while (0)

/* Against the stand-in, which takes NULL for an engine. */
static int use_old(void) {
  inlay_error error = INLAY_ERROR_INIT;
  inlay_request request = INLAY_REQUEST_INIT;
  inlay_engine_stats stats = INLAY_ENGINE_STATS_INIT;
  inlay_event event = INLAY_EVENT_INIT;
  uint64_t id = 0;
  size_t count = 0;
  CHECK(strcmp(inlay_version(), "0.1.0") == 0);
  CHECK(inlay_struct_size("inlay_request") < sizeof(request));
  /* What 0.1 knows works, with the larger structs of today. */
  CHECK(inlay_submit(NULL, &request, &id, &error) == INLAY_OK && id == 1);
  CHECK(error.struct_size < sizeof(error) && error.retry_after_ns == 0);
  error.struct_size = sizeof(error);
  /* What it does not know is refused, not ignored. */
  request.priority = 1;
  CHECK(inlay_submit(NULL, &request, &id, &error) ==
        INLAY_ERR_UNSUPPORTED_FIELD);
  CHECK(error.code == INLAY_ERR_UNSUPPORTED_FIELD);
  /* Outputs say how far they were filled; the rest keeps its default. */
  event.score = 0.5;
  CHECK(inlay_poll(NULL, &event, sizeof(event), 1, 0, &count, NULL) ==
        INLAY_OK);
  CHECK(count == 1 && event.kind == INLAY_EVENT_FINISHED);
  CHECK(event.struct_size <= offsetof(inlay_event, choice));
  CHECK(event.score == 0.5);
  CHECK(inlay_engine_get_stats(NULL, &stats, NULL) == INLAY_OK);
  CHECK(stats.steps == 3 && stats.lookup_tokens == 0);
  CHECK(stats.struct_size <= offsetof(inlay_engine_stats, lookup_tokens));
  return 0;
}

int main(int argc, char** argv) {
  const int old = argc == 2 && strcmp(argv[1], "old") == 0;
  CHECK(inlay_abi_version() == INLAY_ABI_VERSION || old);
  CHECK(inlay_get_proc("inlay_submit") != NULL);
  /* A function of 0.2 is looked up, never linked, by a host that also runs
   * with 0.1. */
  CHECK((inlay_get_proc("inlay_session_create") == NULL) == old);
  CHECK((inlay_get_proc("inlay_engine_get_metrics") == NULL) == old);
  if (old) return use_old();
  CHECK(strcmp(inlay_version(), INLAY_VERSION_STRING) == 0);
  CHECK(inlay_struct_size("inlay_request") == sizeof(inlay_request));
  return 0;
}
