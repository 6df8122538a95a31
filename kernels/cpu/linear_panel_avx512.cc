#include "kernels/cpu/linear_panel_avx512.h"

#if defined(__AVX512F__)
#include "kernels/cpu/linear_core_avx512.h"

namespace inlay::kernels::cpu::internal {
namespace {

// Rows whose sums wait together while the columns are walked panel by panel.
constexpr int64_t kRowBlock = 128;

// One block of a panel.
template <bool kHasMinimum>
struct PanelBlock {
  static constexpr int kStep = 8;
  static constexpr int kFar = 4;
  static constexpr int kOffset = kHasMinimum ? 0 : 128;
  static constexpr bool kMinimum = kHasMinimum;
  const PanelGroup* panel;
  int64_t index;

  inline const uint8_t* bytes() const { return panel->bytes + 512 * index; }
  inline void Load(int j, __m512i* near, __m512i* far) const {
    *near = _mm512_loadu_si512(bytes() + 128 * j);
    *far = _mm512_loadu_si512(bytes() + 128 * j + 64);
  }
  inline __m512 Scale() const { return _mm512_load_ps(panel->scale[index][0]); }
  inline __m512 Minimum() const {
    return _mm512_load_ps(panel->minimum[index][0]);
  }
};

// Sum of 16 activations.
inline int32_t Sum16(const int8_t* a) {
  __m128i s =
      _mm_dpbusd_epi32(_mm_setzero_si128(), _mm_set1_epi8(1),
                       _mm_loadu_si128(reinterpret_cast<const __m128i*>(a)));
  s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0x4e));
  s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0xb1));
  return _mm_cvtsi128_si32(s);
}

// Half a block of a format with scales by 16.
template <bool kHasMinimum>
struct PanelHalf {
  const PanelGroup& panel;
  int64_t index;
  int half;

  inline __m512i Value(int j) const {
    return _mm512_loadu_si512(panel.bytes + 512 * index + 256 * half + 64 * j);
  }
  inline __m512 Scale() const {
    return _mm512_load_ps(panel.scale[index][half]);
  }
  inline __m512 Minimum() const {
    return _mm512_load_ps(panel.minimum[index][half]);
  }
  __attribute__((noinline)) __m512 ScaledSum() const {
    __m512i sum = _mm512_set1_epi32(kHasMinimum ? 0 : -16 * 128);
    for (int j = 0; j < 4; ++j) {
      sum = _mm512_dpbusd_epi32(sum, Value(j), _mm512_set1_epi8(1));
    }
    return _mm512_mul_ps(Scale(), _mm512_cvtepi32_ps(sum));
  }
};

template <bool kHasMinimum, int R>
inline void AddHalf(const PanelHalf<kHasMinimum>& w, const RowTile<R>& x,
                    int64_t block, __m512* const (&sum)[R]) {
  __m512i dot[R];
  int32_t sums[R];
  const int8_t* a[R];
  for (int r = 0; r < R; ++r) {
    a[r] = x.a(r, block) + w.half * 16;
    sums[r] = Sum16(a[r]);
    dot[r] = _mm512_set1_epi32(kHasMinimum ? 0 : -128 * sums[r]);
  }
#pragma GCC unroll 4
  for (int j = 0; j < 4; ++j) {
    const __m512i value = w.Value(j);
    for (int r = 0; r < R; ++r) {
      dot[r] = _mm512_dpbusd_epi32(dot[r], value, Broadcast4(a[r] + 4 * j));
    }
  }
  for (int r = 0; r < R; ++r) {
    const BlockInfo& info = x.info(r, block);
    __m512 total = _mm512_fmadd_ps(
        _mm512_cvtepi32_ps(dot[r]),
        _mm512_mul_ps(w.Scale(), _mm512_set1_ps(info.s)), *sum[r]);
    if (info.c != 0) {
      total = _mm512_fmadd_ps(_mm512_set1_ps(info.c), w.ScaledSum(), total);
    }
    if constexpr (kHasMinimum) {
      const float half = info.s * static_cast<float>(sums[r]) + 16.0f * info.c;
      total = _mm512_fmadd_ps(w.Minimum(), _mm512_set1_ps(half), total);
    }
    *sum[r] = total;
  }
}

// What a tile of R rows by G groups adds over the panel's columns.
template <bool kHasMinimum, bool kHalves, int R, int G>
inline void AddPanel(PanelGroup* panels, const RowTile<R>& x, int64_t first,
                     int64_t count, __m512 (&sum)[R][G]) {
  for (int64_t i = 0; i < count; ++i) {
    if constexpr (kHalves) {
      for (int half = 0; half < 2; ++half) {
        for (int g = 0; g < G; ++g) {
          __m512* sums[R];
          for (int r = 0; r < R; ++r) sums[r] = &sum[r][g];
          AddHalf<kHasMinimum, R>({panels[g], i, half}, x, first + i, sums);
        }
      }
    } else {
      PanelBlock<kHasMinimum> w[G];
      for (int g = 0; g < G; ++g) w[g] = {&panels[g], i};
      __m512 kept[G];
      for (int g = 0; g < G; ++g) kept[g] = _mm512_load_ps(panels[g].sum[i][0]);
      AddBlock<R, G>(w, kept, x, first + i, sum);
    }
  }
}

