/* Requests: from JSON to the struct, and from events to the trace. */
#ifndef INLAY_CONFORMANCE_REQUEST_H_
#define INLAY_CONFORMANCE_REQUEST_H_

#include <inlay/inlay.h>

#include "json.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The tokens that a logits hook forces, one after the other. */
typedef struct {
  const int32_t* tokens;
  size_t count;
} forced;

/* Fills the struct; what it points to is kept. */
void read_request(const json* from, inlay_request* to);

typedef struct {
  char* text;
  size_t text_size, text_room;
  int32_t* tokens;
  float* logprobs;
  int32_t* top_tokens;
  float* top_logprobs;
  size_t count, room, top_count;
  int has_logprobs;
  int32_t finish;
  int has_score;
  double score;
} answer;

enum { MAX_ANSWERS = 64, MAX_KINDS = 16 };

/* What the events of one request said. */
typedef struct {
  uint64_t id;
  int32_t kinds[MAX_KINDS];
  size_t kind_count;
  answer answers[MAX_ANSWERS];
  size_t answer_count;
  answer prompt;
  int has_prompt;
  int ended;
  inlay_status status;
  char message[512];
  int32_t finish, prompt_tokens, generated_tokens, cached_tokens;
} outcome;

outcome* new_outcome(uint64_t id, const inlay_request* request);
void take_event(outcome* to, const inlay_event* event);
/* The same from a blocking call's result. */
inlay_status take_generation(outcome* to, inlay_generation* generation,
                             const inlay_request* request, inlay_error* error);
/* Writes the keys of a request's result. */
void put_outcome(const outcome* from, int with_kinds, int with_cached);
const char* finish_name(int32_t reason);

#ifdef __cplusplus
}
#endif

#endif
