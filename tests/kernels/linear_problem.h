// Random products, packed and prepared in guarded memory.
#ifndef INLAY_TESTS_KERNELS_LINEAR_PROBLEM_H_
#define INLAY_TESTS_KERNELS_LINEAR_PROBLEM_H_

#include <sys/mman.h>
#include <unistd.h>

#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "kernels/common/half.h"
#include "kernels/cpu/linear.h"
#include "kernels/cpu/linear_layout.h"
#include "tests/kernels/amx_permission.h"

namespace inlay::kernels::cpu {

// Memory that ends at a page nobody may touch.
class Guarded {
 public:
  explicit Guarded(size_t bytes) : bytes_(bytes) {
    const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    mapped_ = (bytes + page - 1) / page * page + page;
    base_ = static_cast<uint8_t*>(mmap(nullptr, mapped_, PROT_READ | PROT_WRITE,
                                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    mprotect(base_ + mapped_ - page, page, PROT_NONE);
    data_ = base_ + mapped_ - page - bytes;
  }
  Guarded(Guarded&& other) noexcept
      : base_(other.base_),
        data_(other.data_),
        mapped_(other.mapped_),
        bytes_(other.bytes_) {
    other.base_ = nullptr;
  }
  ~Guarded() {
    if (base_ != nullptr) munmap(base_, mapped_);
  }
  uint8_t* data() { return data_; }
  float* floats() { return reinterpret_cast<float*>(data_); }
  size_t size() const { return bytes_; }

 private:
  uint8_t* base_;
  uint8_t* data_;
  size_t mapped_;
  size_t bytes_;
};

inline std::vector<Isa> Isas() {
  std::vector<Isa> isas;
  for (Isa isa : kIsas) {
    if (CanRun(isa)) isas.push_back(isa);
  }
  return isas;
}

inline constexpr DType kTypes[] = {
    DType::kF32,  DType::kF16,    DType::kBF16,   DType::kQ4_0,
    DType::kQ4_1, DType::kQ5_0,   DType::kQ5_1,   DType::kQ8_0,
    DType::kQ2_K, DType::kQ3_K,   DType::kQ4_K,   DType::kQ5_K,
    DType::kQ6_K, DType::kIQ4_NL, DType::kIQ4_XS, DType::kMXFP4};

inline constexpr DType kIntegerTypes[] = {
    DType::kQ4_0,   DType::kQ4_1,   DType::kQ5_0, DType::kQ5_1, DType::kQ8_0,
    DType::kQ2_K,   DType::kQ3_K,   DType::kQ4_K, DType::kQ5_K, DType::kQ6_K,
    DType::kIQ4_NL, DType::kIQ4_XS, DType::kMXFP4};

// Random bytes that decode to finite numbers of ordinary size.
inline std::vector<uint8_t> RandomTensor(DType type, int64_t count,
                                         std::mt19937& random) {
  const DTypeInfo& info = GetDTypeInfo(type);
  const size_t bytes =
      static_cast<size_t>(count / info.block_elements * info.block_bytes);
  std::vector<uint8_t> data(bytes);
  std::vector<float> check(static_cast<size_t>(info.block_elements));
  for (size_t at = 0; at < bytes; at += static_cast<size_t>(info.block_bytes)) {
    for (;;) {
      for (int32_t i = 0; i < info.block_bytes; ++i) {
        data[at + static_cast<size_t>(i)] = static_cast<uint8_t>(random());
      }
      Dequantize(type, &data[at], info.block_elements, check.data());
      float most = 0;
      for (float v : check)
        most = std::isfinite(v) && std::fabs(v) > most
                   ? std::fabs(v)
                   : (std::isfinite(v) ? most : 1e30f);
      if (most < 1e4f) break;
    }
  }
  return data;
}

// Mostly small values with a few large ones, as after a normalisation.
inline std::vector<float> RandomRow(int64_t n, std::mt19937& random) {
  std::normal_distribution<float> normal;
  std::vector<float> x(static_cast<size_t>(n));
  for (float& v : x) v = normal(random) * (random() % 40 == 0 ? 20.0f : 1.0f);
  return x;
}

struct Problem {
  DType type;
  int64_t rows, columns, x_rows;
  std::vector<uint8_t> raw;
  std::vector<float> weights;  // dequantised
  std::vector<std::vector<float>> x;
  std::vector<float> bias;

  Problem(DType t, int64_t n, int64_t k, int64_t m, uint32_t seed)
      : type(t), rows(n), columns(k), x_rows(m) {
    std::mt19937 random(seed);
    raw = RandomTensor(t, n * k, random);
    weights.resize(static_cast<size_t>(n * k));
    Dequantize(t, raw.data(), n * k, weights.data());
    for (int64_t i = 0; i < m; ++i) x.push_back(RandomRow(k, random));
    bias = RandomRow(n, random);
  }
};

// Packed weights and prepared rows of a problem for one instruction set.
struct Prepared {
  Isa isa;
  LinearRecipe recipe;
  const Problem& problem;
  Guarded weight;
  Guarded x;
  size_t x_stride;
  Guarded scratch;

  Prepared(Isa i, const Problem& p, bool in_place = false)
      : isa(i),
        recipe(SelectRecipe(i, p.type, p.columns, in_place)),
        problem(p),
        weight(recipe.packed == PackedFormat::kRaw
                   ? p.raw.size()
                   : PackedBytes(i, recipe.packed, p.rows, p.columns)),
        x(ActivationRowBytes(recipe.activation, p.columns) *
          static_cast<size_t>(p.x_rows)),
        x_stride(ActivationRowBytes(recipe.activation, p.columns)),
        scratch(static_cast<size_t>(p.columns) * 4) {
    // Padding that is read by mistake turns results into NaN.
    std::memset(x.data(), 0xff, x.size());
    if (recipe.packed == PackedFormat::kRaw) {
      std::memcpy(weight.data(), p.raw.data(), p.raw.size());
    } else {
      PackRows(i, recipe.packed, p.type, p.raw.data(), p.rows, p.columns, 0,
               p.rows, weight.data());
    }
    for (int64_t r = 0; r < p.x_rows; ++r) {
      PrepareActivation(i, recipe.activation,
                        p.x[static_cast<size_t>(r)].data(), p.columns,
                        x.data() + static_cast<size_t>(r) * x_stride);
    }
  }

  LinearArgs Args(float* y, int64_t row, int64_t count) {
    LinearArgs args = {};
    args.format = recipe.packed;
    args.type = problem.type;
    args.activation = recipe.activation;
    args.weight = weight.data();
    args.rows = problem.rows;
    args.columns = problem.columns;
    args.x = x.data() + static_cast<size_t>(row) * x_stride;
    args.x_stride = x_stride;
    args.x_rows = count;
    args.y = y;
    args.y_stride = problem.rows;
    args.scratch = scratch.floats();
    return args;
  }

  std::vector<float> Run() {
    Guarded y(static_cast<size_t>(problem.rows * problem.x_rows) * 4);
    Linear(isa, Args(y.floats(), 0, problem.x_rows), 0, problem.rows);
    return std::vector<float>(y.floats(),
                              y.floats() + problem.rows * problem.x_rows);
  }

  // What products take weight k of output o to be.
  double Weight(int64_t o, int64_t k) const {
    const float w =
        problem.weights[static_cast<size_t>(o * problem.columns + k)];
    return recipe.activation == ActivationFormat::kBF16
               ? Bfloat16ToFloat(FloatToBfloat16(w))
               : w;
  }

  // Element k of prepared row r.
  double X(int64_t r, int64_t k) {
    const uint8_t* const row = x.data() + static_cast<size_t>(r) * x_stride;
    if (recipe.activation == ActivationFormat::kF32) {
      return reinterpret_cast<const float*>(row)[k];
    }
    if (recipe.activation == ActivationFormat::kBF16) {
      return Bfloat16ToFloat(reinterpret_cast<const uint16_t*>(row)[k]);
    }
    const internal::Int8Row view = internal::ViewInt8Row(row, problem.columns);
    const internal::BlockInfo& info = view.info[k / 32];
    return double{info.s} * view.a[k] + double{info.c};
  }
};

}  // namespace inlay::kernels::cpu

#endif  // INLAY_TESTS_KERNELS_LINEAR_PROBLEM_H_
