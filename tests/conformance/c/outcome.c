#include <stdlib.h>
#include <string.h>

#include "request.h"
#include "trace.h"

const char* finish_name(int32_t reason) {
  static const char* const names[] = {"none",         "stop",      "length",
                                      "context_full", "cancelled", "deadline",
                                      "error"};
  if (reason < 0 || reason > INLAY_FINISH_ERROR) fail("a reason", "unknown");
  return names[reason];
}

static const char* kind_name(int32_t kind) {
  switch (kind) {
    case INLAY_EVENT_STARTED:
      return "started";
    case INLAY_EVENT_DELTA:
      return "delta";
    case INLAY_EVENT_FINISHED:
      return "finished";
    case INLAY_EVENT_FAILED:
      return "failed";
    case INLAY_EVENT_PROMPT:
      return "prompt";
    case INLAY_EVENT_CHOICE:
      return "choice";
    default:
      return NULL; /* the trace leaves PROGRESS and WARNING out */
  }
}

outcome* new_outcome(uint64_t id, const inlay_request* request) {
  outcome* made = keep(sizeof(*made));
  made->id = id;
  made->answer_count = request->choices > 1 ? (size_t)request->choices : 1;
  if (made->answer_count > MAX_ANSWERS) made->answer_count = MAX_ANSWERS;
  return made;
}

static void* grow(const void* old, size_t used, size_t wanted) {
  void* more = keep(wanted);
  if (used != 0) memcpy(more, old, used);
  return more;
}

static void add_text(answer* to, const inlay_event* event) {
  if (to->text_size + event->text_size > to->text_room) {
    to->text_room = 2 * (to->text_size + event->text_size);
    to->text = grow(to->text, to->text_size, to->text_room);
  }
  if (event->text_size == 0) return;
  memcpy(to->text + to->text_size, event->text, event->text_size);
  to->text_size += event->text_size;
}

static void make_room(answer* to, size_t count) {
  const size_t used = to->count, top = to->top_count;
  if (used + count <= to->room) return;
  to->room = 2 * (used + count);
  to->tokens =
      grow(to->tokens, used * sizeof(int32_t), to->room * sizeof(int32_t));
  to->logprobs =
      grow(to->logprobs, used * sizeof(float), to->room * sizeof(float));
  to->top_tokens = grow(to->top_tokens, used * top * sizeof(int32_t),
                        to->room * top * sizeof(int32_t));
  to->top_logprobs = grow(to->top_logprobs, used * top * sizeof(float),
                          to->room * top * sizeof(float));
}

static void add_tokens(answer* to, const inlay_event* event) {
  const size_t count = event->token_count;
  if (count == 0) return;
  if (event->top_tokens != NULL) to->top_count = event->top_count;
  make_room(to, count);
  memcpy(to->tokens + to->count, event->tokens, count * sizeof(int32_t));
  if (event->logprobs != NULL) {
    to->has_logprobs = 1;
    memcpy(to->logprobs + to->count, event->logprobs, count * sizeof(float));
  }
  if (event->top_tokens != NULL) {
    const size_t top = to->top_count;
    memcpy(to->top_tokens + to->count * top, event->top_tokens,
           count * top * sizeof(int32_t));
    memcpy(to->top_logprobs + to->count * top, event->top_logprobs,
           count * top * sizeof(float));
  }
  to->count += count;
}

static void take_end(outcome* to, const inlay_event* event) {
  to->ended = 1;
  to->status = event->status;
  to->finish = event->finish_reason;
  to->prompt_tokens = event->prompt_tokens;
  to->generated_tokens = event->generated_tokens;
  to->cached_tokens = event->cached_tokens;
  if (event->message_size < sizeof(to->message)) {
    memcpy(to->message, event->message, event->message_size);
  }
  if (to->answer_count == 1 && !to->answers[0].has_score) {
    to->answers[0].finish = event->finish_reason;
  }
}

