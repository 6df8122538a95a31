// Matrix products of quantised or floating weights with rows of activations.
//
// A weight tensor [rows = out features, columns = in features] is packed once
// for one instruction set; activations are prepared (quantised or converted)
// once per row and shared by all weights that read them. Results of one row do
// not depend on how many rows there are, on their mixture, on the number of
// threads, or on how the output range is split.
//
// Everything here is a pure function over raw memory: no allocation, no
// threads, no globals. Callers split [out_begin, out_end) among threads.
#ifndef INLAY_KERNELS_CPU_LINEAR_H_
#define INLAY_KERNELS_CPU_LINEAR_H_

#include <cstddef>
#include <cstdint>

#include "kernels/common/dtype.h"
#include "kernels/cpu/isa.h"

namespace inlay::kernels::cpu {

// How the weight bytes are laid out for the kernels: floats of 32 or 16 bits,
// or integers of 8, 6, 4 or 2 bits with scales. Blocks have 32 columns.
enum class PackedFormat : uint8_t {
  kRaw,  // the file's own blocks, expanded row by row (any type; slow)
  kF32,
  kF16,        // F32 arithmetic
  kBF16,       // F32 arithmetic
  kBF16Pairs,  // for dot products of pairs
  // A scale (and minimum) in 16 bits per block.
  kQ8,     // Q8_0
  kQ6,     // Q5_0
  kQ6Min,  // Q5_1
  kQ4,     // Q4_0
  kQ4Min,  // Q4_1
  kQ4Lut,  // IQ4_NL
  kQ4Fp,   // MXFP4
  // Scales (and minima) of a byte per 32 or 16 columns, under one of 16 bits
  // per 256.
  kK6Min,  // Q5_K
  kK6,     // Q6_K
  kK4Min,  // Q4_K
  kK4Lut,  // IQ4_XS
  kK4,     // Q3_K
  kK2Min,  // Q2_K
};

// How activations are prepared for a format under an instruction set.
enum class ActivationFormat : uint8_t { kF32, kInt8x32, kBF16 };

// The recipe for a weight type. Total: every computable type has an answer for
// every Isa; `columns` that a format cannot take fall back to kRaw.
struct LinearRecipe {
  PackedFormat packed;
  ActivationFormat activation;
};
LinearRecipe SelectRecipe(Isa isa, DType type, int64_t columns, bool in_place);

// Bytes of the packed form of `rows` x `columns` (0 for kRaw).
size_t PackedBytes(Isa isa, PackedFormat format, int64_t rows, int64_t columns);
// Rows that are packed together; split packing and products at multiples.
int64_t PackedRowGroup(Isa isa, PackedFormat format);

// Packs rows [row_begin, row_end) (multiples of the row group, except the end)
// of the tensor at `src` into its place in `dst`.
void PackRows(Isa isa, PackedFormat format, DType type, const uint8_t* src,
              int64_t rows, int64_t columns, int64_t row_begin, int64_t row_end,
              uint8_t* dst);

// Expands one packed row (not kRaw) to `columns` floats: what the kernels take
// its weights to be. Serves the embedding look-up of a matrix that is also the
// output head, so that it is held once.
void UnpackRow(Isa isa, PackedFormat format, const uint8_t* packed,
               int64_t rows, int64_t columns, int64_t row, float* dst);

// Bytes of one prepared activation row of `columns`.
size_t ActivationRowBytes(ActivationFormat format, int64_t columns);
// Prepares one row. `dst` is 64-byte aligned.
void PrepareActivation(Isa isa, ActivationFormat format, const float* x,
                       int64_t columns, uint8_t* dst);

struct LinearArgs {
  PackedFormat format;
  DType type;  // for kRaw
  ActivationFormat activation;
  const uint8_t* weight;  // packed, or raw rows for kRaw
  int64_t rows;           // out features
  int64_t columns;        // in features
  const uint8_t* x;       // prepared rows, x_stride bytes apart
  size_t x_stride;
  int64_t x_rows;     // m
  float* y;           // y[i * y_stride + o]
  int64_t y_stride;   // floats
  const float* bias;  // null, or `rows` floats
  bool accumulate;    // y += instead of y =
  float* scratch;     // kRaw: `columns` floats for this thread; else null
};

// Computes outputs [out_begin, out_end) for all x_rows rows.
void Linear(Isa isa, const LinearArgs& args, int64_t out_begin,
            int64_t out_end);

}  // namespace inlay::kernels::cpu

#endif  // INLAY_KERNELS_CPU_LINEAR_H_
