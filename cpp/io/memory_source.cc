// Sources over bytes that the caller holds in memory.
#include <cstring>
#include <utility>

#include "cpp/io/range.h"
#include "cpp/io/source.h"

namespace inlay::io {
namespace {

class MemorySource final : public Source {
 public:
  explicit MemorySource(std::span<const uint8_t> bytes) : bytes_(bytes) {}
  ~MemorySource() override {
    if (release_) release_();
  }
  // Separate, so that a failed construction never runs it.
  void SetRelease(std::function<void()> release) {
    release_ = std::move(release);
  }

  uint64_t size() const override { return bytes_.size(); }
  Status ReadAt(uint64_t offset, std::span<uint8_t> out) const override {
    INLAY_RETURN_IF_ERROR(
        CheckRange(offset, out.size(), bytes_.size(), name()));
    if (!out.empty()) {
      std::memcpy(out.data(), bytes_.data() + offset, out.size());
    }
    return OkStatus();
  }
  std::span<const uint8_t> Mapped() const override { return bytes_; }
  std::string_view name() const override { return "memory"; }

 private:
  const std::span<const uint8_t> bytes_;
  std::function<void()> release_;
};

}  // namespace

StatusOr<std::shared_ptr<Source>> OpenMemory(std::span<const uint8_t> bytes,
                                             std::function<void()> release) {
  if (bytes.data() == nullptr && !bytes.empty()) {
    return absl::InvalidArgumentError("memory: null with a size");
  }
  auto source = std::make_shared<MemorySource>(bytes);
  source->SetRelease(std::move(release));
  return std::shared_ptr<Source>(std::move(source));
}

}  // namespace inlay::io
