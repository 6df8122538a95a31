// The handle of a model.
#ifndef INLAY_CAPI_SRC_MODEL_H_
#define INLAY_CAPI_SRC_MODEL_H_

#include <inlay/inlay.h>

#include <memory>
#include <string>

#include "capi/src/handle.h"
#include "cpp/engine/model.h"

namespace inlay::capi {

struct ModelTraits {
  static constexpr uint64_t kTag = 0x696e6c61794d6f64;  // "inlayMod"
  static constexpr std::string_view kName = "inlay_model";
};

}  // namespace inlay::capi

struct inlay_model : inlay::capi::Handle<inlay::capi::ModelTraits> {
  std::shared_ptr<inlay::engine::Model> core;
  // What inlay_model_info points to and the core does not store as it is.
  std::string architecture, name, tokenizer_text, reason, template_text;
  std::string device;
  uint64_t parameter_count = 0, weight_bytes = 0;
};

namespace inlay::capi {

std::unique_ptr<inlay_model> MakeModel(std::shared_ptr<engine::Model> core);

// The tokenizer, or why there is none.
Outcome TokenizerOf(const inlay_model* model, const text::Tokenizer** out);

// The caller's options (null: defaults) to the core's. The progress callback
// is left to the caller.
Outcome ReadModelOptions(const inlay_model_options* given,
                         inlay_model_options* copy, engine::ModelOptions* out);

// Calls the host's progress function; empty if there is none.
Progress HostProgress(const inlay_model_options& options);

}  // namespace inlay::capi

#endif  // INLAY_CAPI_SRC_MODEL_H_