// The work on one or two groups and some rows.
struct PanelWork {
  const LinearArgs& args;
  int64_t group;
  int64_t row, rows;
  int64_t out_begin, out_end;
  PanelGroup* panels;
  float* sums;  // [rows][G][16]
  const CentredBlocks& centred;
};

template <bool kHasMinimum, bool kHalves, int R, int G>
void RunTile(const PanelWork& work, int64_t at, int64_t first, int64_t count) {
  const LinearArgs& args = work.args;
  const RowTile<R> x(args, work.row + at);
  __m512 sum[R][G];
  float* const kept = work.sums + at * G * kGroup;
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) {
    for (int g = 0; g < G; ++g) {
      sum[r][g] = first == 0 ? _mm512_setzero_ps()
                             : _mm512_load_ps(kept + (r * G + g) * kGroup);
    }
  }
  AddPanel<kHasMinimum, kHalves, R, G>(work.panels, x, first, count, sum);
  const bool last = first + count == BlockCount(args.columns);
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 8
    for (int g = 0; g < G; ++g) {
      if (last) {
        StoreLanes(args, work.row + at + r, work.group + g, work.out_begin,
                   work.out_end, sum[r][g]);
      } else {
        _mm512_store_ps(kept + (r * G + g) * kGroup, sum[r][g]);
      }
    }
  }
}

template <bool kHasMinimum, bool kHalves, int G>
void RunTiles(const PanelWork& work, int64_t first, int64_t count) {
  int64_t at = 0;
  for (; at + 4 <= work.rows; at += 4) {
    RunTile<kHasMinimum, kHalves, 4, G>(work, at, first, count);
  }
  switch (work.rows - at) {
    case 3:
      return RunTile<kHasMinimum, kHalves, 3, G>(work, at, first, count);
    case 2:
      return RunTile<kHasMinimum, kHalves, 2, G>(work, at, first, count);
    case 1:
      return RunTile<kHasMinimum, kHalves, 1, G>(work, at, first, count);
    default:
      return;
  }
}

template <bool kHasMinimum>
void SumPanel(const CentredBlocks& centred, int64_t first, int64_t count,
              PanelGroup* panel) {
  for (int64_t i = 0; i < count; ++i) {
    if (!centred[first + i]) continue;
    const PanelBlock<kHasMinimum> block = {panel, i};
    _mm512_store_ps(
        panel->sum[i][0],
        _mm512_mul_ps(block.Scale(), _mm512_cvtepi32_ps(CodeSum(block))));
  }
}

template <bool kHasMinimum, bool kHalves, int G>
void RunPanels(const PanelWork& work) {
  const LinearArgs& args = work.args;
  const int64_t bytes =
      static_cast<int64_t>(GroupBytes(args.format, args.columns));
  const int64_t blocks = BlockCount(args.columns);
  // Panels of nearly equal size, in whole blocks of 256 where a scale is.
  const int64_t unit = ShapeOf(args.format).super ? 8 : 1;
  const int64_t most = PanelGroup::kBlocks / unit * unit;
  const int64_t parts = (blocks + most - 1) / most;
  const int64_t step = ((blocks + parts - 1) / parts + unit - 1) / unit * unit;
  for (int64_t first = 0; first < blocks; first += step) {
    const int64_t count = blocks - first < step ? blocks - first : step;
    for (int g = 0; g < G; ++g) {
      FillPanelAvx512(args.format, args.weight + (work.group + g) * bytes,
                      args.columns, first, count, &work.panels[g]);
      if constexpr (!kHalves) {
        SumPanel<kHasMinimum>(work.centred, first, count, &work.panels[g]);
      }
    }
    RunTiles<kHasMinimum, kHalves, G>(work, first, count);
  }
}

template <int G>
void RunGroups(const PanelWork& work) {
  const PackedShape shape = ShapeOf(work.args.format);
  if (shape.scale_columns == 16) {
    return shape.minimum ? RunPanels<true, true, G>(work)
                         : RunPanels<false, true, G>(work);
  }
  return shape.minimum ? RunPanels<true, false, G>(work)
                       : RunPanels<false, false, G>(work);
}

}  // namespace

void LinearPanelAvx512(const LinearArgs& args, int64_t out_begin,
                       int64_t out_end) {
  PanelGroup panels[2];
  alignas(64) float sums[kRowBlock * 2 * kGroup];
  CentredBlocks centred;
  centred.Find(args);
  const int64_t end = (out_end + kGroup - 1) / kGroup;
  for (int64_t group = out_begin / kGroup; group < end; group += 2) {
    for (int64_t row = 0; row < args.x_rows; row += kRowBlock) {
      const int64_t left = args.x_rows - row;
      const PanelWork work = {
          args,      group,   row,    left < kRowBlock ? left : kRowBlock,
          out_begin, out_end, panels, sums,
          centred};
      if (group + 2 <= end) {
        RunGroups<2>(work);
      } else {
        RunGroups<1>(work);
      }
    }
  }
}

}  // namespace inlay::kernels::cpu::internal

#endif  // __AVX512F__
