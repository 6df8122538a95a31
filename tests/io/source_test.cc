#include "cpp/io/source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace inlay::io {
namespace {

using absl::StatusCode;
using ::testing::HasSubstr;

constexpr size_t kFileBytes = 20000;

class SourceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "inlay_io_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    for (size_t i = 0; i < kFileBytes; ++i) {
      content_.push_back(static_cast<uint8_t>(i * i / 7 + i));
    }
    Write(Path("file"), content_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string Path(const std::string& name) const {
    return folder_ + "/" + name;
  }
  static void Write(const std::string& path,
                    const std::vector<uint8_t>& bytes) {
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
  }

  // Reads, bounds and mapping of a source over content_[offset, ...).
  void ExpectContent(const Source& source, uint64_t offset, uint64_t size,
                     bool mapped) const {
    ASSERT_EQ(source.size(), size);
    std::vector<uint8_t> got(size);
    ASSERT_TRUE(source.ReadAt(0, got).ok());
    const std::vector<uint8_t> want(content_.begin() + offset,
                                    content_.begin() + offset + size);
    EXPECT_EQ(got, want);
    std::array<uint8_t, 10> part;
    ASSERT_TRUE(source.ReadAt(size - 10, part).ok());
    EXPECT_TRUE(std::equal(part.begin(), part.end(), want.end() - 10));
    EXPECT_TRUE(source.ReadAt(size, {}).ok());
    for (const uint64_t bad : {size - 9, size, size + 1, ~uint64_t{0}}) {
      const Status status = source.ReadAt(bad, part);
      EXPECT_EQ(status.code(), StatusCode::kDataLoss) << bad;
      EXPECT_THAT(std::string(status.message()),
                  HasSubstr(std::string(source.name())));
    }
    ASSERT_EQ(source.Mapped().size(), mapped ? size : 0);
    if (mapped) {
      EXPECT_TRUE(
          std::equal(want.begin(), want.end(), source.Mapped().begin()));
      source.Discard(0, size);
      source.Discard(5000, 9000);
      source.Discard(size - 1, 100);
      source.Discard(size + 1, ~uint64_t{0});
      EXPECT_TRUE(
          std::equal(want.begin(), want.end(), source.Mapped().begin()));
    }
  }

  std::string folder_;
  std::vector<uint8_t> content_;
};

TEST_F(SourceTest, Files) {
  for (const bool map : {false, true}) {
    const auto source = OpenFile(Path("file"), map);
    ASSERT_TRUE(source.ok()) << source.status();
    ExpectContent(**source, 0, kFileBytes, map);
    EXPECT_EQ((*source)->name(), Path("file"));
  }
}

TEST_F(SourceTest, EmptyFilesHaveNoMapping) {
  Write(Path("empty"), {});
  for (const bool map : {false, true}) {
    const auto source = OpenFile(Path("empty"), map);
    ASSERT_TRUE(source.ok()) << source.status();
    EXPECT_EQ((*source)->size(), 0u);
    EXPECT_TRUE((*source)->Mapped().empty());
  }
}

TEST_F(SourceTest, Descriptors) {
  const int descriptor = open(Path("file").c_str(), O_RDONLY);
  ASSERT_GE(descriptor, 0);
  ASSERT_EQ(lseek(descriptor, 77, SEEK_SET), 77);
  struct Part {
    uint64_t offset, size, want;
  };
  std::vector<std::shared_ptr<Source>> sources;
  const std::vector<Part> parts = {{0, 0, kFileBytes},
                                   {1, 0, kFileBytes - 1},
                                   {4097, 5000, 5000},
                                   {kFileBytes - 10, 10, 10}};
  for (const Part& part : parts) {
    for (const bool map : {false, true}) {
      auto source = OpenDescriptor(descriptor, part.offset, part.size, map);
      ASSERT_TRUE(source.ok()) << source.status();
      sources.push_back(*std::move(source));
    }
  }
  for (const auto& [offset, size] :
       {std::pair<uint64_t, uint64_t>{kFileBytes + 1, 0},
        {kFileBytes, 1},
        {1, kFileBytes},
        {1, ~uint64_t{0}}}) {
    EXPECT_EQ(OpenDescriptor(descriptor, offset, size, true).status().code(),
              StatusCode::kInvalidArgument);
  }
  // The caller's descriptor keeps its position and can be closed.
  EXPECT_EQ(lseek(descriptor, 0, SEEK_CUR), 77);
  close(descriptor);
  for (size_t i = 0; i < sources.size(); ++i) {
    ExpectContent(*sources[i], parts[i / 2].offset, parts[i / 2].want,
                  i % 2 == 1);
  }
  EXPECT_EQ(OpenDescriptor(-1, 0, 0, true).status().code(),
            StatusCode::kInvalidArgument);
}

