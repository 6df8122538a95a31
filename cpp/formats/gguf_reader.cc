#include "cpp/formats/gguf_reader.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "cpp/base/checked.h"

namespace inlay::formats {

std::string Quoted(std::string_view text) {
  constexpr size_t kLongest = 80;
  const bool cut = text.size() > kLongest;
  return absl::StrCat("\"", absl::CHexEscape(text.substr(0, kLongest)),
                      cut ? "...\"" : "\"");
}

Status GgufError(absl::StatusCode code, std::string_view field, uint64_t offset,
                 std::string_view what) {
  return Status(code,
                absl::StrCat("GGUF ", field, " at byte ", offset, ": ", what));
}

Status GgufReader::ReadString(std::string_view field, std::string* out) {
  const uint64_t offset = position();
  uint64_t size = 0;
  INLAY_RETURN_IF_ERROR(Named(bytes_.ReadValue(&size), field, offset));
  if (size > limits_.max_string_bytes) {
    // A length that the file cannot hold is damage, not a large model.
    INLAY_RETURN_IF_ERROR(Named(bytes_.Need(size), field, offset));
    return GgufError(absl::StatusCode::kResourceExhausted, field, offset,
                     absl::StrCat(size, " bytes, more than max_string_bytes ",
                                  limits_.max_string_bytes));
  }
  return Named(bytes_.ReadString(size, out), field, offset);
}

Status GgufReader::ReadCount(std::string_view field, uint64_t item_bytes,
                             uint64_t limit, std::string_view limit_name,
                             uint64_t* out) {
  const uint64_t offset = position();
  INLAY_RETURN_IF_ERROR(Named(bytes_.ReadValue(out), field, offset));
  uint64_t bytes = 0;
  if (!CheckedMul(*out, item_bytes, &bytes)) {
    return GgufError(absl::StatusCode::kDataLoss, field, offset,
                     absl::StrCat(*out, " items cannot fit any file"));
  }
  INLAY_RETURN_IF_ERROR(Named(bytes_.Need(bytes), field, offset));
  if (*out > limit) {
    return GgufError(
        absl::StatusCode::kResourceExhausted, field, offset,
        absl::StrCat(*out, ", more than ", limit_name, " ", limit));
  }
  return OkStatus();
}

}  // namespace inlay::formats
