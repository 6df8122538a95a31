/* The interpreter: objects by name, and one function per op. */
#ifndef INLAY_CONFORMANCE_RUNNER_H_
#define INLAY_CONFORMANCE_RUNNER_H_

#include <inlay/inlay.h>

#include "json.h"
#include "request.h"
#include "trace.h"

typedef enum { CONTEXT, OPTIONS, MODEL, ENGINE, SESSION } object_kind;

enum { MAX_PENDING = 64 };

typedef struct {
  const char* name;
  object_kind kind;
  void* handle;
  int host_driven;               /* an engine's */
  outcome* pending[MAX_PENDING]; /* what `submit` left there */
  size_t pending_count;
} object;

object* add_object(const char* name, object_kind kind, void* handle);
/* The object that a key of the step names; NULL if the step has no such key. */
object* object_of(const json* step, const char* key);
void* handle_of(const json* step, const char* key);
void release_object(object* which);
void release_all(void);

/* Polls until all of them ended; a host-driven engine is stepped between. */
void finish_all(object* engine, outcome** requests, size_t count);
/* Polls once; events of others are dropped. */
void poll_once(object* engine, outcome** requests, size_t count);
/* The engine's arguments of a step. */
void read_engine_options(const json* step, inlay_engine_options* to);

/* Writes the result of the step; 0 if the op is not one of these. */
int run_model_op(const char* op, const json* step);
int run_text_op(const char* op, const json* step);
int run_engine_op(const char* op, const json* step);
int run_request_op(const char* op, const json* step);
int run_session_op(const char* op, const json* step);

int run_bench(const char* model, int streams, int tokens);

#endif
