// Sessions in files and in streams of the host.
#include <inlay/inlay.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/capi/fixture.h"

namespace {

// A host's stream: bytes in memory, and where it is to fail.
struct Memory {
  std::vector<char> bytes;
  size_t at = 0;
  size_t fail_at = SIZE_MAX;
  int64_t code = -42;

  static int64_t Write(void* self, const void* data, size_t size) {
    auto* memory = static_cast<Memory*>(self);
    if (memory->bytes.size() + size > memory->fail_at) return memory->code;
    const auto* from = static_cast<const char*>(data);
    memory->bytes.insert(memory->bytes.end(), from, from + size);
    return 0;
  }
  static int64_t Read(void* self, void* buffer, size_t size) {
    auto* memory = static_cast<Memory*>(self);
    if (memory->at + size > memory->fail_at) return memory->code;
    const size_t given = std::min(size, memory->bytes.size() - memory->at);
    if (given == 0) return 0;
    std::memcpy(buffer, memory->bytes.data() + memory->at, given);
    memory->at += given;
    return static_cast<int64_t>(given);
  }
};

class SessionFileTest : public inlay_test::ModelTest {
 protected:
  void SetUp() override {
    ModelTest::SetUp();
    CreateEngine();
    ASSERT_OK(inlay_session_create(engine, "d", 1, &session, &error));
    folder = std::filesystem::path(testing::TempDir()) /
             ("session" + std::to_string(getpid()));
    std::filesystem::create_directory(folder);
    path = (folder / "talk.session").string();
    Continue(session, 7);
  }
  void TearDown() override {
    inlay_session_release(session);
    ModelTest::TearDown();
    std::filesystem::remove_all(folder);
  }
  std::vector<int32_t> Continue(inlay_session* of, int32_t count) {
    inlay_request request = Request(count);
    request.session = of;
    inlay_generation* generation = nullptr;
    EXPECT_EQ(INLAY_OK, inlay_generate(engine, &request, &generation, &error))
        << inlay_test::Message(error);
    inlay_event whole = INLAY_EVENT_INIT;
    inlay_generation_get(generation, &whole, &error);
    std::vector<int32_t> ids(whole.tokens, whole.tokens + whole.token_count);
    inlay_generation_release(generation);
    return ids;
  }
  inlay_status SaveFile(const std::string& to) {
    return inlay_session_save_file(session, to.data(), to.size(), &error);
  }
  inlay_status LoadFile(const std::string& from, inlay_session** out) {
    return inlay_session_load_file(engine, from.data(), from.size(), out,
                                   &error);
  }
  size_t Files() {
    return static_cast<size_t>(
        std::distance(std::filesystem::directory_iterator(folder),
                      std::filesystem::directory_iterator()));
  }

