// Integer formats with AVX-512 VNNI: tiles of R rows by G groups of 16 outputs.
// One row and many rows read the same layout and do the same operations in the
// same order, so results do not depend on the tile. Formats that take more to
// unpack go through bytes (linear_panel_avx512.h).
#if defined(__AVX512F__)
#include "kernels/cpu/linear_core_avx512.h"
#include "kernels/cpu/linear_kernels.h"
#include "kernels/cpu/linear_layout.h"
#include "kernels/cpu/linear_panel_avx512.h"

namespace inlay::kernels::cpu::internal {
namespace {

// Rows of a tile.
constexpr int kTileRows = 4;
// Tiles of rows that share in fetching the weights of the next groups.
constexpr int64_t kFetchingTiles = 4;
// Blocks whose scaled sums are kept for all rows.
constexpr int64_t kKeptBlocks = 256;

inline __m512 LoadHalves(const uint8_t* p) {
  return _mm512_cvtph_ps(
      _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
}
inline __m512 LoadCodes(const uint8_t* p) {
  return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(
      _mm_loadu_si128(reinterpret_cast<const __m128i*>(p))));
}

// One block of a group as it is packed.
struct PackedBlock {
  const uint8_t* scales;
  const uint8_t* values;
};

struct Bytes : PackedBlock {
  static constexpr int kValueBytes = 512;
  static constexpr int kStep = 8;
  static constexpr int kFar = 4;
  inline void Load(int j, __m512i* near, __m512i* far) const {
    *near = _mm512_loadu_si512(values + 128 * j);
    *far = _mm512_loadu_si512(values + 128 * j + 64);
  }
};

struct Nibbles : PackedBlock {
  static constexpr int kValueBytes = 256;
  static constexpr int kStep = 4;
  static constexpr int kFar = 16;
  inline void Load(int j, __m512i* near, __m512i* far) const {
    const __m512i mask = _mm512_set1_epi8(15);
    const __m512i pair = _mm512_loadu_si512(values + 64 * j);
    *near = _mm512_and_si512(pair, mask);
    *far = _mm512_and_si512(_mm512_srli_epi16(pair, 4), mask);
  }
};

template <PackedFormat F>
struct Block;

template <>
struct Block<PackedFormat::kQ8> : Bytes {
  static constexpr int kOffset = 128;
  static constexpr bool kMinimum = false;
  inline __m512 Scale() const { return LoadHalves(scales); }
};

template <>
struct Block<PackedFormat::kQ4> : Nibbles {
  static constexpr int kOffset = 8;
  static constexpr bool kMinimum = false;
  inline __m512 Scale() const { return LoadHalves(scales); }
};

template <>
struct Block<PackedFormat::kQ4Min> : Nibbles {
  static constexpr int kOffset = 0;
  static constexpr bool kMinimum = true;
  inline __m512 Scale() const { return LoadHalves(scales); }
  inline __m512 Minimum() const { return LoadHalves(scales + 32); }
};

// `scales` is that of the 256 columns; the block is one of eight.
template <>
struct Block<PackedFormat::kK4Min> : Nibbles {
  static constexpr int kOffset = 0;
  static constexpr bool kMinimum = true;
  int index;
  inline const uint8_t* Own() const { return scales + 64 + 32 * index; }
  inline __m512 Scale() const {
    return _mm512_mul_ps(LoadHalves(scales), LoadCodes(Own()));
  }
  inline __m512 Minimum() const {
    const __m512 m =
        _mm512_mul_ps(LoadHalves(scales + 32), LoadCodes(Own() + 16));
    return _mm512_xor_ps(m, _mm512_set1_ps(-0.0f));
  }
};

// Weights of the groups computed next, fetched while the present ones are
// multiplied: reading at the speed of memory takes more than the processor
// fetches of its own accord from streams as short as a group.
struct Fetch {
  inline void Some() {
    for (int64_t i = 0; i < lines; ++i, at += 64) {
      _mm_prefetch(reinterpret_cast<const char*>(at), _MM_HINT_T1);
    }
  }
  const uint8_t* at;
  int64_t lines;  // at a time
};

// G groups of outputs and all rows.
template <PackedFormat F, int G>
class Panel {
 public:
  Panel(const LinearArgs& args, int64_t group)
      : args_(args),
        group_(group),
        bytes_(static_cast<int64_t>(GroupBytes(F, args.columns))),
        scale_bytes_(static_cast<int64_t>(GroupScaleBytes(F, args.columns))),
        weight_(args.weight + group * bytes_),
        blocks_(BlockCount(args.columns)) {}

