#include "cpp/base/os_amx.h"

#include <thread>

#include "gtest/gtest.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace inlay {
namespace {

bool ProcessorHasTiles() {
#if defined(__x86_64__)
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (d >> 24 & 1) != 0;
#else
  return false;
#endif
}

TEST(OsAmxTest, NothingToGiveWithoutTiles) {
  if (ProcessorHasTiles()) GTEST_SKIP() << "the processor has tiles";
  EXPECT_FALSE(AmxOffered());
  EXPECT_FALSE(RequestAmx());
}

// What is given stays given, to every thread.
TEST(OsAmxTest, PermissionIsTheProcesss) {
  if (!RequestAmx()) GTEST_SKIP() << "no permission to have here";
  EXPECT_TRUE(AmxOffered());
  bool elsewhere = false;
  std::thread([&] { elsewhere = RequestAmx(); }).join();
  EXPECT_TRUE(elsewhere);
}

}  // namespace
}  // namespace inlay
