// One run through most of the C calls while something fails underneath. Uses
// no heap itself, so that every allocation counted is the library's.
#ifndef INLAY_TESTS_FAULTS_SCENARIO_H_
#define INLAY_TESTS_FAULTS_SCENARIO_H_

#include <cstdint>

#include "inlay/inlay.h"

namespace inlay::faults {

enum class Drive { kHost, kThread, kPush };

struct Plan {
  const char* path = nullptr;
  Drive drive = Drive::kHost;
  inlay_context_options context = INLAY_CONTEXT_OPTIONS_INIT;
  // Ends the faults; called at the first failure seen, so that the same call
  // can be tried again, and must then succeed.
  void (*disarm)() = nullptr;
};

struct Report {
  // First thing that is not as promised; empty if all is well.
  char fault[400] = "";
  // What the first failing call was, and its status.
  const char* failed_call = "";
  inlay_status status = INLAY_OK;
  bool engine_failed = false;
};

// Creates, opens, tokenizes, renders, submits, polls, generates, closes and
// releases.
Report RunScenario(const Plan& plan);

}  // namespace inlay::faults

#endif  // INLAY_TESTS_FAULTS_SCENARIO_H_
