// Where models come from: path, memory, descriptor, the host's reader; now
// and asynchronously.
#include <fcntl.h>
#include <inlay/inlay.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/capi/fixture.h"

namespace {

using inlay_test::kLongNs;

// A model in memory behind a reader that can be told to fail.
struct Reader {
  std::vector<char> bytes = inlay_test::ModelBytes();
  std::atomic<int> reads{0};
  std::atomic<int> released{0};
  int fail_at = -1;         // which read fails
  int64_t fail_with = -42;  // what it returns

  static int64_t Read(void* self, uint64_t offset, void* buffer, size_t size) {
    auto* reader = static_cast<Reader*>(self);
    if (reader->reads++ == reader->fail_at) return reader->fail_with;
    if (offset + size > reader->bytes.size()) return -1;
    std::memcpy(buffer, reader->bytes.data() + offset, size);
    return static_cast<int64_t>(size);
  }
  static void Release(void* self) { ++static_cast<Reader*>(self)->released; }

  inlay_model_source Source() {
    inlay_model_source source = INLAY_MODEL_SOURCE_INIT;
    source.kind = INLAY_SOURCE_READER;
    source.size = bytes.size();
    source.read = Read;
    source.user_data = this;
    source.release = Release;
    return source;
  }
};

class SourceTest : public testing::Test {
 protected:
  void SetUp() override {
    inlay_context_options options = INLAY_CONTEXT_OPTIONS_INIT;
    options.thread_count = 1;
    ASSERT_OK(inlay_context_create(&options, &context, &error));
  }
  void TearDown() override {
    inlay_load_release(load);
    inlay_model_release(model);
    inlay_context_release(context);
  }
  inlay_status Open(const inlay_model_source& source) {
    return inlay_model_open(context, &source, nullptr, &model, &error);
  }
  void ExpectTinyLlama() {
    inlay_model_info info = INLAY_MODEL_INFO_INIT;
    ASSERT_OK(inlay_model_get_info(model, &info, &error));
    EXPECT_STREQ(info.architecture, "llama");
    EXPECT_EQ(info.runnable, 1);
  }

