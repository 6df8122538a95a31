#include "cpp/base/os_limits.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace inlay {
namespace {

// A folder that stands for the root of the file system.
class OsLimitsTest : public testing::Test {
 protected:
  void SetUp() override {
    root_ = testing::TempDir() + "os_limits_" +
            testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(root_);
  }
  void TearDown() override { std::filesystem::remove_all(root_); }
  void Write(const std::string& path, const std::string& text) {
    const std::filesystem::path full = root_ + path;
    std::filesystem::create_directories(full.parent_path());
    std::ofstream(full) << text;
  }
  std::string root_;
};

TEST_F(OsLimitsTest, SiblingsCountAsOneCore) {
  const std::string base = "/sys/devices/system/cpu/cpu";
  Write(base + "0/topology/core_cpus_list", "0,2\n");
  Write(base + "2/topology/core_cpus_list", "0,2\n");
  Write(base + "1/topology/thread_siblings_list", "1,3\n");
  EXPECT_EQ(CountPhysicalCores({0, 1, 2}, root_), 2);
  EXPECT_EQ(CountPhysicalCores({0, 2}, root_), 1);
  EXPECT_EQ(CountPhysicalCores({7, 8}, root_), 2);  // no topology
}

TEST_F(OsLimitsTest, QuotaOfVersionTwoTakesTheTightestAncestor) {
  EXPECT_EQ(CgroupProcessorQuota(root_), 0);
  Write("/proc/self/cgroup", "0::/a/b\n");
  Write("/sys/fs/cgroup/a/b/cpu.max", "max 100000\n");
  EXPECT_EQ(CgroupProcessorQuota(root_), 0);
  Write("/sys/fs/cgroup/a/cpu.max", "250000 100000\n");
  EXPECT_EQ(CgroupProcessorQuota(root_), 3);
  Write("/sys/fs/cgroup/a/b/cpu.max", "50000 100000\n");
  EXPECT_EQ(CgroupProcessorQuota(root_), 1);
}

TEST_F(OsLimitsTest, QuotaOfVersionOne) {
  Write("/proc/self/cgroup", "4:memory:/x\n3:cpu,cpuacct:/x\n");
  Write("/sys/fs/cgroup/cpu/x/cpu.cfs_quota_us", "-1\n");
  Write("/sys/fs/cgroup/cpu/x/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(CgroupProcessorQuota(root_), 0);
  Write("/sys/fs/cgroup/cpu/x/cpu.cfs_quota_us", "400000\n");
  EXPECT_EQ(CgroupProcessorQuota(root_), 4);
}

TEST_F(OsLimitsTest, MemoryIsTheMachinesWithoutAGroup) {
  Write("/proc/meminfo",
        "MemTotal:  1000 kB\nMemFree: 1 kB\n"
        "MemAvailable:    600 kB\n");
  const MemoryLimits limits = ReadMemoryLimits(root_);
  EXPECT_EQ(limits.total_bytes, 1024000u);
  EXPECT_EQ(limits.available_bytes, 614400u);
}

TEST_F(OsLimitsTest, MemoryOfVersionTwo) {
  Write("/proc/meminfo", "MemTotal: 1000 kB\nMemAvailable: 600 kB\n");
  Write("/proc/self/cgroup", "0::/g\n");
  Write("/sys/fs/cgroup/g/memory.max", "500000\n");
  Write("/sys/fs/cgroup/g/memory.current", "300000\n");
  Write("/sys/fs/cgroup/g/memory.stat", "anon 1\ninactive_file 100000\n");
  const MemoryLimits limits = ReadMemoryLimits(root_);
  EXPECT_EQ(limits.total_bytes, 500000u);
  EXPECT_EQ(limits.available_bytes, 300000u);
}

TEST_F(OsLimitsTest, MemoryOfVersionOneWithoutItsPathVisible) {
  Write("/proc/meminfo", "MemTotal: 1000 kB\nMemAvailable: 600 kB\n");
  Write("/proc/self/cgroup", "4:memory:/docker/abc\n");
  Write("/sys/fs/cgroup/memory/memory.limit_in_bytes", "400000\n");
  Write("/sys/fs/cgroup/memory/memory.usage_in_bytes", "500000\n");
  const MemoryLimits limits = ReadMemoryLimits(root_);
  EXPECT_EQ(limits.total_bytes, 400000u);
  EXPECT_EQ(limits.available_bytes, 0u);
}

TEST_F(OsLimitsTest, ThisMachineAnswers) {
  EXPECT_FALSE(AllowedProcessors().empty());
  EXPECT_GT(ReadMemoryLimits().total_bytes, 0u);
  EXPECT_GT(ReadMemoryLimits().available_bytes, 0u);
}

}  // namespace
}  // namespace inlay
