// Chat templates: rendering, and wrapping one user message.
#ifndef INLAY_CAPI_SRC_CHAT_H_
#define INLAY_CAPI_SRC_CHAT_H_

#include <string_view>
#include <vector>

#include "capi/src/outcome.h"
#include "cpp/engine/model.h"
#include "cpp/engine/request.h"

namespace inlay::capi {

// The prompt parts of one user message in the model's chat template. Control
// tokens are recognised in the template's parts only.
Outcome WrapUserMessage(const engine::Model& model, std::string_view message,
                        std::vector<engine::PromptPart>* out);

}  // namespace inlay::capi

#endif  // INLAY_CAPI_SRC_CHAT_H_
