#include "cpp/model/encdec_parameters.h"

#include <cmath>
#include <string>

#include "absl/strings/str_cat.h"
#include "cpp/model/file_names.h"

namespace inlay::model {
namespace {

namespace arch = architectures;

// `absent` where the file has no such number; < 0: it must.
StatusOr<int32_t> Integer(const FileNames& names, const arch::Key& key,
                          const char* what, int64_t low, int64_t high,
                          int64_t absent) {
  INLAY_ASSIGN_OR_RETURN(const std::optional<double> number,
                         names.Number(key, 0));
  if (!number.has_value() && absent < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(names.Describe(key, what), " is missing"));
  }
  if (!number.has_value()) return static_cast<int32_t>(absent);
  if (!(*number >= static_cast<double>(low) &&
        *number <= static_cast<double>(high)) ||
      *number != std::floor(*number)) {
    return absl::InvalidArgumentError(absl::StrCat(names.Describe(key, what),
                                                   " is ", *number, ", not in ",
                                                   low, "..", high));
  }
  return static_cast<int32_t>(*number);
}

StatusOr<std::optional<bool>> Flag(const FileNames& names,
                                   const arch::Key& key) {
  const std::string name = names.Key(key);
  if (name.empty()) return std::optional<bool>();
  return names.file().Get<bool>(name);
}

Status ReadBuckets(const FileNames& names, const arch::Hyperparameters& keys,
                   EncoderDecoderParameters* out) {
  INLAY_ASSIGN_OR_RETURN(
      out->relative_buckets,
      Integer(names, keys.relative_buckets(), "relative_buckets", 4, 256, 0));
  if (out->relative_buckets == 0) return OkStatus();
  INLAY_ASSIGN_OR_RETURN(
      out->relative_distance,
      Integer(names, keys.relative_distance(), "relative_distance",
              out->relative_buckets / 2 + 1, 1 << 12, -1));
  return OkStatus();
}

Status ReadStart(const FileNames& names, const arch::Hyperparameters& keys,
                 EncoderDecoderParameters* out) {
  INLAY_ASSIGN_OR_RETURN(const int32_t first,
                         Integer(names, keys.decoder_start(), "decoder_start",
                                 0, INT32_MAX / 2, -1));
  out->decoder_start = {first};
  INLAY_ASSIGN_OR_RETURN(const std::optional<double> second,
                         names.Number(keys.decoder_second(), 0));
  if (!second.has_value()) return OkStatus();
  INLAY_ASSIGN_OR_RETURN(const int32_t id,
                         Integer(names, keys.decoder_second(), "decoder_second",
                                 0, INT32_MAX / 2, -1));
  out->decoder_start.push_back(id);
  return OkStatus();
}

}  // namespace

StatusOr<EncoderDecoderParameters> ReadEncoderDecoderParameters(
    const arch::Architecture& architecture, const Hyperparameters& hp,
    const formats::ModelFile& file) {
  const FileNames names(architecture, file);
  const arch::Hyperparameters& keys = architecture.hyperparameters();
  EncoderDecoderParameters out;
  INLAY_ASSIGN_OR_RETURN(
      out.encoder_block_count,
      Integer(names, keys.encoder_block_count(), "encoder_block_count", 1, 1024,
              hp.block_count));
  INLAY_ASSIGN_OR_RETURN(
      out.decoder_block_count,
      Integer(names, keys.decoder_block_count(), "decoder_block_count", 1, 1024,
              hp.block_count));
  INLAY_ASSIGN_OR_RETURN(out.encoder_feed_forward_length,
                         Integer(names, keys.encoder_feed_forward_length(),
                                 "encoder_feed_forward_length", 1, 1 << 22,
                                 hp.feed_forward_length));
  INLAY_ASSIGN_OR_RETURN(
      const int32_t heads,
      Integer(names, keys.encoder_head_count(), "encoder_head_count", 1,
              1 << 14, hp.head_count));
  if (heads != hp.head_count) {
    return absl::UnimplementedError(absl::StrCat(
        "the encoder has ", heads, " heads and the decoder ", hp.head_count));
  }
  INLAY_RETURN_IF_ERROR(ReadBuckets(names, keys, &out));
  INLAY_RETURN_IF_ERROR(ReadStart(names, keys, &out));
  INLAY_ASSIGN_OR_RETURN(out.scaled_logits, Flag(names, keys.scaled_logits()));
  INLAY_ASSIGN_OR_RETURN(const std::optional<bool> scaled,
                         Flag(names, keys.scaled_embedding()));
  out.scaled_embedding = scaled.value_or(false);
  return out;
}

}  // namespace inlay::model
