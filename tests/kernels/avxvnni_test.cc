// The AVX-VNNI kernel on a processor that has its instructions in AVX-512 only:
// the bits of AVX2 for every type, number of rows and split.
#include <cstring>
#include <vector>

#include "gtest/gtest.h"
#include "tests/kernels/avxvnni_as_avx512.h"
#include "tests/kernels/linear_problem.h"

namespace inlay::kernels::cpu {
namespace {

#if defined(__x86_64__)

class AvxVnniTest : public testing::TestWithParam<DType> {};
INSTANTIATE_TEST_SUITE_P(All, AvxVnniTest, testing::ValuesIn(kIntegerTypes),
                         [](const auto& info) {
                           return std::string(GetDTypeInfo(info.param).name);
                         });

TEST_P(AvxVnniTest, GivesTheBitsOfAvx2) {
  if (!IsaSupported(Isa::kAvx512)) {
    GTEST_SKIP() << "this processor lacks AVX-512 VNNI";
  }
  for (int64_t columns : {256, 1024, 2304}) {
    for (int64_t rows = 1; rows <= 40; rows += 13) {
      const Problem problem(GetParam(), rows, columns, 14, 41);
      Prepared prepared(Isa::kAvx2, problem);
      const std::vector<float> expected = prepared.Run();
      for (int64_t count : {1, 2, 3, 4, 5, 12, 14}) {
        Guarded y(static_cast<size_t>(count * rows) * 4);
        const LinearArgs args = prepared.Args(y.floats(), 0, count);
        internal::LinearInt8AvxVnniAsAvx512(args, 0, rows / 2);
        internal::LinearInt8AvxVnniAsAvx512(args, rows / 2, rows);
        ASSERT_EQ(std::memcmp(y.data(), expected.data(), y.size()), 0)
            << rows << "x" << columns << " " << count;
      }
    }
  }
}

#endif

}  // namespace
}  // namespace inlay::kernels::cpu
