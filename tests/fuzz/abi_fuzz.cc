// The call sequence of the C ABI: bytes become calls with good, null, stale
// and hostile arguments on a tiny model. Engines are host-driven, so that a
// sequence always runs the same way. Checked: one terminal event per accepted
// request, one call per release function, and that nothing is left after the
// last release.
//
// Every function of the ABI is called. Left to other tests: calls from several
// threads (tests/lifecycle, tests/serving), engines with a step thread of their
// own, and models from paths and descriptors (tests/io, tests/capi).
#include <inlay/inlay.h>

#include <cstddef>
#include <cstdint>
#include <iterator>

#include "tests/fuzz/abi_bytes.h"
#include "tests/fuzz/abi_library.h"
#include "tests/fuzz/abi_serve.h"
#include "tests/fuzz/abi_session.h"
#include "tests/fuzz/abi_text.h"
#include "tests/fuzz/abi_watch.h"
#include "tests/fuzz/abi_world.h"

namespace inlay::abi_fuzz {
namespace {

constexpr int kMostCalls = 96;
constexpr uint8_t kLater = 100;

using Call = void (*)(World&);

// The corpus means these by their places: append to kLaterCalls only.
constexpr Call kFirstCalls[] = {Create, Create,     Submit,   Submit, Submit,
                                Step,   Step,       Step,     Poll,   Poll,
                                Cancel, AskRequest, Generate, Score,  Tokenize,
                                Chat,   Ask,        Close,    Retain, AskModel};
constexpr Call kLaterCalls[] = {
    CreateSession, AskSession, AskSession,    SaveSession, LoadSession,
    SessionFiles,  Stats,      Metrics,       Trace,       Tenant,
    WaitHandle,    AskFile,    AskVocabulary, Estimate,    AskLibrary,
    AskContext,    Options,    SetOption,     SetOption,   Load,
    AskLoad,       AskLoad,    AskGeneration, Generate,    Submit,
    Step,          Create};

void CallOne(World& world) {
  const uint8_t which = world.bytes.Next();
  if (which < kLater) {
    kFirstCalls[which % std::size(kFirstCalls)](world);
  } else {
    kLaterCalls[(which - kLater) % std::size(kLaterCalls)](world);
  }
}

void End(World& world) {
  // Sessions and generations may outlive their engines.
  const bool sessions_first = world.bytes.Next() < 128;
  if (sessions_first) world.sessions.Clear();
  for (EngineSlot& slot : world.slots) Finish(slot);
  world.sessions.Clear();
  world.generations.Clear();
  world.loads.Clear();
  world.options.Clear();
  inlay_model_release(world.model);
  inlay_context_stats stats = INLAY_CONTEXT_STATS_INIT;
  inlay_context_get_stats(world.context, &stats, nullptr);
  Require(stats.memory_used_bytes == 0, "memory is left");
  inlay_context_release(world.context);
  for (const Releases* each :
       {&world.submits, &world.generates, &world.sources,
        &world.slots[0].sink.sinks, &world.slots[1].sink.sinks}) {
    Require(each->released == each->owed, "user_data was not released once");
  }
}

}  // namespace
}  // namespace inlay::abi_fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using inlay::abi_fuzz::World;
  World world(inlay::abi_fuzz::Bytes(data, size));
  for (int i = 0; i < inlay::abi_fuzz::kMostCalls && !world.bytes.empty();
       ++i) {
    inlay::abi_fuzz::CallOne(world);
  }
  inlay::abi_fuzz::End(world);
  return 0;
}