TEST_F(SourceTest, WhatIsNoFileIsRefusedAtOnce) {
  EXPECT_EQ(OpenFile(Path("absent"), true).status().code(),
            StatusCode::kNotFound);
  EXPECT_EQ(OpenFile(Path("file/below"), true).status().code(),
            StatusCode::kNotFound);
  EXPECT_EQ(OpenFile("", true).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(
      OpenFile(Path("file") + std::string("\0x", 2), true).status().code(),
      StatusCode::kInvalidArgument);
  EXPECT_EQ(OpenFile(folder_, true).status().code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(OpenFile("/dev/null", true).status().code(),
            StatusCode::kInvalidArgument);
  // Nobody writes to this pipe: a plain open would wait for ever.
  ASSERT_EQ(mkfifo(Path("pipe").c_str(), 0600), 0);
  EXPECT_EQ(OpenFile(Path("pipe"), true).status().code(),
            StatusCode::kInvalidArgument);
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  EXPECT_EQ(OpenDescriptor(ends[0], 0, 0, true).status().code(),
            StatusCode::kInvalidArgument);
  close(ends[0]);
  close(ends[1]);
}

// ReadAt of a mapped file must not touch pages that are gone.
TEST_F(SourceTest, AFileCutWhileOpenIsDataLoss) {
  const auto source = OpenFile(Path("file"), true);
  ASSERT_TRUE(source.ok());
  ASSERT_EQ(truncate(Path("file").c_str(), 100), 0);
  std::array<uint8_t, 200> out;
  EXPECT_EQ((*source)->ReadAt(0, out).code(), StatusCode::kDataLoss);
  EXPECT_EQ((*source)->ReadAt(10000, out).code(), StatusCode::kDataLoss);
  EXPECT_TRUE((*source)->ReadAt(0, std::span(out).first(100)).ok());
}

TEST_F(SourceTest, NoDescriptorOrMappingStaysBehind) {
  const auto count = [] {
    int entries = 0;
    for ([[maybe_unused]] const auto& entry :
         std::filesystem::directory_iterator("/proc/self/fd")) {
      ++entries;
    }
    return entries;
  };
  const int before = count();
  for (int i = 0; i < 50; ++i) {
    EXPECT_TRUE(OpenFile(Path("file"), true).ok());
    EXPECT_FALSE(OpenFile(folder_, true).ok());
  }
  EXPECT_EQ(count(), before);
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    EXPECT_THAT(line, ::testing::Not(HasSubstr(folder_)));
  }
}

TEST_F(SourceTest, MemoryIsReleasedOnce) {
  int released = 0;
  {
    auto source = OpenMemory(content_, [&] { ++released; });
    ASSERT_TRUE(source.ok());
    ExpectContent(**source, 0, kFileBytes, true);
    const std::shared_ptr<Source> second = *source;
    source = absl::CancelledError();
    EXPECT_EQ(released, 0);
  }
  EXPECT_EQ(released, 1);
  EXPECT_TRUE(OpenMemory({}, {}).ok());
}

TEST_F(SourceTest, HostReaderIsCalledByOneThreadAtATime) {
  std::atomic<int> inside = 0, most = 0;
  int released = 0;
  {
    const auto source = OpenReader(
        kFileBytes,
        [&](uint64_t offset, std::span<uint8_t> out) {
          most = std::max(most.load(), ++inside);
          std::copy_n(content_.begin() + offset, out.size(), out.begin());
          std::this_thread::yield();
          --inside;
          return OkStatus();
        },
        [&] { ++released; });
    ASSERT_TRUE(source.ok());
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 50; ++i)
          ExpectContent(**source, 0, kFileBytes, false);
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  EXPECT_EQ(most, 1);
  EXPECT_EQ(released, 1);
  EXPECT_EQ(OpenReader(1, nullptr, {}).status().code(),
            StatusCode::kInvalidArgument);
}

TEST_F(SourceTest, HostReaderErrorsAreKept) {
  const auto source = OpenReader(
      10,
      [](uint64_t, std::span<uint8_t>) { return absl::CancelledError("no"); },
      {});
  std::array<uint8_t, 2> out;
  EXPECT_EQ((*source)->ReadAt(0, out).code(), StatusCode::kCancelled);
  EXPECT_EQ((*source)->ReadAt(9, out).code(), StatusCode::kDataLoss);
}

}  // namespace
}  // namespace inlay::io
