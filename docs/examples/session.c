/* A conversation that stays: continued, forked, saved, loaded. */
#include <stdlib.h>

#include "example.h"

/* [say] */
/* Continues the conversation, prints the answer. Only the new turn is given:
 * what was said before is in the session, and in the cache. */
static void say(inlay_engine* engine, inlay_session* session,
                const char* prompt) {
  inlay_error error = INLAY_ERROR_INIT;
  inlay_request request = INLAY_REQUEST_INIT;
  inlay_generation* result = NULL;
  inlay_event answer = INLAY_EVENT_INIT;
  request.session = session;
  request.prompt = prompt;
  request.prompt_size = INLAY_NUL;
  request.max_tokens = 16;
  check(inlay_generate(engine, &request, &result, &error), &error);
  check(inlay_generation_get(result, &answer, &error), &error);
  printf("%d tokens before, %d of them from the cache:%s\n",
         answer.prompt_tokens, answer.cached_tokens, answer.text);
  inlay_generation_release(result);
}
/* [say] */

int main(int argc, char** argv) {
  inlay_error error = INLAY_ERROR_INIT;
  inlay_model_source source = INLAY_MODEL_SOURCE_INIT;
  inlay_context* context = NULL;
  inlay_model* model = NULL;
  inlay_engine* engine = NULL;
  const char* path = argc > 2 ? argv[2] : "conversation.inlay";
  source.path = model_argument(argc, argv);
  source.path_size = INLAY_NUL;
  check(inlay_context_create(NULL, &context, &error), &error);
  check(inlay_model_open(context, &source, NULL, &model, &error), &error);
  check(inlay_engine_create(model, NULL, &engine, &error), &error);

  /* [fork and save] */
  inlay_session* session = NULL;
  inlay_session* other = NULL;
  inlay_session* later = NULL;
  check(inlay_session_create(engine, NULL, 0, &session, &error), &error);
  say(engine, session, "Once upon a time there was a king.");
  check(inlay_session_fork(session, &other, &error), &error);
  say(engine, session, " He had a daughter.");
  say(engine, other, " He had a son."); /* the fork knows only the king */
  check(inlay_session_save_file(session, path, INLAY_NUL, &error), &error);
  check(inlay_session_load_file(engine, path, INLAY_NUL, &later, &error),
        &error);
  say(engine, later, " And then?");
  /* [fork and save] */
  remove(path);
  inlay_session_release(later);
  inlay_session_release(other);
  inlay_session_release(session);
  inlay_engine_release(engine);
  inlay_model_release(model);
  inlay_context_release(context);
  return 0;
}
