// Every instruction set of this processor, forced in turn, against sums in
// double precision over what was packed and prepared.
#include "kernels/cpu/linear.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "kernels/common/half.h"
#include "kernels/cpu/linear_layout.h"

namespace inlay::kernels::cpu {
namespace {

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

std::vector<Isa> Isas() {
  std::vector<Isa> isas;
  for (Isa isa : {Isa::kReference, Isa::kAvx2, Isa::kAvx512}) {
    if (IsaSupported(isa)) isas.push_back(isa);
  }
  return isas;
}

const DType kTypes[] = {
    DType::kF32,  DType::kF16,    DType::kBF16,   DType::kQ4_0,
    DType::kQ4_1, DType::kQ5_0,   DType::kQ5_1,   DType::kQ8_0,
    DType::kQ2_K, DType::kQ3_K,   DType::kQ4_K,   DType::kQ5_K,
    DType::kQ6_K, DType::kIQ4_NL, DType::kIQ4_XS, DType::kMXFP4};

// Random bytes that decode to finite numbers of ordinary size.
std::vector<uint8_t> RandomTensor(DType type, int64_t count,
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
std::vector<float> RandomRow(int64_t n, std::mt19937& random) {
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

void ExpectNear(Prepared& prepared, const std::vector<float>& y) {
  const Problem& p = prepared.problem;
  for (int64_t r = 0; r < p.x_rows; ++r) {
    for (int64_t o = 0; o < p.rows; ++o) {
      // Scale and minimum of a block can cancel, so the bound is of the
      // largest weight, not of each.
      double sum = 0, most = 0, reach = 0;
      for (int64_t k = 0; k < p.columns; ++k) {
        const double x = prepared.X(r, k);
        const double w = p.weights[static_cast<size_t>(o * p.columns + k)];
        sum += w * x;
        most = std::max(most, std::fabs(w));
        reach += std::fabs(x);
      }
      ASSERT_NEAR(y[static_cast<size_t>(r * p.rows + o)], sum,
                  1e-6 * most * reach + 1e-30)
          << IsaName(prepared.isa) << " " << GetDTypeInfo(p.type).name << " "
          << p.rows << "x" << p.columns << " row " << r << " out " << o;
    }
  }
}

TEST(IsaTest, ReferenceAlwaysRuns) {
  EXPECT_TRUE(IsaSupported(Isa::kReference));
  EXPECT_TRUE(IsaSupported(BestIsa()));
  EXPECT_FALSE(IsaSupported(static_cast<Isa>(200)));
}

TEST(LinearTest, EveryTypeMatchesDoublePrecision) {
  uint32_t seed = 1;
  for (DType type : kTypes) {
    const int64_t block = GetDTypeInfo(type).block_elements;
    for (int64_t m : {1, 2, 3, 4, 5, 7}) {
      for (int64_t n : {1, 15, 16, 17, 40}) {
        const int64_t k = block == 1 ? 37 + n : block * (1 + n % 3);
        const Problem problem(type, n, k, m, ++seed);
        for (Isa isa : Isas()) {
          Prepared prepared(isa, problem);
          ExpectNear(prepared, prepared.Run());
          if (HasFatalFailure()) return;
          Prepared in_place(isa, problem, true);
          ExpectNear(in_place, in_place.Run());
          if (HasFatalFailure()) return;
        }
      }
    }
  }
}

// Runs a problem in random pieces and expects the bits of one call.
void ExpectSameInPieces(Prepared& prepared, std::mt19937& random) {
  const Problem& p = prepared.problem;
  const std::vector<float> all = prepared.Run();
  std::vector<float> y(all.size(), -1.0f);
  for (int64_t row = 0; row < p.x_rows;) {
    const int64_t count = std::min<int64_t>(
        p.x_rows - row, row < p.x_rows / 12 ? 1 : 1 + random() % 21);
    for (int64_t out = 0; out < p.rows;) {
      const int64_t end = std::min<int64_t>(p.rows, out + 1 + random() % 50);
      float* const at = &y[static_cast<size_t>(row * p.rows)];
      Linear(prepared.isa, prepared.Args(at, row, count), out, end);
      out = end;
    }
    row += count;
  }
  ASSERT_EQ(std::memcmp(y.data(), all.data(), y.size() * 4), 0)
      << IsaName(prepared.isa) << " " << GetDTypeInfo(p.type).name;
}

// The same bits for one row, many rows, and any split of the outputs.
TEST(LinearTest, BitsDoNotDependOnRowsOrSplits) {
  uint32_t seed = 100;
  std::mt19937 random(5);
  for (DType type : kTypes) {
    const int64_t k = GetDTypeInfo(type).block_elements == 256 ? 512 : 96;
    const Problem problem(type, 75, k, 512, ++seed);
    for (Isa isa : Isas()) {
      Prepared prepared(isa, problem);
      ExpectSameInPieces(prepared, random);
      if (HasFatalFailure()) return;
    }
  }
}

// Rows too long for the sums that many rows share.
TEST(LinearTest, BitsDoNotDependOnRowsForLongRows) {
  std::mt19937 random(6);
  for (DType type : {DType::kQ8_0, DType::kQ4_0, DType::kQ4_1}) {
    for (int64_t blocks : {255, 256, 257}) {
      const Problem problem(type, 17, 32 * blocks, 14, 8);
      for (Isa isa : Isas()) {
        Prepared prepared(isa, problem);
        ExpectSameInPieces(prepared, random);
        ExpectNear(prepared, prepared.Run());
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST(LinearTest, AddsBiasThenAccumulates) {
  for (DType type : {DType::kF32, DType::kQ8_0, DType::kQ4_1, DType::kQ6_K}) {
    const Problem problem(type, 37, 256, 3, 9);
    for (Isa isa : Isas()) {
      Prepared prepared(isa, problem);
      const std::vector<float> plain = prepared.Run();
      std::vector<float> y(plain.size(), 3.5f);
      LinearArgs args = prepared.Args(y.data(), 0, 3);
      args.bias = problem.bias.data();
      args.accumulate = true;
      Linear(isa, args, 5, 33);
      for (size_t i = 0; i < y.size(); ++i) {
        const size_t out = i % 37;
        const float expected =
            out < 5 || out >= 33 ? 3.5f : 3.5f + (plain[i] + problem.bias[out]);
        ASSERT_EQ(y[i], expected) << IsaName(isa) << " " << i;
      }
    }
  }
}

// Vector instruction sets share one recipe; the reference differs only by
// unfused additions.
TEST(LinearTest, VectorSetsAgreeExactlyOnIntegerFormats) {
  if (!IsaSupported(Isa::kAvx512)) GTEST_SKIP() << "needs AVX-512";
  for (DType type : {DType::kQ8_0, DType::kQ4_0, DType::kQ4_1, DType::kQ4_K,
                     DType::kQ6_K, DType::kMXFP4}) {
    const Problem problem(type, 33, 1536, 6, 77);
    Prepared a(Isa::kAvx2, problem), b(Isa::kAvx512, problem);
    EXPECT_EQ(a.Run(), b.Run()) << GetDTypeInfo(type).name;
  }
}

TEST(LinearTest, UnpackRowGivesTheWeights) {
  for (DType type : kTypes) {
    const Problem problem(type, 21, 256, 1, 3);
    for (Isa isa : Isas()) {
      Prepared prepared(isa, problem);
      if (prepared.recipe.packed == PackedFormat::kRaw) continue;
      std::vector<float> row(256);
      for (int64_t r = 0; r < 21; ++r) {
        UnpackRow(isa, prepared.recipe.packed, prepared.weight.data(), 21, 256,
                  r, row.data());
        for (size_t k = 0; k < 256; ++k) {
          ASSERT_EQ(row[k], problem.weights[static_cast<size_t>(r) * 256 + k])
              << GetDTypeInfo(type).name << " " << r << " " << k;
        }
      }
    }
  }
}

TEST(LinearTest, PackingByPartsIsTheSame) {
  const Problem problem(DType::kQ4_1, 75, 96, 1, 3);
  for (Isa isa : Isas()) {
    Prepared whole(isa, problem);
    Guarded parts(whole.weight.size());
    std::memset(parts.data(), 0xaa, parts.size());  // padding is written too
    for (int64_t r : {48, 0, 16, 32, 64}) {
      PackRows(isa, whole.recipe.packed, problem.type, problem.raw.data(), 75,
               96, r, std::min<int64_t>(r + 16, 75), parts.data());
    }
    EXPECT_EQ(std::memcmp(parts.data(), whole.weight.data(), parts.size()), 0);
  }
}

// Largest products an integer block can hold.
TEST(LinearTest, ExtremesDoNotSaturate) {
  for (DType type : {DType::kQ8_0, DType::kQ4_0, DType::kQ4_1}) {
    for (int pattern : {0x00, 0x7f, 0x80, 0xff}) {
      Problem problem(type, 16, 64, 2, 3);
      const int32_t bytes = GetDTypeInfo(type).block_bytes;
      const int head = type == DType::kQ4_1 ? 4 : 2;
      for (size_t i = 0; i < problem.raw.size(); ++i) {
        if (static_cast<int>(i % static_cast<size_t>(bytes)) >= head) {
          problem.raw[i] = static_cast<uint8_t>(pattern);
        }
      }
      Dequantize(type, problem.raw.data(), 16 * 64, problem.weights.data());
      for (size_t k = 0; k < 64; ++k) {
        problem.x[0][k] = 1.0f;
        problem.x[1][k] = k % 2 != 0 ? -5.0f : 5.0f;
      }
      for (Isa isa : Isas()) {
        Prepared prepared(isa, problem);
        ExpectNear(prepared, prepared.Run());
      }
    }
  }
}

TEST(PrepareActivationTest, Int8IsTheSameOnEverySet) {
  std::mt19937 random(11);
  for (int64_t columns : {32, 64, 96, 576, 2048}) {
    std::vector<float> x = RandomRow(columns, random);
    x[0] = 1e-41f;
    x[5] = -0.0f;
    if (columns > 64) {
      std::fill(x.begin() + 32, x.begin() + 64, 7.25f);   // all centre
      std::fill(x.begin() + 64, x.begin() + 96, 1e-40f);  // subnormal
    }
    if (columns > 96) x[100] = std::numeric_limits<float>::quiet_NaN();
    if (columns > 576) {
      x[130] = std::numeric_limits<float>::infinity();
      x[170] = std::numeric_limits<float>::max();
      x[171] = std::numeric_limits<float>::lowest();
    }
    const size_t bytes =
        ActivationRowBytes(ActivationFormat::kInt8x32, columns);
    std::vector<uint8_t> expected(bytes);
    PrepareActivation(Isa::kReference, ActivationFormat::kInt8x32, x.data(),
                      columns, expected.data());
    for (Isa isa : Isas()) {
      Guarded guarded_x(x.size() * 4);
      std::memcpy(guarded_x.data(), x.data(), x.size() * 4);
      std::vector<uint8_t> actual(bytes);
      PrepareActivation(isa, ActivationFormat::kInt8x32, guarded_x.floats(),
                        columns, actual.data());
      EXPECT_EQ(actual, expected) << IsaName(isa) << " " << columns;
    }
  }
}

TEST(PrepareActivationTest, Int8StaysWithinHalfAStep) {
  std::mt19937 random(12);
  const std::vector<float> x = RandomRow(4096, random);
  std::vector<uint8_t> row(
      ActivationRowBytes(ActivationFormat::kInt8x32, 4096));
  PrepareActivation(BestIsa(), ActivationFormat::kInt8x32, x.data(), 4096,
                    row.data());
  const internal::Int8Row view = internal::ViewInt8Row(row.data(), 4096);
  int centred = 0;
  for (size_t k = 0; k < 4096; ++k) {
    const internal::BlockInfo& info = view.info[k / 32];
    if (k % 32 == 0 && info.c != 0) ++centred;
    EXPECT_LE(
        std::fabs(x[k] - (info.s * static_cast<float>(view.a[k]) + info.c)),
        0.5001f * info.s);
  }
  EXPECT_GT(centred, 5);
  EXPECT_LT(centred, 120);
}

// Documented policy: integer recipes answer NaN for a row that is not finite;
// floating ones follow IEEE 754. Other rows are not touched by it.
TEST(LinearTest, NonFiniteActivations) {
  for (DType type : {DType::kF32, DType::kQ8_0, DType::kQ4_0, DType::kQ4_1}) {
    for (float bad : {std::numeric_limits<float>::quiet_NaN(),
                      std::numeric_limits<float>::infinity()}) {
      const Problem clean(type, 20, 64, 6, 3);
      Problem dirty = clean;
      dirty.x[2][40] = bad;
      for (Isa isa : Isas()) {
        Prepared a(isa, clean), b(isa, dirty);
        const std::vector<float> ya = a.Run(), yb = b.Run();
        for (size_t i = 0; i < ya.size(); ++i) {
          if (i / 20 == 2) {
            EXPECT_FALSE(std::isfinite(yb[i])) << IsaName(isa);
          } else {
            EXPECT_EQ(ya[i], yb[i]) << IsaName(isa);
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace inlay::kernels::cpu
