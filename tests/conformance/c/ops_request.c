#define _POSIX_C_SOURCE 200809L

#include <pthread.h>
#include <string.h>

#include "runner.h"

enum { EVENTS = 32 };

static int all_ended(outcome** requests, size_t count) {
  size_t i;
  for (i = 0; i < count; ++i) {
    if (!requests[i]->ended) return 0;
  }
  return 1;
}

void poll_once(object* engine, outcome** requests, size_t count) {
  inlay_event events[EVENTS];
  inlay_error error = INLAY_ERROR_INIT;
  size_t got = 0, i, j;
  if (inlay_poll(engine->handle, events, sizeof(events[0]), EVENTS,
                 engine->host_driven ? 0 : -1, &got, &error) != INLAY_OK) {
    fail("poll", error.message);
  }
  for (i = 0; i < got; ++i) {
    for (j = 0; j < count; ++j) {
      if (requests[j]->id == events[i].request_id) {
        take_event(requests[j], &events[i]);
      }
    }
  }
}

/* Lets a host-driven engine go on. */
static void step_engine(object* engine) {
  inlay_error error = INLAY_ERROR_INIT;
  int32_t state = INLAY_ENGINE_CLOSED;
  if (!engine->host_driven) return;
  inlay_engine_get_state(engine->handle, &state, NULL);
  if (state == INLAY_ENGINE_CLOSED) return;
  if (inlay_engine_step(engine->handle, NULL, &error) != INLAY_OK) {
    fail("step", error.message);
  }
}

void finish_all(object* engine, outcome** requests, size_t count) {
  for (;;) {
    poll_once(engine, requests, count);
    if (all_ended(requests, count)) return;
    step_engine(engine);
  }
}

/* The request of a step, with its session. */
static void request_of(const json* from, inlay_request* to) {
  read_request(from, to);
  to->session = handle_of(from, "session");
}

/* NULL, with the failure written, if it was refused. */
static outcome* submit(object* engine, const json* from) {
  inlay_error error = INLAY_ERROR_INIT;
  inlay_request request;
  uint64_t id = 0;
  inlay_status status;
  request_of(from, &request);
  status = inlay_submit(engine->handle, &request, &id, &error);
  if (status == INLAY_OK) return new_outcome(id, &request);
  put_status(status, &error);
  put_int("retry", error.retry_after_ns > 0);
  return NULL;
}

static void run_stream(const json* step) {
  object* engine = object_of(step, "engine");
  outcome* result = submit(engine, json_get(step, "request"));
  if (result == NULL) return;
  finish_all(engine, &result, 1);
  put_outcome(result, 1, 1);
}

static void run_generate(const json* step) {
  inlay_error error = INLAY_ERROR_INIT;
  inlay_generation* generation = NULL;
  inlay_request request;
  outcome* result;
  inlay_status status;
  request_of(json_get(step, "request"), &request);
  result = new_outcome(0, &request);
  status =
      inlay_generate(handle_of(step, "engine"), &request, &generation, &error);
  if (status == INLAY_OK) {
    status = take_generation(result, generation, &request, &error);
  }
  inlay_generation_release(generation);
  if (status == INLAY_OK) {
    put_outcome(result, 0, 1);
  } else {
    put_status(status, &error);
  }
}

static void put_all(outcome** results, size_t count) {
  size_t i;
  put_status(INLAY_OK, NULL);
  open_list("requests");
  for (i = 0; i < count; ++i) {
    open_object(NULL);
    put_outcome(results[i], 1, 0);
    close_object();
  }
  close_list();
}

static void run_concurrent(const json* step) {
  object* engine = object_of(step, "engine");
  const json* requests = json_get(step, "requests");
  outcome** results = keep(requests->size * sizeof(*results));
  size_t i;
  for (i = 0; i < requests->size; ++i) {
    results[i] = submit(engine, &requests->items[i]);
    if (results[i] == NULL) fail("a concurrent request", "refused");
  }
  finish_all(engine, results, requests->size);
  put_all(results, requests->size);
}

static void run_submit(const json* step) {
  object* engine = object_of(step, "engine");
  outcome* result = submit(engine, json_get(step, "request"));
  if (result == NULL) return;
  if (engine->pending_count == MAX_PENDING) fail("too many", "submits");
  engine->pending[engine->pending_count++] = result;
  put_status(INLAY_OK, NULL);
}

