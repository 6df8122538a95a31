#include "cpp/formats/made_tensors.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "cpp/base/checked.h"

namespace inlay::formats {
namespace {

constexpr uint64_t kAlignment = 64;
constexpr uint64_t kMostBytes = uint64_t{1} << 60;
// What a decoder is asked for at once, unless one row is larger.
constexpr uint64_t kChunkBytes = uint64_t{1} << 20;

// The file, and behind its end the made tensors. There is no mapping.
class MadeSource final : public io::Source {
 public:
  MadeSource(std::shared_ptr<io::Source> file, std::vector<MadeTensor> made,
             uint64_t size)
      : file_(std::move(file)), made_(std::move(made)), size_(size) {}

  uint64_t size() const override { return size_; }
  std::string_view name() const override { return file_->name(); }

  Status ReadAt(uint64_t offset, std::span<uint8_t> out) const override {
    if (offset < file_->size()) return file_->ReadAt(offset, out);
    const auto after = std::upper_bound(
        made_.begin(), made_.end(), offset,
        [](uint64_t at, const MadeTensor& m) { return at < m.tensor.offset; });
    if (after == made_.begin()) return OutOfRange();
    const MadeTensor& made = *(after - 1);
    const uint64_t at = offset - made.tensor.offset;
    if (at > made.tensor.bytes || out.size() > made.tensor.bytes - at) {
      return OutOfRange();
    }
    return ReadMade(made, at, out);
  }

 private:
  static Status OutOfRange() {
    return absl::DataLossError("a read that no tensor has bytes for");
  }

  // Whole rows go where they are wanted, others through a copy of the row.
  static Status ReadMade(const MadeTensor& made, uint64_t at,
                         std::span<uint8_t> out) {
    const uint64_t row_bytes =
        made.tensor.bytes / static_cast<uint64_t>(made.tensor.rows());
    while (!out.empty()) {
      const uint64_t row = at / row_bytes, skip = at % row_bytes;
      uint64_t bytes = 0;
      if (skip == 0 && out.size() >= row_bytes) {
        const uint64_t most = std::max(kChunkBytes / row_bytes, uint64_t{1});
        const uint64_t count = std::min(out.size() / row_bytes, most);
        bytes = count * row_bytes;
        INLAY_RETURN_IF_ERROR(
            made.decoder->ReadRows(row, count, out.first(bytes)));
      } else {
        std::vector<uint8_t> whole(row_bytes);
        INLAY_RETURN_IF_ERROR(made.decoder->ReadRows(row, 1, whole));
        bytes = std::min<uint64_t>(row_bytes - skip, out.size());
        std::memcpy(out.data(), whole.data() + skip, bytes);
      }
      at += bytes;
      out = out.subspan(bytes);
    }
    return OkStatus();
  }

  const std::shared_ptr<io::Source> file_;
  const std::vector<MadeTensor> made_;  // by offset
  const uint64_t size_;
};

}  // namespace

MadeTensors::MadeTensors(std::shared_ptr<const ModelFile> file)
    : file_(std::move(file)),
      tensors_(file_->tensors()),
      end_(file_->source().size()) {
  for (size_t i = 0; i < tensors_.size(); ++i) {
    places_.try_emplace(tensors_[i].name, i);
  }
}

Status MadeTensors::Add(TensorInfo made,
                        std::shared_ptr<const TensorDecoder> decoder) {
  const auto& type = kernels::GetDTypeInfo(made.type);
  const auto block = static_cast<uint64_t>(type.block_elements);
  uint64_t elements = 1, at = 0;
  for (int i = 0; i < made.rank; ++i) {
    const auto size = static_cast<uint64_t>(made.shape[static_cast<size_t>(i)]);
    if (!CheckedMul(elements, size, &elements)) elements = kMostBytes;
    elements = std::min(elements, kMostBytes);
  }
  const bool fits =
      CheckedMul(elements / block, static_cast<uint64_t>(type.block_bytes),
                 &made.bytes) &&
      CheckedAlignUp(end_, kAlignment, &at) && made.bytes <= kMostBytes &&
      at <= kMostBytes - made.bytes;
  if (!fits) {
    return absl::ResourceExhaustedError(
        absl::StrCat("tensor ", made.name, " has too many elements"));
  }
  made.offset = at;
  changed_ = true;
  end_ = at + made.bytes;
  const auto [place, added] = places_.try_emplace(made.name, tensors_.size());
  if (added) {
    tensors_.push_back(made);
  } else {
    tensors_[place->second] = made;
  }
  made_.push_back({std::move(made), std::move(decoder)});
  return OkStatus();
}

std::shared_ptr<const ModelFile> MadeTensors::Finish() && {
  if (!changed_) return file_;
  tensors_.erase(std::remove_if(tensors_.begin(), tensors_.end(),
                                [this](const TensorInfo& tensor) {
                                  return dropped_.contains(tensor.name);
                                }),
                 tensors_.end());
  std::shared_ptr<io::Source> source = file_->shared_source();
  if (!made_.empty()) {
    source =
        std::make_shared<MadeSource>(std::move(source), std::move(made_), end_);
  }
  return std::make_shared<const ModelFile>(
      std::move(source), file_->format(), file_->metadata(),
      std::move(tensors_), file_->naming());
}

}  // namespace inlay::formats
