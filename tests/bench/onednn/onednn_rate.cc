// How fast oneDNN multiplies BF16 matrices of the 1B shape: 512 rows by the
// gate of a layer, weights in the layout that it prefers. Prints the best of
// several rounds in GMAC/s as JSON, in the form of roofline.
//
//   OMP_NUM_THREADS=2 onednn_rate [ROUNDS]
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <oneapi/dnnl/dnnl.hpp>
#include <vector>

namespace {

constexpr int64_t kRows = 512, kInputs = 2048, kOutputs = 8192;

using Tag = dnnl::memory::format_tag;
using Type = dnnl::memory::data_type;

// Every element 1.0, so that no product is subnormal.
dnnl::memory Ones(const dnnl::memory::desc& layout,
                  const dnnl::engine& engine) {
  dnnl::memory memory(layout, engine);
  auto* const data = static_cast<uint16_t*>(memory.get_data_handle());
  std::fill(data, data + layout.get_size() / sizeof *data, uint16_t{0x3F80});
  return memory;
}

double BestRate(int rounds) {
  const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  dnnl::stream stream(engine);
  const dnnl::matmul::primitive_desc chosen(
      dnnl::matmul::desc({{kRows, kInputs}, Type::bf16, Tag::ab},
                         {{kInputs, kOutputs}, Type::bf16, Tag::any},
                         {{kRows, kOutputs}, Type::bf16, Tag::ab}),
      engine);
  const dnnl::matmul product(chosen);
  dnnl::memory rows = Ones(chosen.src_desc(), engine);
  dnnl::memory weights = Ones(chosen.weights_desc(), engine);
  dnnl::memory sums(chosen.dst_desc(), engine);
  double best = 0;
  for (int round = 0; round <= rounds; ++round) {  // The first warms up.
    const auto start = std::chrono::steady_clock::now();
    product.execute(stream, {{DNNL_ARG_SRC, rows},
                             {DNNL_ARG_WEIGHTS, weights},
                             {DNNL_ARG_DST, sums}});
    stream.wait();
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
            .count();
    const double macs = double{kRows} * kInputs * kOutputs;
    if (round > 0) best = std::max(best, macs / seconds * 1e-9);
  }
  return best;
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::max(1, std::atoi(argv[1])) : 9;
  try {
    std::printf("{\"onednn_bf16\": %.2f}\n", BestRate(rounds));
  } catch (const dnnl::error& error) {
    std::fprintf(stderr, "onednn_rate: %s\n", error.what());
    return 1;
  }
  return 0;
}
