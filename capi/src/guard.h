// The shell around every entry point: nothing is thrown across it.
#ifndef INLAY_CAPI_SRC_GUARD_H_
#define INLAY_CAPI_SRC_GUARD_H_

#include <new>
#include <utility>

#include "capi/src/outcome.h"

namespace inlay::capi {

// Runs `body`, which returns an Outcome, and turns its result, or whatever it
// throws, into a status and the caller's error record.
template <typename Body>
inlay_status Guard(inlay_error* error, Body&& body) noexcept {
  if (!ErrorRecordUsable(error)) return INLAY_ERR_INVALID_ARGUMENT;
  Outcome outcome;
  try {
    outcome = std::forward<Body>(body)();
  } catch (const std::bad_alloc&) {
    outcome = Outcome::Abi(INLAY_ERR_OUT_OF_MEMORY, "", "an allocation failed");
  } catch (...) {
    outcome = Outcome::Abi(INLAY_ERR_INTERNAL, "", "an exception was stopped");
  }
  outcome.Fill(error);
  return outcome.code();
}

// The same for functions that cannot report a failure.
template <typename Body>
void GuardVoid(Body&& body) noexcept {
  try {
    std::forward<Body>(body)();
  } catch (...) {
    // Releasing frees memory only; there is nothing to undo and nobody to tell.
  }
}

}  // namespace inlay::capi

#endif  // INLAY_CAPI_SRC_GUARD_H_
