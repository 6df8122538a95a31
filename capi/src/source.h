// Where a model's bytes come from: the caller's struct to an io::Source.
#ifndef INLAY_CAPI_SRC_SOURCE_H_
#define INLAY_CAPI_SRC_SOURCE_H_

#include <inlay/inlay.h>

#include <atomic>
#include <memory>

#include "capi/src/host_release.h"
#include "capi/src/outcome.h"
#include "cpp/io/source.h"

namespace inlay::capi {

struct OpenedSource {
  std::shared_ptr<io::Source> source;
  // To be armed once the call that was given the source succeeds.
  std::shared_ptr<HostRelease> release;
  // What the host's reader returned last when it failed; 0: it did not.
  std::shared_ptr<std::atomic<int64_t>> native_code;

  // `status` with the host's code, if the host's reader caused it.
  Outcome Explain(Status status) const;
};

Outcome OpenSource(const inlay_model_source* given, OpenedSource* out);

}  // namespace inlay::capi

#endif  // INLAY_CAPI_SRC_SOURCE_H_
