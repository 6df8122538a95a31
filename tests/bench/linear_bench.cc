// Speed of the matrix products: multiply-accumulates per second, and bytes of
// weights per second, which is what counts for one row.
//
//   linear_bench --benchmark_filter='avx512/Q4_1/.*'
//
// Weights are larger than the caches for the last shapes, so that one row
// reads them from memory.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "kernels/cpu/linear.h"

namespace inlay::kernels::cpu {
namespace {

struct Shape {
  int64_t rows, columns;
};

struct AlignedBytes {
  explicit AlignedBytes(size_t n) : storage(n + 64) {
    const uintptr_t p = reinterpret_cast<uintptr_t>(storage.data());
    data = storage.data() + (64 - p % 64) % 64;
  }
  std::vector<uint8_t> storage;
  uint8_t* data;
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

void RunLinear(benchmark::State& state, Isa isa, DType type, Shape shape,
               int64_t x_rows) {
  const LinearRecipe recipe = SelectRecipe(isa, type, shape.columns, false);
  const DTypeInfo& info = GetDTypeInfo(type);
  const size_t raw_bytes = static_cast<size_t>(
      shape.rows * shape.columns / info.block_elements * info.block_bytes);
  std::vector<uint8_t> raw(raw_bytes);
  std::mt19937 random(1);
  for (uint8_t& b : raw) b = static_cast<uint8_t>(random() % 64);
  const bool packed = recipe.packed != PackedFormat::kRaw;
  AlignedBytes weight(
      packed ? PackedBytes(isa, recipe.packed, shape.rows, shape.columns) : 0);
  if (packed) {
    PackRows(isa, recipe.packed, type, raw.data(), shape.rows, shape.columns, 0,
             shape.rows, weight.data);
  }
  const size_t stride = ActivationRowBytes(recipe.activation, shape.columns);
  AlignedBytes x(stride * static_cast<size_t>(x_rows));
  std::vector<float> row(static_cast<size_t>(shape.columns));
  for (int64_t r = 0; r < x_rows; ++r) {
    FillLikeActivations(random, &row);
    PrepareActivation(isa, recipe.activation, row.data(), shape.columns,
                      x.data + static_cast<size_t>(r) * stride);
  }
  std::vector<float> y(static_cast<size_t>(x_rows * shape.rows));
  std::vector<float> scratch(static_cast<size_t>(shape.columns));
  LinearArgs args = {};
  args.format = recipe.packed;
  args.type = type;
  args.activation = recipe.activation;
  args.weight = packed ? weight.data : raw.data();
  args.rows = shape.rows;
  args.columns = shape.columns;
  args.x = x.data;
  args.x_stride = stride;
  args.x_rows = x_rows;
  args.y = y.data();
  args.y_stride = shape.rows;
  args.scratch = scratch.data();
  for (auto _ : state) {
    Linear(isa, args, 0, shape.rows);
    benchmark::ClobberMemory();
  }
  const double runs = static_cast<double>(state.iterations());
  const double macs = static_cast<double>(shape.rows * shape.columns * x_rows);
  state.counters["GMAC/s"] =
      benchmark::Counter(runs * macs * 1e-9, benchmark::Counter::kIsRate);
  state.counters["GB/s"] =
      benchmark::Counter(runs * static_cast<double>(raw_bytes) * 1e-9,
                         benchmark::Counter::kIsRate);
}

void RunPrepare(benchmark::State& state, Isa isa, int64_t columns) {
  std::mt19937 random(1);
  std::vector<float> row(static_cast<size_t>(columns));
  FillLikeActivations(random, &row);
  AlignedBytes x(ActivationRowBytes(ActivationFormat::kInt8x32, columns));
  for (auto _ : state) {
    PrepareActivation(isa, ActivationFormat::kInt8x32, row.data(), columns,
                      x.data);
    benchmark::ClobberMemory();
  }
  state.counters["Gvalues/s"] = benchmark::Counter(
      static_cast<double>(state.iterations() * columns) * 1e-9,
      benchmark::Counter::kIsRate);
}

void Register(Isa isa) {
  const std::string set = IsaName(isa);
  benchmark::RegisterBenchmark(
      (set + "/prepare/576").c_str(),
      [isa](benchmark::State& s) { RunPrepare(s, isa, 576); });
  for (DType type : {DType::kQ8_0, DType::kQ4_0, DType::kQ4_1, DType::kQ4_K,
                     DType::kF32, DType::kBF16}) {
    for (Shape shape : {Shape{576, 576}, Shape{576, 1536}, Shape{2048, 2048},
                        Shape{2048, 8192}, Shape{49152, 576}}) {
      if (shape.columns % GetDTypeInfo(type).block_elements != 0) continue;
      for (int64_t m : {1, 4, 8, 32, 128, 512}) {
        if (shape.rows > 40000 && m > 32) continue;
        const std::string name =
            set + "/" + std::string(GetDTypeInfo(type).name) + "/" +
            std::to_string(shape.rows) + "x" + std::to_string(shape.columns) +
            "/rows:" + std::to_string(m);
        benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State& s) {
          RunLinear(s, isa, type, shape, m);
        })->Unit(benchmark::kMicrosecond);
      }
    }
  }
}

}  // namespace
}  // namespace inlay::kernels::cpu

int main(int argc, char** argv) {
  using inlay::kernels::cpu::Isa;
  for (Isa isa : inlay::kernels::cpu::kIsas) {
    if (inlay::kernels::cpu::IsaSupported(isa)) {
      inlay::kernels::cpu::Register(isa);
    }
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