  void Run(const CentredBlocks* centred, int64_t out_begin, int64_t out_end) {
    if (centred != nullptr) KeepSums(*centred);
    const int64_t tiles = (args_.x_rows + kTileRows - 1) / kTileRows;
    const int64_t fetching = tiles < kFetchingTiles ? tiles : kFetchingTiles;
    const int64_t lines = G * bytes_ / 64;
    const int64_t times = blocks_ * fetching;
    Fetch fetch = {weight_ + G * bytes_, (lines + times - 1) / times};
    for (int64_t tile = 0; tile < tiles; ++tile) {
      if (tile == fetching) fetch.lines = 0;
      RunRows(tile * kTileRows, out_begin, out_end, &fetch);
    }
  }

 private:
  void KeepSums(const CentredBlocks& centred) {
    kept_ = true;
    for (int64_t b = 0; b < blocks_; ++b) {
      if (!centred[b]) continue;
      Block<F> w[G];
      for (int g = 0; g < G; ++g) w[g] = At(g, b);
      MakeSums<G>(w, sums_[b]);
    }
  }

  inline Block<F> At(int g, int64_t b) const {
    constexpr bool kSuper = ShapeOf(F).super;
    const uint8_t* const group = weight_ + g * bytes_;
    Block<F> block;
    block.scales =
        group + (kSuper ? b / 8 : b) * static_cast<int64_t>(ScaleStep(F));
    block.values = group + scale_bytes_ + b * Block<F>::kValueBytes;
    if constexpr (kSuper) block.index = static_cast<int>(b % 8);
    return block;
  }

  void RunRows(int64_t row, int64_t out_begin, int64_t out_end, Fetch* fetch) {
    switch (args_.x_rows - row) {
      case 1:
        return RunTile<1>(row, out_begin, out_end, fetch);
      case 2:
        return RunTile<2>(row, out_begin, out_end, fetch);
      case 3:
        return RunTile<3>(row, out_begin, out_end, fetch);
      default:
        return RunTile<kTileRows>(row, out_begin, out_end, fetch);
    }
  }

  template <int R>
  void RunTile(int64_t row, int64_t out_begin, int64_t out_end, Fetch* fetch) {
    const RowTile<R> x(args_, row);
    __m512 sum[R][G];
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 8
      for (int g = 0; g < G; ++g) sum[r][g] = _mm512_setzero_ps();
    }
    Fetch next = *fetch;
    for (int64_t b = 0; b < blocks_; ++b) {
      Block<F> w[G];
#pragma GCC unroll 8
      for (int g = 0; g < G; ++g) w[g] = At(g, b);
      next.Some();
      AddBlock<R, G>(w, kept_ ? sums_[b] : nullptr, x, b, sum);
    }
    *fetch = next;
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 8
      for (int g = 0; g < G; ++g) {
        StoreLanes(args_, row + r, group_ + g, out_begin, out_end, sum[r][g]);
      }
    }
  }

  const LinearArgs& args_;
  const int64_t group_;
  const int64_t bytes_;
  const int64_t scale_bytes_;
  const uint8_t* const weight_;
  const int64_t blocks_;
  bool kept_ = false;
  __m512 sums_[kKeptBlocks][G];
};

template <PackedFormat F>
void RunPacked(const LinearArgs& args, int64_t out_begin, int64_t out_end) {
  const bool keeps =
      args.x_rows > kTileRows && BlockCount(args.columns) <= kKeptBlocks;
  CentredBlocks centred;
  if (keeps) centred.Find(args);
  int64_t group = out_begin / kGroup;
  const int64_t end = (out_end + kGroup - 1) / kGroup;
  for (; group + 2 <= end; group += 2) {
    Panel<F, 2>(args, group)
        .Run(keeps ? &centred : nullptr, out_begin, out_end);
  }
  if (group < end) {
    Panel<F, 1>(args, group)
        .Run(keeps ? &centred : nullptr, out_begin, out_end);
  }
}

}  // namespace

void LinearInt8Avx512(const LinearArgs& args, int64_t out_begin,
                      int64_t out_end) {
  switch (args.format) {
    case PackedFormat::kQ8:
      return RunPacked<PackedFormat::kQ8>(args, out_begin, out_end);
    case PackedFormat::kQ4:
      return RunPacked<PackedFormat::kQ4>(args, out_begin, out_end);
    case PackedFormat::kQ4Min:
      return RunPacked<PackedFormat::kQ4Min>(args, out_begin, out_end);
    case PackedFormat::kK4Min:
      return RunPacked<PackedFormat::kK4Min>(args, out_begin, out_end);
    default:
      return LinearPanelAvx512(args, out_begin, out_end);
  }
}

}  // namespace inlay::kernels::cpu::internal

#endif  // __AVX512F__
