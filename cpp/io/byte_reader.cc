#include "cpp/io/byte_reader.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace inlay::io {
namespace {

constexpr uint64_t kBufferBytes = 64 << 10;
// A string is read in steps of this size, so that a declared length alone
// never makes memory grow by more.
constexpr uint64_t kStringStep = 1 << 20;

}  // namespace

ByteReader::ByteReader(const Source* source, uint64_t limit)
    : source_(source), end_(std::min(source->size(), limit)) {}

Status ByteReader::Need(uint64_t bytes) const {
  if (bytes <= remaining()) return OkStatus();
  if (bytes > source_->size() - position_) {
    return absl::DataLossError(
        absl::StrCat("truncated: needs ", bytes, " bytes at offset ", position_,
                     ", ", source_->size() - position_, " are left"));
  }
  return absl::ResourceExhaustedError(
      absl::StrCat("needs ", bytes, " bytes at offset ", position_,
                   ", beyond the limit of ", end_));
}

Status ByteReader::Refill() {
  // Sized before reading, and emptied on failure, so that the buffer never
  // holds bytes that did not arrive.
  buffer_.resize(std::min(kBufferBytes, remaining()));
  begin_ = 0;
  Status status = source_->ReadAt(position_, buffer_);
  if (!status.ok()) buffer_.clear();
  return status;
}

Status ByteReader::Read(std::span<uint8_t> out) {
  INLAY_RETURN_IF_ERROR(Need(out.size()));
  while (!out.empty()) {
    if (begin_ == buffer_.size()) INLAY_RETURN_IF_ERROR(Refill());
    const size_t take = std::min(out.size(), buffer_.size() - begin_);
    std::memcpy(out.data(), buffer_.data() + begin_, take);
    begin_ += take;
    position_ += take;
    out = out.subspan(take);
  }
  return OkStatus();
}

Status ByteReader::ReadString(uint64_t bytes, std::string* out) {
  INLAY_RETURN_IF_ERROR(Need(bytes));
  out->clear();
  while (out->size() < bytes) {
    const size_t old_size = out->size();
    const uint64_t step = std::min(kStringStep, bytes - old_size);
    out->resize(old_size + step);
    INLAY_RETURN_IF_ERROR(
        Read({reinterpret_cast<uint8_t*>(out->data()) + old_size, step}));
  }
  return OkStatus();
}

}  // namespace inlay::io
