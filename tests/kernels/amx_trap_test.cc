// The code that the compiler made for processors with AMX, against the same
// source on the model of the tiles: on the processor's own tiles if it has
// them, else instruction by instruction (amx_trap.h).
#include "tests/kernels/amx_trap.h"

#include <cstring>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "kernels/cpu/linear_amx.h"
#include "tests/kernels/amx_on_model.h"
#include "tests/kernels/amx_permission.h"
#include "tests/kernels/amx_problem.h"

#if defined(__x86_64__)

namespace inlay::kernels::cpu {
namespace {

using internal::TileFault;

class AmxTrapTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!IsaSupported(Isa::kAvx512Bf16)) GTEST_SKIP() << "needs AVX-512 BF16";
    own_tiles_ = CanRun(Isa::kAmx);
    RecordProperty("tiles", own_tiles_ ? "hardware" : "model");
  }

  // The kernel of the processor and the one on the model: the same bits.
  void ExpectSame(const PackedProblem& w, bool bf16, int64_t rows) {
    const PreparedRows x(
        bf16 ? ActivationFormat::kBF16 : ActivationFormat::kInt8x32, w.columns,
        rows, 11);
    const size_t count = static_cast<size_t>(w.rows * rows);
    std::vector<float> expected(count);
    Guarded y(count * 4);
    LinearArgs args =
        ArgsOf(w.format, w.weight.data(), w.rows, x, expected.data());
    ASSERT_EQ(bf16 ? LinearBf16OnModel(args, 0, w.rows)
                   : LinearInt8OnModel(args, 0, w.rows),
              TileFault::kNone);
    args.y = y.floats();
    AmxTrap trap;
    internal::LinearAmx(args, 0, w.rows);
    EXPECT_EQ(trap.instructions() > 0, !own_tiles_);
    EXPECT_EQ(trap.fault(), TileFault::kNone);
    EXPECT_FALSE(trap.configured());
    ASSERT_EQ(std::memcmp(y.data(), expected.data(), count * 4), 0)
        << static_cast<int>(w.format) << " rows " << rows;
  }

  bool own_tiles_ = false;
};

TEST_F(AmxTrapTest, EveryFormat) {
  for (PackedFormat format : kIntegerFormats) {
    const PackedProblem w(format, 37, 256, 5);
    for (int64_t rows : {1, 17, 40}) {
      for (bool bf16 : {true, false}) {
        ExpectSame(w, bf16, rows);
        if (HasFatalFailure()) return;
      }
    }
  }
}

// Sums leave the tiles between chunks.
TEST_F(AmxTrapTest, LongRows) {
  const PackedProblem w(PackedFormat::kQ8, 20, 1120, 6);
  for (int64_t rows : {3, 70}) ExpectSame(w, true, rows);
}

TEST_F(AmxTrapTest, FloatingPairs) {
  const PackedFormat format = PackedFormat::kBF16Pairs;
  constexpr int64_t kOutputs = 50, kColumns = 83;
  Guarded packed(4 * internal::GroupBytes(format, kColumns));
  std::mt19937 random(7);
  for (size_t i = 0; i < packed.size(); i += 2) {
    const uint16_t half = static_cast<uint16_t>(0x3f00 + random() % 256);
    std::memcpy(packed.data() + i, &half, sizeof(half));
  }
  const PreparedRows x(ActivationFormat::kBF16, kColumns, 19, 8);
  std::vector<float> expected(kOutputs * 19), y(kOutputs * 19);
  LinearArgs args = ArgsOf(format, packed.data(), kOutputs, x, expected.data());
  ASSERT_EQ(LinearBf16OnModel(args, 0, kOutputs), TileFault::kNone);
  args.y = y.data();
  AmxTrap trap;
  internal::LinearAmx(args, 0, kOutputs);
  EXPECT_EQ(trap.fault(), TileFault::kNone);
  EXPECT_EQ(y, expected);
}

}  // namespace
}  // namespace inlay::kernels::cpu

#endif  // __x86_64__
