#include "request.h"

#include <math.h>
#include <string.h>

typedef struct {
  const char* name;
  uint64_t bit;
} flag_name;

static const flag_name flag_names[] = {
    {"no_special", INLAY_REQUEST_NO_SPECIAL},
    {"parse_special", INLAY_REQUEST_PARSE_SPECIAL},
    {"chat", INLAY_REQUEST_CHAT},
    {"ignore_end", INLAY_REQUEST_IGNORE_END},
    {"report_special", INLAY_REQUEST_REPORT_SPECIAL},
    {"logprobs", INLAY_REQUEST_LOGPROBS},
    {"prompt_logprobs", INLAY_REQUEST_PROMPT_LOGPROBS},
    {"no_cache", INLAY_REQUEST_NO_CACHE},
};

static int32_t force(void* user_data, const int32_t* prompt,
                     size_t prompt_count, const int32_t* generated,
                     size_t generated_count, float* logits,
                     size_t logit_count) {
  const forced* wanted = user_data;
  size_t i;
  (void)prompt, (void)prompt_count, (void)generated;
  if (generated_count >= wanted->count) return 7;
  for (i = 0; i < logit_count; ++i) logits[i] = -INFINITY;
  logits[wanted->tokens[generated_count]] = 0;
  return 0;
}

static void read_parts(const json* list, inlay_request* to) {
  inlay_prompt_part* parts = keep(list->size * sizeof(*parts));
  size_t i;
  for (i = 0; i < list->size; ++i) {
    const inlay_prompt_part empty = INLAY_PROMPT_PART_INIT;
    const json* item = &list->items[i];
    const json* text = json_get(item, "text");
    parts[i] = empty;
    if (text != NULL) {
      parts[i].text = text->text;
      parts[i].text_size = text->size;
      if (json_number(item, "parse_special", 0) != 0) {
        parts[i].flags = INLAY_PART_PARSE_SPECIAL;
      }
    } else {
      parts[i].kind = INLAY_PART_TOKENS;
      parts[i].tokens = json_ids(item, "tokens", &parts[i].token_count);
    }
  }
  to->parts = parts;
  to->part_size = sizeof(*parts);
  to->part_count = list->size;
}

static void read_flags(const json* list, inlay_request* to) {
  const size_t known = sizeof(flag_names) / sizeof(flag_names[0]);
  size_t i, found = 0;
  for (i = 0; i < known; ++i) {
    if (!json_has(list, flag_names[i].name)) continue;
    to->flags |= flag_names[i].bit;
    ++found;
  }
  if (list != NULL && found != list->size) fail("a flag", "unknown");
}

static void read_lists(const json* from, inlay_request* to) {
  const json* bias = json_get(from, "bias");
  const json* stops = json_get(from, "stop_strings");
  const json* tenant = json_get(from, "tenant");
  forced* wanted = keep(sizeof(*wanted));
  size_t i;
  to->stop_tokens = json_ids(from, "stop_tokens", &to->stop_token_count);
  if (bias != NULL) {
    int32_t* tokens = keep(bias->size * sizeof(*tokens));
    float* values = keep(bias->size * sizeof(*values));
    for (i = 0; i < bias->size; ++i) {
      tokens[i] = (int32_t)bias->items[i].items[0].number;
      values[i] = (float)bias->items[i].items[1].number;
    }
    to->bias_tokens = tokens, to->bias_values = values;
    to->bias_count = bias->size;
  }
  if (stops != NULL) {
    const char** texts = keep(stops->size * sizeof(*texts));
    size_t* sizes = keep(stops->size * sizeof(*sizes));
    for (i = 0; i < stops->size; ++i) {
      texts[i] = stops->items[i].text, sizes[i] = stops->items[i].size;
    }
    to->stop_strings = texts, to->stop_string_sizes = sizes;
    to->stop_string_count = stops->size;
  }
  if (tenant != NULL) {
    to->tenant = tenant->text, to->tenant_size = tenant->size;
  }
  wanted->tokens = json_ids(from, "force", &wanted->count);
  if (wanted->tokens != NULL) {
    to->logits_hook = force, to->logits_user_data = wanted;
  }
}

/* One number of the request, if this is its name. */
static int read_number(const char* key, double value, inlay_request* to) {
#define FIELD(name, type) \
  if (strcmp(key, #name) == 0) return to->name = (type)value, 1;
  FIELD(max_tokens, int32_t)
  FIELD(temperature, float) FIELD(top_k, int32_t) FIELD(top_p, float) FIELD(
      min_p, float) FIELD(typical_p, float) FIELD(repetition_penalty, float)
      FIELD(presence_penalty, float) FIELD(frequency_penalty, float) FIELD(
          penalty_last_n, int32_t) FIELD(top_logprobs, int32_t)
          FIELD(seed, uint64_t) FIELD(deadline_ns, int64_t) FIELD(
              priority, int32_t) FIELD(choices, int32_t) FIELD(best_of, int32_t)
              FIELD(beam_width, int32_t) FIELD(length_penalty, float)
                  FIELD(min_tokens, int32_t) FIELD(mirostat, int32_t) FIELD(
                      mirostat_tau, float) FIELD(mirostat_eta, float)
                      FIELD(xtc_probability, float) FIELD(xtc_threshold, float)
                          FIELD(dry_multiplier, float) FIELD(dry_base, float)
                              FIELD(dry_allowed_length, int32_t)
                                  FIELD(dry_last_n, int32_t)
                                      FIELD(no_repeat_ngram, int32_t)
#undef FIELD
                                          return 0;
}

void read_request(const json* from, inlay_request* to) {
  const inlay_request empty = INLAY_REQUEST_INIT;
  const json* prompt = json_get(from, "prompt");
  const json* parts = json_get(from, "parts");
  size_t i;
  *to = empty;
  if (prompt != NULL) {
    to->prompt = prompt->text, to->prompt_size = prompt->size;
  }
  if (parts != NULL) read_parts(parts, to);
  read_flags(json_get(from, "flags"), to);
  read_lists(from, to);
  for (i = 0; i < from->size; ++i) {
    const json* value = &from->items[i];
    if (value->kind == JSON_NUMBER &&
        !read_number(from->keys[i], value->number, to)) {
      fail("a field", from->keys[i]);
    }
  }
}
