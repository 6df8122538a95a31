#include "cpp/io/folder.h"

#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace inlay::io {
namespace {

using testing::HasSubstr;

class FolderTest : public testing::Test {
 protected:
  FolderTest()
      : path_(std::filesystem::temp_directory_path() /
              ("inlay_folder_" + std::to_string(getpid()))) {
    std::filesystem::create_directories(path_ / "inner");
    Write("a", std::string(5000, 'a'));
    Write("b", "bbb");
    std::filesystem::create_symlink("b", path_ / "link");
    std::filesystem::create_symlink("../../etc/passwd", path_ / "outside");
    std::filesystem::create_symlink("link", path_ / "twice");
  }
  ~FolderTest() override { std::filesystem::remove_all(path_); }
  void Write(const std::string& name, const std::string& text) {
    std::ofstream(path_ / name, std::ios::binary) << text;
  }
  const std::filesystem::path path_;
};

TEST_F(FolderTest, OpensFilesAndLinksInside) {
  const auto folder = OpenFolder(path_);
  ASSERT_TRUE(folder.ok()) << folder.status();
  EXPECT_EQ(*ReadText(**folder, "b", 3), "bbb");
  EXPECT_EQ(*ReadText(**folder, "link", 3), "bbb");
  EXPECT_TRUE(absl::IsResourceExhausted(ReadText(**folder, "a", 10).status()));
  EXPECT_TRUE(absl::IsNotFound((*folder)->Open("c", false).status()));
}

TEST_F(FolderTest, NothingLeadsOutside) {
  const auto folder = OpenFolder(path_);
  ASSERT_TRUE(folder.ok()) << folder.status();
  for (const char* name : {"outside", "../b", "inner/../b", "..", ".", "",
                           "/etc/passwd", "inner"}) {
    const auto source = (*folder)->Open(name, false);
    EXPECT_TRUE(absl::IsInvalidArgument(source.status())) << name;
  }
  EXPECT_THAT((*folder)->Open("outside", false).status().message(),
              HasSubstr("leads outside"));
  EXPECT_FALSE((*folder)->Open("twice", false).ok());
}

TEST_F(FolderTest, JoinedFilesReadAsOne) {
  const auto folder = OpenFolder(path_);
  ASSERT_TRUE(folder.ok()) << folder.status();
  const std::string names[] = {"a", "b"};
  for (const bool map : {false, true}) {
    const auto joined = (*folder)->Join(names, map);
    ASSERT_TRUE(joined.ok()) << joined.status();
    const Source& source = *joined->source;
    ASSERT_GE(joined->offsets[1], 5000u);
    EXPECT_EQ(joined->sizes[1], 3u);
    EXPECT_EQ(source.size(), joined->offsets[1] + 3);
    uint8_t bytes[3] = {};
    ASSERT_TRUE(source.ReadAt(joined->offsets[1], bytes).ok());
    EXPECT_EQ(std::memcmp(bytes, "bbb", 3), 0);
    EXPECT_FALSE(source.ReadAt(4999, bytes).ok());
    ASSERT_EQ(source.Mapped().empty(), !map);
    if (!map) continue;
    EXPECT_EQ(source.Mapped().size(), source.size());
    EXPECT_EQ(source.Mapped()[4999], 'a');
    EXPECT_EQ(source.Mapped()[5000], 0);
    EXPECT_EQ(source.Mapped()[joined->offsets[1] + 2], 'b');
  }
}

TEST_F(FolderTest, APathIsAFileOrAFolder) {
  const auto folder = OpenPath(path_, false);
  ASSERT_TRUE(folder.ok()) << folder.status();
  EXPECT_NE((*folder)->folder(), nullptr);
  const auto file = OpenPath(path_ / "b", false);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ((*file)->folder(), nullptr);
  EXPECT_TRUE(absl::IsNotFound(OpenPath(path_ / "c", false).status()));
}

}  // namespace
}  // namespace inlay::io
