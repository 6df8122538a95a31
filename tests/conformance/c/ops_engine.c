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

/* The lists of `inputs`, or the tokens of `texts`, one behind the other. */
static int32_t* embed_inputs(const json* step, int32_t* lengths,
                             size_t* total) {
  inlay_error error = INLAY_ERROR_INIT;
  const json* list = json_get(step, "inputs");
  const json* texts = json_get(step, "texts");
  const size_t inputs = list != NULL ? list->size : texts->size;
  int32_t* ids = keep(4096 * sizeof(*ids));
  size_t i, j, count;
  *total = 0;
  for (i = 0; i < inputs; ++i) {
    if (list != NULL) {
      count = list->items[i].size;
      for (j = 0; j < count; ++j) {
        ids[*total + j] = (int32_t)list->items[i].items[j].number;
      }
    } else if (inlay_tokenize(handle_of(step, "model"), texts->items[i].text,
                              texts->items[i].size, 0, ids + *total,
                              4096 - *total, &count, &error) != INLAY_OK) {
      fail("a text of embed", error.message);
    }
    lengths[i] = (int32_t)count;
    *total += count;
  }
  return ids;
}

static void run_embed(const json* step) {
  static const char* const names[] = {"model", "cls", "mean", "last"};
  inlay_error error = INLAY_ERROR_INIT;
  inlay_engine* engine = handle_of(step, "engine");
  const char* name = json_text(step, "pooling");
  const json* list = json_get(step, "inputs");
  const size_t inputs =
      list != NULL ? list->size : json_get(step, "texts")->size;
  int32_t* lengths = keep((inputs + 1) * sizeof(*lengths));
  size_t total, count = 0, i;
  const int32_t* ids = embed_inputs(step, lengths, &total);
  const int32_t normalize = (int32_t)json_number(step, "normalize", 0);
  int32_t pooling = 0;
  float* vectors;
  inlay_status status;
  while (strcmp(names[pooling], name) != 0) ++pooling;
  status = inlay_embed(engine, ids, total, lengths, inputs, pooling, normalize,
                       NULL, 0, &count, &error);
  vectors = keep(count * sizeof(*vectors));
  if (status == INLAY_OK) {
    status = inlay_embed(engine, ids, total, lengths, inputs, pooling,
                         normalize, vectors, count, &count, &error);
  }
  if (!put_status(status, &error)) return;
  put_int("inputs", (int64_t)inputs);
  open_list("vectors");
  for (i = 0; i < count; ++i) put_float(NULL, vectors[i]);
  close_list();
}

/* The ids and segments of one input behind those that are there. */
static size_t add_pair(const json* step, size_t index, int32_t* ids,
                       int32_t* types, size_t capacity) {
  inlay_error error = INLAY_ERROR_INIT;
  const json* texts = json_get(step, "texts");
  const json* query = json_get(step, "query");
  const json *tokens, *segments;
  size_t count = 0, i;
  if (texts != NULL) {
    const json* text = &texts->items[index];
    if (inlay_tokenize_pair(handle_of(step, "model"), query->text, query->size,
                            text->text, text->size, ids, types, capacity,
                            &count, &error) != INLAY_OK) {
      fail("a text of rank", error.message);
    }
    return count;
  }
  tokens = &json_get(step, "inputs")->items[index];
  segments = &json_get(step, "types")->items[index];
  for (i = 0; i < tokens->size; ++i) {
    ids[i] = (int32_t)tokens->items[i].number;
    types[i] = (int32_t)segments->items[i].number;
  }
  return tokens->size;
}

static void run_rank(const json* step) {
  enum { CAPACITY = 4096 };
  inlay_error error = INLAY_ERROR_INIT;
  const json* texts = json_get(step, "texts");
  const size_t inputs =
      texts != NULL ? texts->size : json_get(step, "inputs")->size;
  int32_t* ids = keep(CAPACITY * sizeof(*ids));
  int32_t* types = keep(CAPACITY * sizeof(*types));
  int32_t* lengths = keep((inputs + 1) * sizeof(*lengths));
  float* scores = keep((inputs + 1) * sizeof(*scores));
  size_t total = 0, count = 0, i;
  inlay_status status;
  for (i = 0; i < inputs; ++i) {
    count = add_pair(step, i, ids + total, types + total, CAPACITY - total);
    lengths[i] = (int32_t)count;
    total += count;
  }
  status = inlay_rank(handle_of(step, "engine"), ids, types, total, lengths,
                      inputs, scores, inputs, &count, &error);
  if (put_status(status, &error)) put_floats("scores", scores, count);
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
  FIELD(queued)
  FIELD(submitted) FIELD(finished) FIELD(failed) FIELD(cancelled)
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
  if (strcmp(op, "embed") == 0) return run_embed(step), 1;
  if (strcmp(op, "rank") == 0) return run_rank(step), 1;
  if (strcmp(op, "stats") == 0) return run_stats(step), 1;
  if (strcmp(op, "metrics") == 0) return run_metrics(step), 1;
  if (strcmp(op, "close") == 0) return run_close(step), 1;
  return 0;
}
