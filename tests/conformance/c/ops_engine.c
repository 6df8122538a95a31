#include <string.h>

#include "runner.h"

void read_engine_options(const json* step, inlay_engine_options* to) {
  to->context_length = (int32_t)json_number(step, "context_length", 0);
  to->max_concurrency = (int32_t)json_number(step, "max_concurrency", 0);
  to->kv_cache_bytes = (uint64_t)json_number(step, "kv_cache_bytes", 0);
  to->options = handle_of(step, "options");
  if (json_number(step, "host_driven", 0) != 0) {
    to->flags = INLAY_ENGINE_HOST_DRIVEN;
  }
}

static void run_engine(const json* step) {
  inlay_engine_options options = INLAY_ENGINE_OPTIONS_INIT;
  inlay_engine_config config = INLAY_ENGINE_CONFIG_INIT;
  inlay_error error = INLAY_ERROR_INIT;
  inlay_engine* engine = NULL;
  inlay_status status;
  read_engine_options(step, &options);
  status =
      inlay_engine_create(handle_of(step, "model"), &options, &engine, &error);
  if (!put_status(status, &error)) return;
  add_object(json_text(step, "id"), ENGINE, engine)->host_driven =
      options.flags != 0;
  inlay_engine_get_config(engine, &config, NULL);
  put_int("context_length", config.context_length);
  put_int("max_concurrency", config.max_concurrency);
  put_int("max_queue", config.max_queue);
  put_int("page_tokens", config.page_tokens);
  put_int("page_count", config.page_count);
}

static size_t best_of(const float* row, size_t count) {
  size_t best = 0, i;
  for (i = 1; i < count; ++i) {
    if (row[i] > row[best]) best = i;
  }
  return best;
}

static void run_score(const json* step) {
  inlay_error error = INLAY_ERROR_INIT;
  inlay_engine* engine = handle_of(step, "engine");
  size_t rows, count = 0, width, i;
  const int32_t* ids = json_ids(step, "tokens", &rows);
  float* logits;
  inlay_status status = inlay_score(engine, ids, rows, NULL, 0, &count, &error);
  logits = keep(count * sizeof(*logits));
  if (status == INLAY_OK) {
    status = inlay_score(engine, ids, rows, logits, count, &count, &error);
  }
  if (!put_status(status, &error)) return;
  width = count / rows;
  put_int("rows", (int64_t)rows);
  open_list("best");
  for (i = 0; i < rows; ++i) {
    put_int(NULL, (int64_t)best_of(logits + i * width, width));
  }
  close_list();
  open_list("next");
  for (i = 0; i + 1 < rows; ++i) {
    put_float(NULL, logits[i * width + (size_t)ids[i + 1]]);
  }
  close_list();
}

static void run_stats(const json* step) {
  inlay_engine_stats stats = INLAY_ENGINE_STATS_INIT;
  inlay_error error = INLAY_ERROR_INIT;
  inlay_engine* engine = handle_of(step, "engine");
  if (!put_status(inlay_engine_get_stats(engine, &stats, &error), &error)) {
    return;
  }
#define FIELD(name) put_int(#name, (int64_t)stats.name);
  FIELD(running)
  FIELD(queued) FIELD(submitted) FIELD(finished) FIELD(failed) FIELD(cancelled)
      FIELD(generated_tokens) FIELD(events_pending) FIELD(sessions)
#undef FIELD
}

static void run_metrics(const json* step) {
  inlay_error error = INLAY_ERROR_INIT;
  inlay_engine* engine = handle_of(step, "engine");
  const json* wanted = json_get(step, "contains");
  size_t size = 0, i;
  char* text;
  inlay_status status =
      inlay_engine_get_metrics(engine, NULL, 0, &size, &error);
  text = keep(size + 256); /* it may have grown meanwhile */
  if (status == INLAY_OK) {
    status = inlay_engine_get_metrics(engine, text, size + 256, &size, &error);
  }
  if (!put_status(status, &error)) return;
  open_list("contains");
  for (i = 0; i < wanted->size; ++i) {
    put_int(NULL, strstr(text, wanted->items[i].text) != NULL);
  }
  close_list();
}

static void run_close(const json* step) {
  static const char* const names[] = {"", "running", "draining", "closed",
                                      "failed"};
  inlay_error error = INLAY_ERROR_INIT;
  inlay_engine* engine = handle_of(step, "engine");
  const int32_t mode = strcmp(json_text(step, "mode"), "drain") == 0
                           ? INLAY_CLOSE_DRAIN
                           : INLAY_CLOSE_CANCEL;
  int32_t state = 0;
  if (!put_status(inlay_engine_close(engine, mode, -1, &error), &error)) {
    return;
  }
  inlay_engine_get_state(engine, &state, NULL);
  put_text("state", names[state], strlen(names[state]));
}

int run_engine_op(const char* op, const json* step) {
  if (strcmp(op, "engine") == 0) return run_engine(step), 1;
  if (strcmp(op, "score") == 0) return run_score(step), 1;
  if (strcmp(op, "stats") == 0) return run_stats(step), 1;
  if (strcmp(op, "metrics") == 0) return run_metrics(step), 1;
  if (strcmp(op, "close") == 0) return run_close(step), 1;
  return 0;
}
