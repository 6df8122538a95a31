// Speed of the matrix products: multiply-accumulates per second, and bytes of
// weights per second, which is what counts for one row.
//
//   linear_bench --benchmark_filter='avx512/Q4_1/.*'
//
// Threads share the outputs, each with weights of its own. Few rows take one
// copy of large weights after the other, so that they read them from memory.
#include <benchmark/benchmark.h>
#include <sys/mman.h>

#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "kernels/cpu/linear.h"
#include "tests/kernels/amx_permission.h"

namespace inlay::kernels::cpu {
namespace {

struct Shape {
  int64_t rows, columns;
};

// Zeroed, in huge pages where the system gives them.
class Memory {
 public:
  explicit Memory(size_t bytes) : bytes_(bytes + kHuge) {
    base_ = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    const uintptr_t p = reinterpret_cast<uintptr_t>(base_);
    data = static_cast<uint8_t*>(base_) + (kHuge - p % kHuge) % kHuge;
    madvise(data, bytes, MADV_HUGEPAGE);
  }
  ~Memory() { munmap(base_, bytes_); }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  uint8_t* data;

 private:
  static constexpr size_t kHuge = 2 << 20;
  size_t bytes_;
  void* base_;
};

// One outlier in a fifth of the blocks, at the same places in most rows, as
// measured in small language models.
void FillLikeActivations(std::mt19937& random, std::vector<float>* row) {
  std::normal_distribution<float> normal;
  for (float& v : *row) v = normal(random);
  for (size_t b = 0; b + 32 <= row->size(); b += 32) {
    const bool usual = b / 32 % 7 == 3 && random() % 8 != 0;
    if (usual || random() % 10 == 0) (*row)[b + random() % 32] *= 8;
  }
}

// Copies of the weights that no cache holds together.
constexpr size_t kManyBytes = size_t{160} << 20;
constexpr int64_t kFewRows = 32;

// Packed weights, one copy after the other.
struct Weights {
  Weights(Isa isa, DType type, const LinearRecipe& recipe, Shape shape,
          bool many)
      : bytes(PackedBytes(isa, recipe.packed, shape.rows, shape.columns)),
        copies(many ? kManyBytes / bytes + 1 : 1),
        memory(bytes * copies) {
    const DTypeInfo& info = GetDTypeInfo(type);
    raw_bytes = static_cast<size_t>(shape.rows * shape.columns /
                                    info.block_elements * info.block_bytes);
    std::vector<uint8_t> raw(raw_bytes);
    std::mt19937 random(1);
    for (uint8_t& b : raw) b = static_cast<uint8_t>(random() % 64);
    PackRows(isa, recipe.packed, type, raw.data(), shape.rows, shape.columns, 0,
             shape.rows, memory.data);
    for (size_t i = 1; i < copies; ++i) {
      std::memcpy(memory.data + i * bytes, memory.data, bytes);
    }
  }
  size_t bytes, raw_bytes;
  size_t copies;
  Memory memory;
};

// Prepared rows, one after the other.
struct Rows {
  Rows(Isa isa, ActivationFormat format, int64_t columns, int64_t count)
      : stride(ActivationRowBytes(format, columns)),
        memory(stride * static_cast<size_t>(count)) {
    std::mt19937 random(1);
    std::vector<float> row(static_cast<size_t>(columns));
    for (int64_t r = 0; r < count; ++r) {
      FillLikeActivations(random, &row);
      PrepareActivation(isa, format, row.data(), columns,
                        memory.data + static_cast<size_t>(r) * stride);
    }
  }
  size_t stride;
  Memory memory;
};

void RunLinear(benchmark::State& state, Isa isa, DType type, Shape shape,
               int64_t x_rows) {
  shape.rows /= state.threads();
  const LinearRecipe recipe = SelectRecipe(isa, type, shape.columns, false);
  const bool large = shape.columns >= 2048 || shape.rows >= 2048;
  const Weights weights(isa, type, recipe, shape, large && x_rows <= kFewRows);
  const Rows x(isa, recipe.activation, shape.columns, x_rows);
  std::vector<float> y(static_cast<size_t>(x_rows * shape.rows));
  std::vector<float> scratch(static_cast<size_t>(shape.columns));
  LinearArgs args = {};
  args.format = recipe.packed;
  args.type = type;
  args.activation = recipe.activation;
  args.rows = shape.rows;
  args.columns = shape.columns;
  args.x = x.memory.data;
  args.x_stride = x.stride;
  args.x_rows = x_rows;
  args.y = y.data();
  args.y_stride = shape.rows;
  args.scratch = scratch.data();
  size_t copy = 0;
  for (auto _ : state) {
    args.weight = weights.memory.data + copy * weights.bytes;
    Linear(isa, args, 0, shape.rows);
    benchmark::ClobberMemory();
    copy = copy + 1 < weights.copies ? copy + 1 : 0;
  }
  const double runs = static_cast<double>(state.iterations());
  const double macs = static_cast<double>(shape.rows * shape.columns * x_rows);
  state.counters["GMAC/s"] =
      benchmark::Counter(runs * macs * 1e-9, benchmark::Counter::kIsRate);
  state.counters["GB/s"] =
      benchmark::Counter(runs * static_cast<double>(weights.raw_bytes) * 1e-9,
                         benchmark::Counter::kIsRate);
}

void RunPrepare(benchmark::State& state, Isa isa, ActivationFormat format,
                int64_t columns) {
  std::mt19937 random(1);
  std::vector<float> row(static_cast<size_t>(columns));
  FillLikeActivations(random, &row);
  Memory x(ActivationRowBytes(format, columns));
  for (auto _ : state) {
    PrepareActivation(isa, format, row.data(), columns, x.data);
    benchmark::ClobberMemory();
  }
  state.counters["Gvalues/s"] = benchmark::Counter(
      static_cast<double>(state.iterations() * columns) * 1e-9,
      benchmark::Counter::kIsRate);
}

void RegisterShape(Isa isa, DType type, Shape shape) {
  for (int64_t m : {1, 4, 8, 32, 128, 512}) {
    if (shape.rows > 40000 && m > 32) continue;
    const std::string name =
        std::string(IsaName(isa)) + "/" + std::string(GetDTypeInfo(type).name) +
        "/" + std::to_string(shape.rows) + "x" + std::to_string(shape.columns) +
        "/rows:" + std::to_string(m);
    benchmark::RegisterBenchmark(
        name.c_str(),
        [=](benchmark::State& s) { RunLinear(s, isa, type, shape, m); })
        ->Unit(benchmark::kMicrosecond)
        ->UseRealTime()
        ->Threads(1)
        ->Threads(2);
  }
}

void Register(Isa isa) {
  const std::string set = IsaName(isa);
  benchmark::RegisterBenchmark(
      (set + "/prepare/576").c_str(), [isa](benchmark::State& s) {
        RunPrepare(s, isa, ActivationFormat::kInt8x32, 576);
      });
  benchmark::RegisterBenchmark(
      (set + "/prepare_bf16/576").c_str(), [isa](benchmark::State& s) {
        RunPrepare(s, isa, ActivationFormat::kBF16, 576);
      });
  for (DType type : {DType::kQ8_0, DType::kQ4_0, DType::kQ4_1, DType::kQ4_K,
                     DType::kF32, DType::kF16, DType::kBF16}) {
    for (Shape shape :
         {Shape{576, 576}, Shape{576, 1536}, Shape{2048, 2048},
          Shape{8192, 2048}, Shape{2048, 8192}, Shape{49152, 576}}) {
      if (shape.columns % GetDTypeInfo(type).block_elements != 0) continue;
      RegisterShape(isa, type, shape);
    }
  }
}

}  // namespace
}  // namespace inlay::kernels::cpu

int main(int argc, char** argv) {
  using inlay::kernels::cpu::Isa;
  for (Isa isa : inlay::kernels::cpu::kIsas) {
    if (inlay::kernels::cpu::CanRun(isa)) {
      inlay::kernels::cpu::Register(isa);
    }
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
