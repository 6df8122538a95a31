// An asynchronous opening: its state, and the thread that works on it.
#ifndef INLAY_CAPI_SRC_LOAD_H_
#define INLAY_CAPI_SRC_LOAD_H_

#include <inlay/inlay.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "capi/src/handle.h"
#include "capi/src/source.h"
#include "cpp/base/mutex.h"
#include "cpp/engine/model.h"

namespace inlay::capi {

struct LoadTraits {
  static constexpr uint64_t kTag = 0x696e6c61794c6f61;  // "inlayLoa"
  static constexpr std::string_view kName = "inlay_load";
};

// Shared by the handle and the thread.
struct LoadState {
  std::shared_ptr<engine::Context> context;
  engine::ModelOptions options;
  Progress host_progress;
  OpenedSource source;
  std::atomic<bool> cancelled{false};

  Mutex mutex;
  CondVar changed;
  int32_t state INLAY_GUARDED_BY(mutex) = INLAY_LOAD_RUNNING;
  uint64_t done INLAY_GUARDED_BY(mutex) = 0;
  uint64_t total INLAY_GUARDED_BY(mutex) = 0;
  char stage[32] INLAY_GUARDED_BY(mutex) = "";
  Outcome outcome INLAY_GUARDED_BY(mutex);
  std::shared_ptr<engine::Model> model INLAY_GUARDED_BY(mutex);
};

}  // namespace inlay::capi

struct inlay_load : inlay::capi::Handle<inlay::capi::LoadTraits> {
  std::shared_ptr<inlay::capi::LoadState> state;
  std::thread thread;
};

#endif  // INLAY_CAPI_SRC_LOAD_H_