static void run_drain(const json* step) {
  object* engine = object_of(step, "engine");
  finish_all(engine, engine->pending, engine->pending_count);
  put_all(engine->pending, engine->pending_count);
  engine->pending_count = 0;
}

static void run_cancel(const json* step) {
  object* engine = object_of(step, "engine");
  const size_t wanted = (size_t)json_number(step, "after_tokens", 0);
  const int32_t mode = strcmp(json_text(step, "mode"), "stop") == 0
                           ? INLAY_CANCEL_STOP
                           : INLAY_CANCEL_DROP;
  outcome* result = submit(engine, json_get(step, "request"));
  const char* finish;
  const char* late;
  if (result == NULL) return;
  for (;;) {
    poll_once(engine, &result, 1);
    if (result->ended || result->answers[0].count >= wanted) break;
    step_engine(engine);
  }
  if (inlay_cancel(result->id, mode, NULL) != INLAY_OK) {
    fail("cancel", "too late");
  }
  finish_all(engine, &result, 1);
  finish = finish_name(result->finish);
  late = inlay_status_name(inlay_cancel(result->id, mode, NULL));
  put_status(INLAY_OK, NULL);
  put_text("finish", finish, strlen(finish));
  put_text("late", late, strlen(late));
}

static void run_cancel_id(const json* step) {
  inlay_error error = INLAY_ERROR_INIT;
  const uint64_t id = (uint64_t)json_number(step, "id", 0);
  put_status(inlay_cancel(id, INLAY_CANCEL_STOP, &error), &error);
}

/* What the delivery thread and the runner share. */
typedef struct {
  pthread_mutex_t lock;
  pthread_cond_t changed;
  outcome* result;
} delivery;

static void on_events(void* user_data, const inlay_event* events,
                      size_t event_size, size_t count) {
  delivery* to = user_data;
  size_t i;
  pthread_mutex_lock(&to->lock);
  for (i = 0; i < count; ++i) {
    take_event(to->result,
               (const inlay_event*)((const char*)events + i * event_size));
  }
  pthread_cond_signal(&to->changed);
  pthread_mutex_unlock(&to->lock);
}

static void run_push(const json* step) {
  inlay_engine_options options = INLAY_ENGINE_OPTIONS_INIT;
  inlay_error error = INLAY_ERROR_INIT;
  inlay_engine* engine = NULL;
  inlay_request request;
  delivery to = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, NULL};
  uint64_t id = 0;
  inlay_status status;
  read_engine_options(step, &options);
  options.on_events = on_events;
  options.event_user_data = &to;
  request_of(json_get(step, "request"), &request);
  to.result = new_outcome(0, &request);
  status =
      inlay_engine_create(handle_of(step, "model"), &options, &engine, &error);
  if (status == INLAY_OK) {
    status = inlay_submit(engine, &request, &id, &error);
  }
  pthread_mutex_lock(&to.lock);
  while (status == INLAY_OK && !to.result->ended) {
    pthread_cond_wait(&to.changed, &to.lock);
  }
  pthread_mutex_unlock(&to.lock);
  if (status == INLAY_OK) {
    status = inlay_engine_close(engine, INLAY_CLOSE_DRAIN, -1, &error);
  }
  inlay_engine_release(engine);
  if (status == INLAY_OK) {
    put_outcome(to.result, 1, 1);
  } else {
    put_status(status, &error);
  }
}

int run_request_op(const char* op, const json* step) {
  if (strcmp(op, "stream") == 0) return run_stream(step), 1;
  if (strcmp(op, "generate") == 0) return run_generate(step), 1;
  if (strcmp(op, "concurrent") == 0) return run_concurrent(step), 1;
  if (strcmp(op, "submit") == 0) return run_submit(step), 1;
  if (strcmp(op, "drain") == 0) return run_drain(step), 1;
  if (strcmp(op, "cancel") == 0) return run_cancel(step), 1;
  if (strcmp(op, "cancel_id") == 0) return run_cancel_id(step), 1;
  if (strcmp(op, "push") == 0) return run_push(step), 1;
  return 0;
}
