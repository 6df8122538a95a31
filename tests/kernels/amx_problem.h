// Packed weights of every integer format, made of random bytes, and what
// linear_layout.h says they stand for, one weight at a time.
#ifndef INLAY_TESTS_KERNELS_AMX_PROBLEM_H_
#define INLAY_TESTS_KERNELS_AMX_PROBLEM_H_

#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "kernels/common/half.h"
#include "kernels/cpu/linear_layout.h"
#include "tests/kernels/linear_problem.h"

namespace inlay::kernels::cpu {

inline constexpr PackedFormat kIntegerFormats[] = {
    PackedFormat::kQ8,    PackedFormat::kQ6,    PackedFormat::kQ6Min,
    PackedFormat::kQ4,    PackedFormat::kQ4Min, PackedFormat::kQ4Lut,
    PackedFormat::kQ4Fp,  PackedFormat::kK6Min, PackedFormat::kK6,
    PackedFormat::kK4Min, PackedFormat::kK4Lut, PackedFormat::kK4,
    PackedFormat::kK2Min};

// Scale, minimum and integer of a weight w = d q + m.
struct Term {
  float d, m;
  int q;
};

class PackedProblem {
 public:
  PackedProblem(PackedFormat f, int64_t outputs, int64_t k,
                std::uint_fast32_t seed)
      : format(f),
        shape(internal::ShapeOf(f)),
        rows(outputs),
        columns(k),
        group_bytes(internal::GroupBytes(f, k)),
        weight(group_bytes * static_cast<size_t>((outputs + 15) / 16)) {
    std::mt19937 random(seed);
    for (size_t i = 0; i < weight.size(); ++i) {
      weight.data()[i] = static_cast<uint8_t>(random());
    }
    const int64_t step = shape.super ? 256 : 32;
    for (size_t at = 0; at < weight.size(); at += group_bytes) {
      for (int64_t i = 0; i < k / step; ++i) {
        uint8_t* const p =
            weight.data() + at + static_cast<size_t>(i) * ScaleStep();
        FillScales(p, random);
      }
    }
  }

  // w = d q + m, as the layout says.
  Term At(int64_t out, int64_t k) const {
    const uint8_t* const group =
        weight.data() + static_cast<size_t>(out / 16) * group_bytes;
    const int64_t lane = out % 16;
    Term term = Scales(group, lane, k);
    const uint8_t* const block = group +
                                 internal::GroupScaleBytes(format, columns) +
                                 k / 32 * 64 * shape.bits;
    term.q = Code(block, lane, k % 32) - shape.offset;
    if (format == PackedFormat::kQ4Fp) term.q = internal::kFp4Table[term.q];
    if (format == PackedFormat::kQ4Lut || format == PackedFormat::kK4Lut) {
      term.q = internal::kIq4Table[term.q];
    }
    return term;
  }

  // To float with one rounding.
  float Weight(int64_t out, int64_t k) const {
    const Term t = At(out, k);
    return std::fma(t.d, static_cast<float>(t.q), t.m);
  }

  const PackedFormat format;
  const internal::PackedShape shape;
  const int64_t rows, columns;
  const size_t group_bytes;
  mutable Guarded weight;

 private:
  size_t ScaleStep() const { return internal::ScaleStep(format); }

  static uint16_t U16(const uint8_t* p) {
    uint16_t value;
    std::memcpy(&value, p, sizeof(value));
    return value;
  }

  // Bytes of scales stay random.
  void FillScales(uint8_t* p, std::mt19937& random) const {
    std::uniform_real_distribution<float> uniform(-0.02f, 0.02f);
    for (int i = 0; i < (shape.minimum ? 32 : 16); ++i) {
      const float value = uniform(random);
      const uint16_t bits = format == PackedFormat::kQ4Fp
                                ? FloatToBfloat16(value)
                                : FloatToHalf(value);
      std::memcpy(p + 2 * i, &bits, 2);
    }
  }

