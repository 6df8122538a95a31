// The numbers that only models with an encoder and a decoder have.
#ifndef INLAY_MODEL_ENCDEC_PARAMETERS_H_
#define INLAY_MODEL_ENCDEC_PARAMETERS_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "cpp/architectures/architecture.pb.h"
#include "cpp/base/status.h"
#include "cpp/formats/model_file.h"
#include "cpp/model/hyperparameters.h"

namespace inlay::model {

struct EncoderDecoderParameters {
  int32_t encoder_block_count = 0;          // 1 .. 1024
  int32_t decoder_block_count = 0;          // 1 .. 1024
  int32_t encoder_feed_forward_length = 0;  // 1 .. 2^22
  int32_t relative_buckets = 0;             // 4 .. 256; 0: no bias
  int32_t relative_distance = 0;            // above half of them, to 2^12
  std::vector<int32_t> decoder_start;       // one or two tokens, >= 0
  std::optional<bool> scaled_logits;
  bool scaled_embedding = false;
};

// kInvalidArgument naming the key; kUnimplemented: as many heads in one part
// as not in the other.
StatusOr<EncoderDecoderParameters> ReadEncoderDecoderParameters(
    const architectures::Architecture& architecture,
    const Hyperparameters& hyperparameters, const formats::ModelFile& file);

}  // namespace inlay::model

#endif  // INLAY_MODEL_ENCDEC_PARAMETERS_H_
