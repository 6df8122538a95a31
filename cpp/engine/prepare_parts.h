// What the files that prepare requests share.
#ifndef INLAY_ENGINE_PREPARE_PARTS_H_
#define INLAY_ENGINE_PREPARE_PARTS_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "cpp/base/status.h"
#include "cpp/engine/live_request.h"
#include "cpp/engine/prepare.h"
#include "cpp/engine/request.h"

namespace inlay::engine {

// kOutOfRange, naming `what`.
Status CheckId(int32_t id, int32_t vocabulary_size, std::string_view what);

// The ids of a part that is text.
Status AppendText(const RequestLimits& limits, const PromptPart& part,
                  std::vector<int32_t>* tokens);

// Tokens, their counts and the context of a model with an encoder: its input in
// whole pages, then what the decoder begins with.
Status FillTwoParts(const RequestLimits& limits, const Request& request,
                    LiveRequest* live);

}  // namespace inlay::engine

#endif  // INLAY_ENGINE_PREPARE_PARTS_H_
