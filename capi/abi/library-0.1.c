/* Stands for the library of 0.1: its names, its symbol version and its rules
 * for structs, and nothing behind them. The engine is never looked at. */
#include <inlay/inlay.h>
#include <string.h>

/* The functions that answer are below; the frozen client has the others. */
#define inlay_version frozen_version
#define inlay_get_proc frozen_get_proc
#define inlay_struct_size frozen_struct_size
#define inlay_submit frozen_submit
#define inlay_poll frozen_poll
#define inlay_engine_get_stats frozen_engine_get_stats
#include "client-0.1.c"
#undef inlay_version
#undef inlay_get_proc
#undef inlay_struct_size
#undef inlay_submit
#undef inlay_poll
#undef inlay_engine_get_stats

static inlay_status fail(inlay_error* error, inlay_status status) {
  if (error == NULL) return status;
  error->code = status;
  error->message_size = 0;
  error->message[0] = '\0';
  error->struct_size = sizeof(inlay_error);
  return status;
}

const char* inlay_version(void) { return "0.1.0"; }

inlay_proc inlay_get_proc(const char* name) {
  static const struct {
    const char* name;
    inlay_proc address;
  } procs[] = {
#define INLAY_PROC(name, function) {name, (inlay_proc)function},
#include "0.1/procs.inc"
#undef INLAY_PROC
  };
  size_t i = 0;
  if (name == NULL) return NULL;
  for (i = 0; i < sizeof(procs) / sizeof(procs[0]); ++i) {
    if (strcmp(procs[i].name, name) == 0) return procs[i].address;
  }
  return NULL;
}

size_t inlay_struct_size(const char* name) {
  if (name != NULL && strcmp(name, "inlay_request") == 0) {
    return sizeof(inlay_request);
  }
  return 0;
}

inlay_status inlay_submit(inlay_engine* engine, const inlay_request* request,
                          uint64_t* out_id, inlay_error* error) {
  const unsigned char* bytes = (const unsigned char*)request;
  uint32_t i = 0;
  (void)engine;
  for (i = sizeof(inlay_request); i < request->struct_size; ++i) {
    if (bytes[i] != 0) return fail(error, INLAY_ERR_UNSUPPORTED_FIELD);
  }
  *out_id = 1;
  return fail(error, INLAY_OK);
}

inlay_status inlay_poll(inlay_engine* engine, inlay_event* events,
                        size_t event_size, size_t capacity, int64_t timeout_ns,
                        size_t* out_count, inlay_error* error) {
  (void)engine;
  (void)capacity;
  (void)timeout_ns;
  memset(events, 0, sizeof(inlay_event));
  events->struct_size =
      (uint32_t)(event_size < sizeof(inlay_event) ? event_size
                                                  : sizeof(inlay_event));
  events->kind = INLAY_EVENT_FINISHED;
  events->finish_reason = INLAY_FINISH_LENGTH;
  *out_count = 1;
  return fail(error, INLAY_OK);
}

inlay_status inlay_engine_get_stats(inlay_engine* engine,
                                    inlay_engine_stats* out,
                                    inlay_error* error) {
  (void)engine;
  memset(out, 0, sizeof(*out));
  out->struct_size = sizeof(*out);
  out->steps = 3;
  return fail(error, INLAY_OK);
}