  Term Scales(const uint8_t* group, int64_t lane, int64_t k) const {
    if (!shape.super) {
      const uint8_t* const p =
          group + k / 32 * static_cast<int64_t>(ScaleStep()) + lane * 2;
      if (format == PackedFormat::kQ4Fp) {
        return {Bfloat16ToFloat(U16(p)), 0.0f, 0};
      }
      return {HalfToFloat(U16(p)),
              shape.minimum ? HalfToFloat(U16(p + 32)) : 0.0f, 0};
    }
    const uint8_t* const p =
        group + k / 256 * static_cast<int64_t>(ScaleStep());
    const float d = HalfToFloat(U16(p + lane * 2));
    const int64_t part = k % 256 / shape.scale_columns;
    if (!shape.minimum) {
      const auto s = static_cast<int8_t>(p[32 + part * 16 + lane]);
      return {d * static_cast<float>(s), 0.0f, 0};
    }
    const float e = HalfToFloat(U16(p + 32 + lane * 2));
    const uint8_t* const bytes = p + 64 + part * 32 + lane;
    return {d * static_cast<float>(bytes[0]),
            -(e * static_cast<float>(bytes[16])), 0};
  }

  static int Low(const uint8_t* block, int64_t lane, int64_t k, int bits) {
    const int64_t per_byte = 8 / bits;      // column blocks in a byte
    const int64_t columns = 32 / per_byte;  // of one of them
    const int64_t at = k % columns;
    const uint8_t byte = block[(at / 4 * 16 + lane) * 4 + at % 4];
    return byte >> (bits * (k / columns)) & ((1 << bits) - 1);
  }

  int Code(const uint8_t* block, int64_t lane, int64_t k) const {
    if (shape.bits != 6) return Low(block, lane, k, shape.bits);
    return Low(block, lane, k, 4) | Low(block + 256, lane, k, 2) << 4;
  }
};

// Rows of activations, prepared in guarded memory full of NaN.
struct PreparedRows {
  ActivationFormat format;
  int64_t columns, count;
  size_t stride;
  mutable Guarded bytes;

  PreparedRows(ActivationFormat f, int64_t k, int64_t m,
               std::uint_fast32_t seed)
      : format(f),
        columns(k),
        count(m),
        stride(ActivationRowBytes(f, k)),
        bytes(stride * static_cast<size_t>(m)) {
    std::mt19937 random(seed);
    std::memset(bytes.data(), 0xff, bytes.size());
    for (int64_t r = 0; r < m; ++r) {
      std::vector<float> x = RandomRow(k, random);
      // Some blocks lie on one side of zero.
      for (size_t i = 0; i < x.size(); ++i) {
        if (r % 3 == 0 && i / 32 % 2 == 0) x[i] = x[i] * 0.05f + 4.0f;
      }
      PrepareActivation(Isa::kReference, f, x.data(), k, Row(r));
    }
  }

  uint8_t* Row(int64_t r) const {
    return bytes.data() + static_cast<size_t>(r) * stride;
  }
  float Bf16(int64_t r, int64_t k) const {
    uint16_t half;
    std::memcpy(&half, Row(r) + k * 2, sizeof(half));
    return Bfloat16ToFloat(half);
  }
};

inline LinearArgs ArgsOf(PackedFormat format, const uint8_t* weight,
                         int64_t rows, const PreparedRows& x, float* y) {
  LinearArgs args = {};
  args.format = format;
  args.activation = x.format;
  args.weight = weight;
  args.rows = rows;
  args.columns = x.columns;
  args.x = x.Row(0);
  args.x_stride = x.stride;
  args.x_rows = x.count;
  args.y = y;
  args.y_stride = rows;
  return args;
}

}  // namespace inlay::kernels::cpu

#endif  // INLAY_TESTS_KERNELS_AMX_PROBLEM_H_