void take_event(outcome* to, const inlay_event* event) {
  answer* at =
      &to->answers[event->choice < (int32_t)to->answer_count ? event->choice
                                                             : 0];
  size_t i;
  for (i = 0; i < to->kind_count; ++i) {
    if (to->kinds[i] == event->kind) break;
  }
  if (i == to->kind_count) to->kinds[to->kind_count++] = event->kind;
  switch (event->kind) {
    case INLAY_EVENT_DELTA:
      add_text(at, event);
      add_tokens(at, event);
      break;
    case INLAY_EVENT_PROMPT:
      to->has_prompt = 1;
      add_tokens(&to->prompt, event);
      break;
    case INLAY_EVENT_CHOICE:
      at->finish = event->finish_reason;
      at->has_score = 1;
      at->score = event->score;
      break;
    case INLAY_EVENT_FINISHED:
    case INLAY_EVENT_FAILED:
      take_end(to, event);
      break;
    default:
      break;
  }
}

inlay_status take_generation(outcome* to, inlay_generation* generation,
                             const inlay_request* request, inlay_error* error) {
  inlay_event event = INLAY_EVENT_INIT;
  inlay_status status = inlay_generation_get(generation, &event, error);
  size_t i;
  if (status != INLAY_OK) return status;
  take_end(to, &event);
  status = inlay_generation_choice_count(generation, &to->answer_count, error);
  for (i = 0; status == INLAY_OK && i < to->answer_count; ++i) {
    answer* at = &to->answers[i];
    inlay_event one = INLAY_EVENT_INIT;
    status = inlay_generation_get_choice(generation, i, &one, error);
    if (status != INLAY_OK) break;
    add_text(at, &one);
    add_tokens(at, &one);
    at->finish = one.finish_reason;
    at->has_score = request->choices > 1;
    at->score = one.score;
  }
  if (status == INLAY_OK &&
      (request->flags & INLAY_REQUEST_PROMPT_LOGPROBS) != 0) {
    inlay_event prompt = INLAY_EVENT_INIT;
    status = inlay_generation_get_prompt(generation, &prompt, error);
    to->has_prompt = status == INLAY_OK;
    if (to->has_prompt) add_tokens(&to->prompt, &prompt);
  }
  return status;
}

static void put_top(const answer* from) {
  size_t i, j;
  open_list("top");
  for (i = 0; i < from->count; ++i) {
    open_list(NULL);
    for (j = 0; j < from->top_count; ++j) {
      open_list(NULL);
      put_int(NULL, from->top_tokens[i * from->top_count + j]);
      put_float(NULL, from->top_logprobs[i * from->top_count + j]);
      close_list();
    }
    close_list();
  }
  close_list();
}

static void put_answer(const answer* from) {
  const char* finish = finish_name(from->finish);
  open_object(NULL);
  put_text("text", from->text, from->text_size);
  put_ids("tokens", from->tokens, from->count);
  put_text("finish", finish, strlen(finish));
  if (from->has_logprobs) put_floats("logprobs", from->logprobs, from->count);
  if (from->top_count != 0) put_top(from);
  if (from->has_score) put_double("score", from->score);
  close_object();
}

void put_outcome(const outcome* from, int with_kinds, int with_cached) {
  inlay_error error = INLAY_ERROR_INIT;
  const char* finish = finish_name(from->finish);
  size_t i;
  error.message_size = (uint32_t)strlen(from->message);
  memcpy(error.message, from->message, error.message_size);
  put_status(from->status, &error);
  if (with_kinds) {
    open_list("kinds");
    for (i = 0; i < from->kind_count; ++i) {
      const char* name = kind_name(from->kinds[i]);
      if (name != NULL) put_text(NULL, name, strlen(name));
    }
    close_list();
  }
  put_text("finish", finish, strlen(finish));
  put_int("prompt_tokens", from->prompt_tokens);
  put_int("generated_tokens", from->generated_tokens);
  open_list("answers");
  for (i = 0; i < from->answer_count; ++i) put_answer(&from->answers[i]);
  close_list();
  if (from->has_prompt) {
    open_object("prompt");
    put_ids("tokens", from->prompt.tokens, from->prompt.count);
    put_floats("logprobs", from->prompt.logprobs, from->prompt.count);
    close_object();
  }
  if (with_cached) put_int("cached_tokens", from->cached_tokens);
}
