#include "kernels/cpu/linear.h"

#include <cstring>

#include "kernels/common/half.h"
#include "kernels/cpu/linear_kernels.h"
#include "kernels/cpu/linear_layout.h"

namespace inlay::kernels::cpu {
namespace {

using internal::kBlock;

bool IsFloat(PackedFormat format) {
  return format == PackedFormat::kF32 || format == PackedFormat::kF16 ||
         format == PackedFormat::kBF16;
}

void PrepareBf16(const float* x, int64_t columns, uint8_t* dst) {
  for (int64_t i = 0; i < columns; ++i) {
    const uint16_t half = FloatToBfloat16(x[i]);
    std::memcpy(dst + i * 2, &half, sizeof(half));
  }
  const size_t used = static_cast<size_t>(columns) * 2;
  std::memset(dst + used, 0, internal::AlignUp64(used) - used);
}

// Rows that are multiples of 512 bytes apart would meet in an eighth of the
// sets of a cache, or fewer, where a tile of them has no room.
size_t SpreadRows(size_t bytes) {
  const size_t aligned = internal::AlignUp64(bytes);
  return aligned % 512 == 0 ? aligned + 64 : aligned;
}

// Whatever the instruction set: the format that holds a type's values.
LinearRecipe SelectFormat(DType type, int64_t columns) {
  switch (type) {
    case DType::kF32:
      return {PackedFormat::kF32, ActivationFormat::kF32};
    case DType::kF16:
      return {PackedFormat::kF16, ActivationFormat::kF32};
    case DType::kBF16:
      return {PackedFormat::kBF16, ActivationFormat::kF32};
    default:
      break;
  }
  const PackedFormat format = internal::IntegerFormatOf(type);
  const int64_t block = internal::ShapeOf(format).super ? internal::kSuperBlock
                                                        : internal::kBlock;
  if (format == PackedFormat::kRaw || columns % block != 0) {
    return {PackedFormat::kRaw, ActivationFormat::kF32};
  }
  return {format, ActivationFormat::kInt8x32};
}

}  // namespace

LinearRecipe SelectRecipe(Isa isa, DType type, int64_t columns, bool in_place) {
  if (in_place) return {PackedFormat::kRaw, ActivationFormat::kF32};
  const LinearRecipe recipe = SelectFormat(type, columns);
  const bool amx = isa == Isa::kAmx;
  if (recipe.packed == PackedFormat::kBF16 &&
      internal::KernelsOf(isa).pairs != nullptr) {
    return {PackedFormat::kBF16Pairs, ActivationFormat::kBF16};
  }
  if (amx && internal::ShapeOf(recipe.packed).bits != 0) {
    return {recipe.packed, ActivationFormat::kBF16};
  }
  return recipe;
}

size_t PackedBytes(Isa isa, PackedFormat format, int64_t rows,
                   int64_t columns) {
  const int64_t groups = (rows + internal::kGroup - 1) / internal::kGroup;
  return static_cast<size_t>(groups) * internal::GroupBytes(format, columns);
}

int64_t PackedRowGroup(Isa isa, PackedFormat format) {
  return format == PackedFormat::kRaw ? 1 : internal::kGroup;
}

size_t ActivationRowBytes(ActivationFormat format, int64_t columns) {
  const size_t n = static_cast<size_t>(columns);
  switch (format) {
    case ActivationFormat::kF32:
      return SpreadRows(n * sizeof(float));
    case ActivationFormat::kBF16:
      return SpreadRows(n * sizeof(uint16_t));
    case ActivationFormat::kInt8x32:
      break;
  }
  return internal::AlignUp64(internal::AlignUp64(n) +
                             n / kBlock * sizeof(internal::BlockInfo));
}

void PrepareActivation(Isa isa, ActivationFormat format, const float* x,
                       int64_t columns, uint8_t* dst) {
  if (format == ActivationFormat::kInt8x32) {
    internal::KernelsOf(isa).prepare_int8(x, columns, dst);
  } else if (format == ActivationFormat::kF32) {
    std::memcpy(dst, x, static_cast<size_t>(columns) * sizeof(float));
  } else {
    const internal::PrepareKernel prepare =
        internal::KernelsOf(isa).prepare_bf16;
    prepare != nullptr ? prepare(x, columns, dst)
                       : PrepareBf16(x, columns, dst);
  }
}

void Linear(Isa isa, const LinearArgs& args, int64_t out_begin,
            int64_t out_end) {
  if (out_begin >= out_end) return;
  const internal::LinearKernels& kernels = internal::KernelsOf(isa);
  if (args.format == PackedFormat::kRaw) {
    internal::LinearRaw(isa, args, out_begin, out_end);
  } else if (args.format == PackedFormat::kBF16Pairs) {
    kernels.pairs(args, out_begin, out_end);
  } else if (IsFloat(args.format)) {
    kernels.floats(args, out_begin, out_end);
  } else {
    kernels.integers(args, out_begin, out_end);
  }
}

}  // namespace inlay::kernels::cpu
