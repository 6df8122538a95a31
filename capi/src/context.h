// The handle of a context, and the host's callbacks behind it.
#ifndef INLAY_CAPI_SRC_CONTEXT_H_
#define INLAY_CAPI_SRC_CONTEXT_H_

#include <memory>
#include <utility>

#include "capi/src/handle.h"
#include "cpp/engine/context.h"

namespace inlay::capi {

struct ContextTraits {
  static constexpr uint64_t kTag = 0x696e6c6179437478;  // "inlayCtx"
  static constexpr std::string_view kName = "inlay_context";
};

}  // namespace inlay::capi

struct inlay_context : inlay::capi::Handle<inlay::capi::ContextTraits> {
  std::shared_ptr<inlay::engine::Context> core;
};

#endif  // INLAY_CAPI_SRC_CONTEXT_H_
