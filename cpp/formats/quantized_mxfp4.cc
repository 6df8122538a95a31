// MXFP4 as gpt-oss stores its experts: blocks of 32 values of 4 bits, and a
// power of two for each (OCP Microscaling Formats specification 1.0).
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp/formats/quantized_methods.h"

namespace inlay::formats {
namespace {

constexpr uint64_t kBlockBytes = 16;

// Neighbours share a byte in the file; here the second half of a block lies in
// the upper halves of the bytes, behind the block's scale.
class Mxfp4Decoder final : public TensorDecoder {
 public:
  Mxfp4Decoder(std::shared_ptr<io::Source> source, TensorInfo blocks,
               TensorInfo scales)
      : reader_(std::move(source)),
        blocks_(std::move(blocks)),
        scales_(std::move(scales)) {}

  Status ReadRows(uint64_t first, uint64_t count,
                  std::span<uint8_t> out) const override {
    const auto groups = static_cast<uint64_t>(scales_.columns());
    const uint64_t begin = first * groups, blocks = count * groups;
    std::vector<uint8_t> codes(blocks * kBlockBytes), scales(blocks);
    INLAY_RETURN_IF_ERROR(reader_.Read(blocks_.offset + begin * kBlockBytes, 1,
                                       codes.size(), codes.size(),
                                       codes.data()));
    INLAY_RETURN_IF_ERROR(
        reader_.Read(scales_.offset + begin, 1, blocks, blocks, scales.data()));
    for (uint64_t b = 0; b < blocks; ++b) {
      const uint8_t* from = codes.data() + b * kBlockBytes;
      uint8_t* to = out.data() + b * (kBlockBytes + 1);
      *to++ = scales[b];
      for (uint64_t i = 0; i < kBlockBytes; ++i) {
        to[i] = static_cast<uint8_t>(Value(from, i) |
                                     Value(from, i + kBlockBytes) << 4);
      }
    }
    return OkStatus();
  }

 private:
  static uint8_t Value(const uint8_t* block, uint64_t i) {
    return static_cast<uint8_t>(i % 2 == 0 ? block[i / 2] & 15
                                           : block[i / 2] >> 4);
  }

  const PartReader reader_;
  const TensorInfo blocks_, scales_;
};

}  // namespace

Status ExpandMxfp4(QuantizedFile* file) {
  for (const std::string& module : file->Modules("_blocks")) {
    const TensorInfo& blocks = *file->Find(module, "_blocks");
    INLAY_ASSIGN_OR_RETURN(const TensorInfo* scales,
                           file->Need(module, "_scales", blocks));
    INLAY_RETURN_IF_ERROR(CheckType(blocks, {DType::kU8}));
    INLAY_RETURN_IF_ERROR(CheckType(*scales, {DType::kU8}));
    const int rank = blocks.rank;
    if (rank < 3) return WrongTensor(blocks, "has fewer than 3 dimensions");
    if (blocks.columns() != kBlockBytes) {
      return WrongTensor(blocks,
                         absl::StrCat("has blocks of ", blocks.columns(),
                                      " bytes, not ", kBlockBytes));
    }
    std::vector<int64_t> shape(blocks.shape.begin(),
                               blocks.shape.begin() + rank - 1);
    const bool same =
        scales->rank == rank - 1 &&
        std::equal(shape.begin(), shape.end(), scales->shape.begin());
    if (!same || shape.back() > kMaxQuantizedColumns) {
      return WrongTensor(*scales,
                         absl::StrCat("has another shape than ", blocks.name));
    }
    shape.back() *= 32;
    INLAY_RETURN_IF_ERROR(file->Make(
        module, DType::kMXFP4, shape,
        std::make_shared<Mxfp4Decoder>(file->source(), blocks, *scales),
        {&blocks, scales}));
  }
  return file->CheckAllUsed({"_blocks", "_scales"});
}

}  // namespace inlay::formats
