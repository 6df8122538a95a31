// A source over the host's own reader.
#include <mutex>
#include <utility>

#include "cpp/io/range.h"
#include "cpp/io/source.h"

namespace inlay::io {
namespace {

class ReaderSource final : public Source {
 public:
  ReaderSource(uint64_t size, HostRead read)
      : size_(size), read_(std::move(read)) {}
  ~ReaderSource() override {
    if (release_) release_();
  }
  void SetRelease(std::function<void()> release) {
    release_ = std::move(release);
  }

  uint64_t size() const override { return size_; }
  Status ReadAt(uint64_t offset, std::span<uint8_t> out) const override {
    INLAY_RETURN_IF_ERROR(CheckRange(offset, out.size(), size_, name()));
    if (out.empty()) return OkStatus();
    const std::lock_guard<std::mutex> lock(mutex_);
    return read_(offset, out);
  }
  std::string_view name() const override { return "host reader"; }

 private:
  const uint64_t size_;
  mutable std::mutex mutex_;  // the host sees one call at a time
  const HostRead read_;
  std::function<void()> release_;
};

}  // namespace

StatusOr<std::shared_ptr<Source>> OpenReader(uint64_t size, HostRead read,
                                             std::function<void()> release) {
  if (!read) return absl::InvalidArgumentError("host reader: no function");
  auto source = std::make_shared<ReaderSource>(size, std::move(read));
  source->SetRelease(std::move(release));
  return std::shared_ptr<Source>(std::move(source));
}

}  // namespace inlay::io