  inlay_session* session = nullptr;
  std::filesystem::path folder;
  std::string path;
};

TEST_F(SessionFileTest, AFileContinuesLikeTheOriginal) {
  ASSERT_OK(SaveFile(path));
  EXPECT_EQ(Files(), 1u);
  struct stat info = {};
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  inlay_session* loaded = nullptr;
  ASSERT_OK(LoadFile(path, &loaded));
  EXPECT_EQ(Continue(loaded, 9), Continue(session, 9));
  // Saving again replaces it.
  ASSERT_OK(SaveFile(path));
  EXPECT_EQ(Files(), 1u);
  inlay_session_release(loaded);
}

TEST_F(SessionFileTest, AStreamIsTheSameBytes) {
  ASSERT_OK(SaveFile(path));
  Memory memory;
  ASSERT_OK(inlay_session_save(session, Memory::Write, &memory, &error));
  std::ifstream file(path, std::ios::binary);
  EXPECT_EQ(memory.bytes,
            std::vector<char>(std::istreambuf_iterator<char>(file), {}));
  memory.bytes.push_back('x');  // what follows is not read
  inlay_session* loaded = nullptr;
  ASSERT_OK(inlay_session_load(engine, Memory::Read, &memory, &loaded, &error));
  EXPECT_EQ(memory.at, memory.bytes.size() - 1);
  EXPECT_EQ(Continue(loaded, 5), Continue(session, 5));
  inlay_session_release(loaded);
}

TEST_F(SessionFileTest, TheHostsFailuresComeBackWithTheirCode) {
  Memory memory;
  memory.fail_at = 10;
  EXPECT_STATUS(INLAY_ERR_IO,
                inlay_session_save(session, Memory::Write, &memory, &error));
  EXPECT_EQ(error.native_code, -42);
  EXPECT_EQ(error.domain, INLAY_DOMAIN_HOST);
  memory = Memory();
  ASSERT_OK(inlay_session_save(session, Memory::Write, &memory, &error));
  memory.fail_at = memory.bytes.size() / 2;
  inlay_session* loaded = nullptr;
  EXPECT_STATUS(INLAY_ERR_IO, inlay_session_load(engine, Memory::Read, &memory,
                                                 &loaded, &error));
  EXPECT_EQ(error.native_code, -42);
  EXPECT_EQ(loaded, nullptr);
}

TEST_F(SessionFileTest, DamagedBytesAreRefused) {
  Memory memory;
  ASSERT_OK(inlay_session_save(session, Memory::Write, &memory, &error));
  const std::vector<char> whole = memory.bytes;
  const size_t step = std::max<size_t>(1, whole.size() / 50);
  for (size_t cut = 0; cut < whole.size(); cut += step) {
    Memory part;
    part.bytes.assign(whole.begin(),
                      whole.begin() + static_cast<ptrdiff_t>(cut));
    inlay_session* loaded = nullptr;
    EXPECT_STATUS(
        INLAY_ERR_DATA_LOSS,
        inlay_session_load(engine, Memory::Read, &part, &loaded, &error));
  }
  for (size_t i = 0; i < whole.size(); i += step) {
    Memory changed;
    changed.bytes = whole;
    changed.bytes[i] = static_cast<char>(changed.bytes[i] ^ 0x10);
    inlay_session* loaded = nullptr;
    EXPECT_NE(INLAY_OK, inlay_session_load(engine, Memory::Read, &changed,
                                           &loaded, &error))
        << "byte " << i;
    EXPECT_EQ(loaded, nullptr);
  }
}

TEST_F(SessionFileTest, AFileThatGoesOnIsDamaged) {
  ASSERT_OK(SaveFile(path));
  std::ofstream(path, std::ios::binary | std::ios::app) << "more";
  inlay_session* loaded = nullptr;
  EXPECT_STATUS(INLAY_ERR_DATA_LOSS, LoadFile(path, &loaded));
  EXPECT_EQ(loaded, nullptr);
}

TEST_F(SessionFileTest, BadPathsAndNullsAreRefused) {
  inlay_session* loaded = nullptr;
  EXPECT_STATUS(INLAY_ERR_NOT_FOUND, LoadFile(path, &loaded));
  EXPECT_STATUS(INLAY_ERR_NOT_FOUND, SaveFile(path + "/below/it"));
  EXPECT_STATUS(INLAY_ERR_INVALID_ARGUMENT, SaveFile(folder.string()));
  EXPECT_STATUS(INLAY_ERR_INVALID_ARGUMENT, LoadFile(folder.string(), &loaded));
  EXPECT_STATUS(INLAY_ERR_INVALID_ARGUMENT, SaveFile(""));
  EXPECT_STATUS(INLAY_ERR_INVALID_ARGUMENT, SaveFile(std::string("a\0b", 3)));
  EXPECT_STATUS(INLAY_ERR_INVALID_ARGUMENT,
                inlay_session_save(session, nullptr, nullptr, &error));
  EXPECT_STATUS(INLAY_ERR_INVALID_ARGUMENT,
                inlay_session_load(engine, nullptr, nullptr, &loaded, &error));
  EXPECT_STATUS(INLAY_ERR_INVALID_ARGUMENT,
                inlay_session_load_file(engine, "x", 1, nullptr, &error));
  EXPECT_EQ(Files(), 0u);
}

TEST_F(SessionFileTest, AFailedSaveLeavesWhatWasThere) {
  inlay_engine_options options = INLAY_ENGINE_OPTIONS_INIT;
  options.flags = INLAY_ENGINE_HOST_DRIVEN;
  inlay_session_release(session);
  inlay_engine_release(engine);
  CreateEngine(options);
  ASSERT_OK(inlay_session_create(engine, nullptr, 0, &session, &error));
  Continue(session, 4);
  ASSERT_OK(SaveFile(path));
  const auto before = std::filesystem::file_size(path);
  inlay_request request = Request(40);
  request.session = session;
  const uint64_t id = Submit(request);
  ASSERT_OK(inlay_engine_step(engine, nullptr, &error));
  EXPECT_STATUS(INLAY_ERR_FAILED_PRECONDITION, SaveFile(path));
  ASSERT_OK(inlay_cancel(id, INLAY_CANCEL_STOP, &error));
  PollToEnd(1);
  EXPECT_EQ(Files(), 1u);
  EXPECT_EQ(std::filesystem::file_size(path), before);
}

}  // namespace
