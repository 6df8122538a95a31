#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "cpp/io/os_new_file.h"
#include "gtest/gtest.h"

namespace inlay::io {
namespace {

class NewFileTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(testing::TempDir()) /
              ("new_file" + std::to_string(getpid()));
    std::filesystem::create_directory(folder_);
    path_ = (folder_ / "name").string();
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  static Status Put(NewFile& file, const std::string& text) {
    return file.Write(
        {reinterpret_cast<const uint8_t*>(text.data()), text.size()});
  }
  std::string Content() const {
    std::ifstream file(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  ptrdiff_t Files() const {
    return std::distance(std::filesystem::directory_iterator(folder_), {});
  }

  std::filesystem::path folder_;
  std::string path_;
};

TEST_F(NewFileTest, AppearsAtOnceWithAllItsBytes) {
  auto file = NewFile::Create(path_);
  ASSERT_TRUE(file.ok()) << file.status();
  ASSERT_TRUE(Put(*file, "first ").ok());
  ASSERT_TRUE(Put(*file, "").ok());
  ASSERT_TRUE(Put(*file, "second").ok());
  EXPECT_FALSE(std::filesystem::exists(path_));
  ASSERT_TRUE(file->Commit().ok());
  EXPECT_EQ(Content(), "first second");
  struct stat info = {};
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  EXPECT_EQ(Files(), 1);
}

TEST_F(NewFileTest, ReplacesOnlyOnCommit) {
  std::ofstream(path_) << "old";
  {
    auto file = NewFile::Create(path_);
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE(Put(*file, "never seen").ok());
    EXPECT_EQ(Files(), 2);
    NewFile moved = *std::move(file);
  }
  EXPECT_EQ(Content(), "old");
  EXPECT_EQ(Files(), 1);
  auto file = NewFile::Create(path_);
  ASSERT_TRUE(Put(*file, "new").ok() && file->Commit().ok());
  EXPECT_EQ(Content(), "new");
}

TEST_F(NewFileTest, SaysWhatIsWrongWithAPath) {
  EXPECT_TRUE(absl::IsInvalidArgument(NewFile::Create("").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(
      NewFile::Create(std::string("a\0b", 3)).status()));
  EXPECT_TRUE(
      absl::IsInvalidArgument(NewFile::Create(folder_.string()).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(NewFile::Create(path_ + "/").status()));
  EXPECT_TRUE(absl::IsNotFound(NewFile::Create(path_ + "/a/b").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(
      NewFile::Create(path_ + std::string(300, 'n')).status()));
  EXPECT_EQ(Files(), 0);
}

TEST_F(NewFileTest, ACommitThatFailsLeavesNothing) {
  auto file = NewFile::Create(path_);
  ASSERT_TRUE(file.ok() && Put(*file, "x").ok());
  std::filesystem::create_directory(path_);
  std::ofstream(path_ + "/inside") << "keeps the folder from being replaced";
  EXPECT_FALSE(file->Commit().ok());
  *file = *NewFile::Create((folder_ / "other").string());
  EXPECT_TRUE(file->Commit().ok());
  EXPECT_EQ(Files(), 2);  // the folder and the other file
}

}  // namespace
}  // namespace inlay::io
