// The numbers of an activation that are learned.
#ifndef INLAY_MODEL_XIELU_H_
#define INLAY_MODEL_XIELU_H_

#include "cpp/base/status.h"
#include "cpp/model/decoder_parts.h"
#include "cpp/model/plan.h"

namespace inlay::model {

// xIELU's of one layer, as Mlp.xielu says where they are. kInvalidArgument
// names what is missing or no number.
StatusOr<Xielu> ReadXielu(DecoderParts* parts, int layer);

}  // namespace inlay::model

#endif  // INLAY_MODEL_XIELU_H_
