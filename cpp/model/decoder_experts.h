// Mixtures of experts as parts of a decoder.
#ifndef INLAY_MODEL_DECODER_EXPERTS_H_
#define INLAY_MODEL_DECODER_EXPERTS_H_

#include "cpp/model/decoder_parts.h"

namespace inlay::model {

bool HasExperts(const DecoderParts& parts, int layer);

// The experts of a layer, of what is normed already, added to the hidden state.
Status AddDecoderExperts(DecoderParts* parts, int layer);

}  // namespace inlay::model

#endif  // INLAY_MODEL_DECODER_EXPERTS_H_
