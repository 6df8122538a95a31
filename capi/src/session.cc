// Sessions: their life, and what they hold.
#include "capi/src/session.h"

#include <inlay/inlay.h>

#include <utility>
#include <vector>

#include "capi/src/arguments.h"
#include "capi/src/engine.h"
#include "capi/src/guard.h"

namespace inlay::capi {

Outcome CheckBlocking(const inlay_session* session) {
  INLAY_RETURN_IF_BAD(CheckHandle(session));
  const std::shared_ptr<engine::Engine> engine = session->engine.lock();
  if (engine != nullptr && engine->InCallback()) {
    return Outcome::Abi(INLAY_ERR_WOULD_DEADLOCK, "a blocking call",
                        "was made inside the engine's callback");
  }
  return {};
}

inlay_session* MakeSession(std::shared_ptr<engine::Session> core,
                           const std::weak_ptr<engine::Engine>& engine) {
  auto handle = std::make_unique<inlay_session>();
  handle->core = std::move(core);
  handle->engine = engine;
  return handle.release();
}

namespace {

Outcome Create(inlay_engine* engine, const char* domain, size_t size,
               inlay_session** out) {
  INLAY_RETURN_IF_BAD(CheckHandle(engine));
  INLAY_RETURN_IF_BAD(CheckPointer(out, "out"));
  *out = nullptr;
  std::string name;
  INLAY_RETURN_IF_BAD(ReadName(domain, size, "cache_domain", &name));
  INLAY_ASSIGN_OR_RETURN(auto session, engine->core->CreateSession(name));
  *out = MakeSession(std::move(session), engine->core);
  return {};
}

Outcome Fork(inlay_session* session, inlay_session** out) {
  INLAY_RETURN_IF_BAD(CheckHandle(session));
  INLAY_RETURN_IF_BAD(CheckPointer(out, "out"));
  *out = nullptr;
  INLAY_ASSIGN_OR_RETURN(auto fork, session->core->Fork());
  *out = MakeSession(std::move(fork), session->engine);
  return {};
}

Outcome Truncate(inlay_session* session, int32_t token_count) {
  INLAY_RETURN_IF_BAD(CheckHandle(session));
  if (token_count < 0) {
    return Outcome::Abi(INLAY_ERR_OUT_OF_RANGE, "token_count", "is negative");
  }
  return session->core->Truncate(token_count);
}

Outcome GetInfo(inlay_session* session, inlay_session_info* out) {
  INLAY_RETURN_IF_BAD(CheckHandle(session));
  INLAY_RETURN_IF_BAD(CheckOut(out, "out"));
  inlay_session_info info = INLAY_SESSION_INFO_INIT;
  // In this order, so that one that is idle shows all that it has become.
  info.busy = session->core->busy() ? 1 : 0;
  info.token_count = static_cast<int32_t>(session->core->tokens().size());
  WriteOut(info, out);
  return {};
}

Outcome GetTokens(inlay_session* session, int32_t* tokens, size_t capacity,
                  size_t* out_count) {
  INLAY_RETURN_IF_BAD(CheckHandle(session));
  INLAY_RETURN_IF_BAD(CheckBuffer(tokens, capacity, out_count));
  const std::vector<int32_t> held = session->core->tokens();
  return PutBuffer<int32_t>(held, /*terminated=*/false, tokens, capacity,
                            out_count);
}

}  // namespace
}  // namespace inlay::capi

using namespace inlay::capi;  // NOLINT(build/namespaces): the shells below

extern "C" {

inlay_status inlay_session_create(inlay_engine* engine,
                                  const char* cache_domain,
                                  size_t cache_domain_size, inlay_session** out,
                                  inlay_error* error) noexcept {
  return Guard(error, [&] {
    return Create(engine, cache_domain, cache_domain_size, out);
  });
}

inlay_status inlay_session_retain(inlay_session* session,
                                  inlay_error* error) noexcept {
  return Guard(error, [&] { return Retain(session); });
}

void inlay_session_release(inlay_session* session) noexcept {
  GuardVoid([&] { Release(session, [](inlay_session* h) { delete h; }); });
}

inlay_status inlay_session_fork(inlay_session* session, inlay_session** out,
                                inlay_error* error) noexcept {
  return Guard(error, [&] { return Fork(session, out); });
}

inlay_status inlay_session_truncate(inlay_session* session, int32_t token_count,
                                    inlay_error* error) noexcept {
  return Guard(error, [&] { return Truncate(session, token_count); });
}

inlay_status inlay_session_get_info(inlay_session* session,
                                    inlay_session_info* out,
                                    inlay_error* error) noexcept {
  return Guard(error, [&] { return GetInfo(session, out); });
}

inlay_status inlay_session_get_tokens(inlay_session* session, int32_t* tokens,
                                      size_t capacity, size_t* out_count,
                                      inlay_error* error) noexcept {
  return Guard(error,
               [&] { return GetTokens(session, tokens, capacity, out_count); });
}

}  // extern "C"