  Reader reader;  // outlives what TearDown releases
  inlay_error error = INLAY_ERROR_INIT;
  inlay_context* context = nullptr;
  inlay_model* model = nullptr;
  inlay_load* load = nullptr;
};

TEST_F(SourceTest, Memory) {
  inlay_model_source source = INLAY_MODEL_SOURCE_INIT;
  source.kind = INLAY_SOURCE_MEMORY;
  source.data = reader.bytes.data();
  source.size = reader.bytes.size();
  source.user_data = &reader;
  source.release = Reader::Release;
  ASSERT_OK(Open(source));
  ExpectTinyLlama();
  EXPECT_EQ(reader.released, 0);
  inlay_model_release(model);
  model = nullptr;
  EXPECT_EQ(reader.released, 1);
}

TEST_F(SourceTest, Descriptor) {
  const int fd = open(inlay_test::ModelPath().c_str(), O_RDONLY);
  ASSERT_GE(fd, 0);
  inlay_model_source source = INLAY_MODEL_SOURCE_INIT;
  source.kind = INLAY_SOURCE_FD;
  source.fd = fd;
  ASSERT_OK(Open(source));
  close(fd);  // the library has its own
  ExpectTinyLlama();
}

TEST_F(SourceTest, HostReader) {
  ASSERT_OK(Open(reader.Source()));
  ExpectTinyLlama();
  inlay_model_release(model);
  model = nullptr;
  EXPECT_EQ(reader.released, 1);
}

TEST_F(SourceTest, EveryFailedReadIsTypedAndLeavesTheSourceWithTheHost) {
  Reader counting;
  ASSERT_OK(Open(counting.Source()));
  inlay_model_release(model);
  model = nullptr;
  for (int at = 0; at < counting.reads; ++at) {
    SCOPED_TRACE(at);
    Reader reader;
    reader.fail_at = at;
    EXPECT_STATUS(INLAY_ERR_IO, Open(reader.Source()));
    EXPECT_EQ(error.domain, INLAY_DOMAIN_HOST);
    EXPECT_EQ(error.native_code, -42);
    EXPECT_EQ(reader.released, 0);
    EXPECT_EQ(model, nullptr);
    reader.fail_at = reader.reads;
    reader.fail_with = 3;  // a short read
    EXPECT_STATUS(INLAY_ERR_DATA_LOSS, Open(reader.Source()));
  }
}

TEST_F(SourceTest, BadArguments) {
  inlay_model_source source = INLAY_MODEL_SOURCE_INIT;
  EXPECT_STATUS(INLAY_ERR_INVALID_ARGUMENT, Open(source));  // no path
  source.kind = 77;
  EXPECT_STATUS(INLAY_ERR_INVALID_ARGUMENT, Open(source));
  source.kind = INLAY_SOURCE_FD;
  source.fd = -1;
  EXPECT_STATUS(INLAY_ERR_INVALID_ARGUMENT, Open(source));
  source.kind = INLAY_SOURCE_MEMORY;
  EXPECT_STATUS(INLAY_ERR_INVALID_ARGUMENT, Open(source));
  source.kind = INLAY_SOURCE_READER;
  EXPECT_STATUS(INLAY_ERR_INVALID_ARGUMENT, Open(source));
  source = INLAY_MODEL_SOURCE_INIT;
  source.path = "a\0b";
  source.path_size = 3;
  EXPECT_STATUS(INLAY_ERR_INVALID_ARGUMENT, Open(source));
  source.path = "no/such/file.gguf";
  source.path_size = INLAY_NUL;
  EXPECT_STATUS(INLAY_ERR_NOT_FOUND, Open(source));
  source.path = "/";
  EXPECT_STATUS(INLAY_ERR_INVALID_ARGUMENT, Open(source));
}

TEST_F(SourceTest, ADeviceByNameIsNeverReplaced) {
  const inlay_model_source source = reader.Source();
  inlay_model_options options = INLAY_MODEL_OPTIONS_INIT;
  options.device = "cuda:7";
  options.device_size = INLAY_NUL;
  EXPECT_STATUS(INLAY_ERR_NOT_FOUND,
                inlay_model_open(context, &source, &options, &model, &error));
  options.device = nullptr;
  options.device_size = 0;
  options.flags = UINT64_C(1) << 63;
  EXPECT_STATUS(INLAY_ERR_UNSUPPORTED_FIELD,
                inlay_model_open(context, &source, &options, &model, &error));
}

TEST_F(SourceTest, VocabularyOnlyTokenizesAndEstimatesButDoesNotRun) {
  const inlay_model_source source = reader.Source();
  inlay_model_options options = INLAY_MODEL_OPTIONS_INIT;
  options.flags = INLAY_MODEL_VOCABULARY_ONLY;
  ASSERT_OK(inlay_model_open(context, &source, &options, &model, &error));
  inlay_model_info info = INLAY_MODEL_INFO_INIT;
  ASSERT_OK(inlay_model_get_info(model, &info, &error));
  EXPECT_EQ(info.runnable, 0);
  EXPECT_GT(info.not_runnable_reason_size, 0u);
  EXPECT_EQ(info.has_tokenizer, 1);
  size_t count = 0;
  ASSERT_OK(
      inlay_tokenize(model, "hello", INLAY_NUL, 0, nullptr, 0, &count, &error));
  EXPECT_GT(count, 0u);
  inlay_memory_needs needs = INLAY_MEMORY_NEEDS_INIT;
  ASSERT_OK(inlay_memory_estimate(model, nullptr, &needs, &error));
  EXPECT_GT(needs.total, 0u);
  inlay_engine* engine = nullptr;
  EXPECT_STATUS(INLAY_ERR_FAILED_PRECONDITION,
                inlay_engine_create(model, nullptr, &engine, &error));
}

TEST_F(SourceTest, AsynchronousOpening) {
  const inlay_model_source source = reader.Source();
  ASSERT_OK(inlay_model_open_async(context, &source, nullptr, &load, &error));
  ASSERT_OK(inlay_load_wait(load, kLongNs, &error));
  inlay_load_info info = INLAY_LOAD_INFO_INIT;
  ASSERT_OK(inlay_load_get_info(load, &info, &error));
  EXPECT_EQ(info.state, INLAY_LOAD_DONE);
  EXPECT_EQ(info.done, info.total);
  ASSERT_OK(inlay_load_get_model(load, &model, &error));
  ExpectTinyLlama();
  inlay_load_release(load);
  load = nullptr;
  EXPECT_EQ(reader.released, 0);
  inlay_model_release(model);
  model = nullptr;
  EXPECT_EQ(reader.released, 1);
}

TEST_F(SourceTest, AFailedLoadSaysWhyAndReleasesTheSource) {
  reader.fail_at = 0;
  const inlay_model_source source = reader.Source();
  ASSERT_OK(inlay_model_open_async(context, &source, nullptr, &load, &error));
  EXPECT_STATUS(INLAY_ERR_IO, inlay_load_wait(load, kLongNs, &error));
  EXPECT_EQ(error.native_code, -42);
  EXPECT_STATUS(INLAY_ERR_IO, inlay_load_get_model(load, &model, &error));
  inlay_load_release(load);
  load = nullptr;
  EXPECT_EQ(reader.released, 1);
}

// A progress function that cancels.
struct Canceller {
  std::atomic<int> calls{0};
  static int32_t Progress(void* self, const char* stage, size_t size,
                          uint64_t done, uint64_t total) {
    auto* canceller = static_cast<Canceller*>(self);
    EXPECT_EQ(std::strlen(stage), size);
    EXPECT_LE(done, total);
    ++canceller->calls;
    return 1;
  }
};

TEST_F(SourceTest, ProgressCancels) {
  const inlay_model_source source = reader.Source();
  Canceller canceller;
  inlay_model_options options = INLAY_MODEL_OPTIONS_INIT;
  options.progress = Canceller::Progress;
  options.progress_user_data = &canceller;
  EXPECT_STATUS(INLAY_ERR_CANCELLED,
                inlay_model_open(context, &source, &options, &model, &error));
  EXPECT_EQ(canceller.calls, 1);
  EXPECT_EQ(reader.released, 0);
  ASSERT_OK(inlay_model_open_async(context, &source, &options, &load, &error));
  EXPECT_STATUS(INLAY_ERR_CANCELLED, inlay_load_wait(load, kLongNs, &error));
  inlay_load_info info = INLAY_LOAD_INFO_INIT;
  ASSERT_OK(inlay_load_get_info(load, &info, &error));
  EXPECT_EQ(info.state, INLAY_LOAD_CANCELLED);
}

// A progress function that waits for its own load.
struct SelfWaiter {
  std::atomic<inlay_load*> load{nullptr};
  std::atomic<inlay_status> waited{INLAY_OK};
  static int32_t Progress(void* self, const char*, size_t, uint64_t, uint64_t) {
    auto* waiter = static_cast<SelfWaiter*>(self);
    while (waiter->load.load() == nullptr) usleep(100);
    waiter->waited = inlay_load_wait(waiter->load, -1, nullptr);
    return 0;
  }
};

TEST_F(SourceTest, WaitingForALoadInsideItsOwnProgressIsRefused) {
  const inlay_model_source source = reader.Source();
  SelfWaiter waiter;
  inlay_model_options options = INLAY_MODEL_OPTIONS_INIT;
  options.progress = SelfWaiter::Progress;
  options.progress_user_data = &waiter;
  ASSERT_OK(inlay_model_open_async(context, &source, &options, &load, &error));
  waiter.load = load;
  ASSERT_OK(inlay_load_wait(load, kLongNs, &error));
  EXPECT_EQ(waiter.waited, INLAY_ERR_WOULD_DEADLOCK);
}

TEST_F(SourceTest, ReleasingARunningLoadCancelsIt) {
  const inlay_model_source source = reader.Source();
  for (int i = 0; i < 20; ++i) {
    inlay_load* running = nullptr;
    ASSERT_OK(
        inlay_model_open_async(context, &source, nullptr, &running, &error));
    if (i % 2 == 0) {
      ASSERT_OK(inlay_load_cancel(running, &error));
    }
    inlay_load_release(running);
    EXPECT_EQ(reader.released, i + 1);
  }
}

}  // namespace
