#include <inlay/inlay.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <string>

#include "gtest/gtest.h"
#include "tests/capi/fixture.h"

namespace {

// A host's allocator that counts, and refuses beyond `limit` bytes.
struct CountingHeap {
  std::atomic<int64_t> blocks{0};
  std::atomic<int64_t> bytes{0};
  std::atomic<int64_t> largest_alignment{0};
  int64_t limit = INT64_MAX;
  std::atomic<int> released{0};

  static void* Allocate(void* self, size_t bytes, size_t alignment) {
    auto* heap = static_cast<CountingHeap*>(self);
    const auto size = static_cast<int64_t>(bytes);
    if (heap->bytes + size > heap->limit) return nullptr;
    ++heap->blocks;
    heap->bytes += size;
    const size_t rounded = (bytes + alignment - 1) / alignment * alignment;
    return std::aligned_alloc(alignment, rounded);
  }
  static void Free(void* self, void* block, size_t bytes, size_t) {
    auto* heap = static_cast<CountingHeap*>(self);
    --heap->blocks;
    heap->bytes -= static_cast<int64_t>(bytes);
    std::free(block);
  }
  static void Release(void* self) {
    ++static_cast<CountingHeap*>(self)->released;
  }
};

inlay_context_options HeapOptions(CountingHeap* heap) {
  inlay_context_options options = INLAY_CONTEXT_OPTIONS_INIT;
  options.thread_count = 1;
  options.allocate = CountingHeap::Allocate;
  options.free = CountingHeap::Free;
  options.allocator_user_data = heap;
  options.allocator_release = CountingHeap::Release;
  return options;
}

inlay_model_source PathSource(const std::string& path) {
  inlay_model_source source = INLAY_MODEL_SOURCE_INIT;
  source.path = path.data();
  source.path_size = path.size();
  return source;
}

TEST(ContextTest, AnArchitectureHoldsForItsContextAlone) {
  // Of a built-in name, but for another activation: only if it is used.
  constexpr char kOther[] = R"(schema_version: 4
    gguf_name: "llama" norm_kind: NORM_RMS
    hyperparameters {
      context_length { gguf: "no.such.key" }
      embedding_length { gguf: "{arch}.embedding_length" }
      block_count { gguf: "{arch}.block_count" }
    }
    embedding { tokens { gguf: "token_embd.weight" } }
    attention {})";
  inlay_error error = INLAY_ERROR_INIT;
  inlay_context *changed = nullptr, *other = nullptr;
  ASSERT_EQ(INLAY_OK, inlay_context_create(nullptr, &changed, &error));
  ASSERT_EQ(INLAY_OK, inlay_context_create(nullptr, &other, &error));
  EXPECT_STATUS(
      INLAY_ERR_FAILED_PRECONDITION,
      inlay_context_add_architecture(changed, kOther, INLAY_NUL, 0, &error));
  EXPECT_NE(std::string(error.message).find("gguf_name: \"llama\""),
            std::string::npos)
      << error.message;
  EXPECT_STATUS(INLAY_ERR_UNSUPPORTED_FIELD,
                inlay_context_add_architecture(changed, kOther, INLAY_NUL,
                                               uint64_t{1} << 40, &error));
  EXPECT_STATUS(INLAY_OK, inlay_context_add_architecture(
                              changed, kOther, INLAY_NUL,
                              INLAY_ARCHITECTURE_REPLACE, &error));
  const std::string path = inlay_test::ModelPath();
  const inlay_model_source source = PathSource(path);
  inlay_model* model = nullptr;
  EXPECT_STATUS(INLAY_ERR_INVALID_ARGUMENT,
                inlay_model_open(changed, &source, nullptr, &model, &error));
  EXPECT_NE(std::string(error.message).find("no.such.key"), std::string::npos)
      << error.message;
  EXPECT_STATUS(INLAY_OK,
                inlay_model_open(other, &source, nullptr, &model, &error));
  inlay_model_release(model);
  inlay_context_release(changed);
  inlay_context_release(other);
}

TEST(ContextTest, RefusesWhatItCannotUse) {
  inlay_error error = INLAY_ERROR_INIT;
  inlay_context* context = nullptr;
  inlay_context_options options = INLAY_CONTEXT_OPTIONS_INIT;
  options.thread_count = -1;
  EXPECT_STATUS(INLAY_ERR_OUT_OF_RANGE,
                inlay_context_create(&options, &context, &error));
  options = INLAY_CONTEXT_OPTIONS_INIT;
  options.allocate = CountingHeap::Allocate;
  EXPECT_STATUS(INLAY_ERR_INVALID_ARGUMENT,
                inlay_context_create(&options, &context, &error));
  options = INLAY_CONTEXT_OPTIONS_INIT;
  options.log_level = 9;
  EXPECT_STATUS(INLAY_ERR_OUT_OF_RANGE,
                inlay_context_create(&options, &context, &error));
  options = INLAY_CONTEXT_OPTIONS_INIT;
  options.reserved0 = 1;
  EXPECT_STATUS(INLAY_ERR_UNSUPPORTED_FIELD,
                inlay_context_create(&options, &context, &error));
  options.struct_size = 0;
  EXPECT_STATUS(INLAY_ERR_INVALID_ARGUMENT,
                inlay_context_create(&options, &context, &error));
  EXPECT_EQ(context, nullptr);
}

TEST(ContextTest, LargeBlocksComeFromTheHostAndGoBack) {
  inlay_error error = INLAY_ERROR_INIT;
  CountingHeap heap;
  const inlay_context_options options = HeapOptions(&heap);
  inlay_context* context = nullptr;
  ASSERT_OK(inlay_context_create(&options, &context, &error));
  const std::string path = inlay_test::ModelPath();
  const inlay_model_source source = PathSource(path);
  inlay_model* model = nullptr;
  ASSERT_OK(inlay_model_open(context, &source, nullptr, &model, &error));
  EXPECT_GT(heap.bytes, 0);
  inlay_context_stats stats = INLAY_CONTEXT_STATS_INIT;
  ASSERT_OK(inlay_context_get_stats(context, &stats, &error));
  EXPECT_GE(stats.memory_used_bytes, static_cast<uint64_t>(heap.bytes));
  EXPECT_GE(stats.memory_peak_bytes, stats.memory_used_bytes);
  inlay_context_release(context);
  EXPECT_EQ(heap.released, 0);  // the model still holds it
  inlay_model_release(model);
  EXPECT_EQ(heap.blocks, 0);
  EXPECT_EQ(heap.bytes, 0);
  EXPECT_EQ(heap.released, 1);
}

TEST(ContextTest, ARefusedBlockOrAFullBudgetIsAnError) {
  inlay_error error = INLAY_ERROR_INIT;
  const std::string path = inlay_test::ModelPath();
  const inlay_model_source source = PathSource(path);
  for (const bool by_budget : {false, true}) {
    CountingHeap heap;
    inlay_context_options options = HeapOptions(&heap);
    if (by_budget) {
      options.memory_budget_bytes = 1000;
    } else {
      heap.limit = 1000;
    }
    inlay_context* context = nullptr;
    ASSERT_OK(inlay_context_create(&options, &context, &error));
    inlay_model* model = nullptr;
    EXPECT_STATUS(INLAY_ERR_RESOURCE_EXHAUSTED,
                  inlay_model_open(context, &source, nullptr, &model, &error));
    EXPECT_EQ(model, nullptr);
    EXPECT_EQ(heap.blocks, 0);
    inlay_context_release(context);
    EXPECT_EQ(heap.released, 1);
  }
}

TEST(ContextTest, DevicesSayWhatTheyAre) {
  inlay_error error = INLAY_ERROR_INIT;
  inlay_context* context = nullptr;
  ASSERT_OK(inlay_context_create(nullptr, &context, &error));
  size_t count = 0;
  ASSERT_OK(inlay_device_count(context, &count, &error));
  ASSERT_GE(count, 1u);
  inlay_device_info info = INLAY_DEVICE_INFO_INIT;
  ASSERT_OK(inlay_device_get_info(context, 0, &info, &error));
  EXPECT_STREQ(info.name, "cpu");
  EXPECT_EQ(info.usable, 1);
  EXPECT_GT(info.memory_bytes, 0u);
  EXPECT_EQ(info.reason_size, 0u);
  EXPECT_STATUS(INLAY_ERR_OUT_OF_RANGE,
                inlay_device_get_info(context, count, &info, &error));
  inlay_context_release(context);
}

TEST(ContextTest, TheChildAfterForkIsTold) {
  inlay_error error = INLAY_ERROR_INIT;
  inlay_context* context = nullptr;
  ASSERT_OK(inlay_context_create(nullptr, &context, &error));
  const pid_t child = fork();
  if (child == 0) {
    size_t count = 0;
    const bool told =
        inlay_device_count(context, &count, nullptr) == INLAY_ERR_FORKED;
    inlay_context_release(context);  // harmless
    inlay_context* own = nullptr;
    const bool fresh =
        inlay_context_create(nullptr, &own, nullptr) == INLAY_OK &&
        inlay_device_count(own, &count, nullptr) == INLAY_OK;
    _exit(told && fresh ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  size_t count = 0;
  EXPECT_STATUS(INLAY_OK, inlay_device_count(context, &count, &error));
  inlay_context_release(context);
}

struct Lines {
  std::atomic<int> count{0};
  std::atomic<int> released{0};
  static void Log(void* self, int32_t level, const char* text, size_t size) {
    EXPECT_GE(level, INLAY_LOG_ERROR);
    EXPECT_LE(level, INLAY_LOG_INFO);
    EXPECT_EQ(std::string(text).size(), size);
    ++static_cast<Lines*>(self)->count;
  }
  static void Release(void* self) { ++static_cast<Lines*>(self)->released; }
};

TEST(ContextTest, LogsGoToTheSinkWithItsLevel) {
  inlay_error error = INLAY_ERROR_INIT;
  Lines lines;
  inlay_context_options options = INLAY_CONTEXT_OPTIONS_INIT;
  options.log = Lines::Log;
  options.log_user_data = &lines;
  options.log_release = Lines::Release;
  options.log_level = INLAY_LOG_INFO;
  inlay_context* context = nullptr;
  ASSERT_OK(inlay_context_create(&options, &context, &error));
  const std::string path = inlay_test::ModelPath();
  const inlay_model_source source = PathSource(path);
  inlay_model* model = nullptr;
  inlay_engine* engine = nullptr;
  ASSERT_OK(inlay_model_open(context, &source, nullptr, &model, &error));
  ASSERT_OK(inlay_engine_create(model, nullptr, &engine, &error));
  EXPECT_GT(lines.count, 0);  // what the engine chose
  inlay_engine_release(engine);
  inlay_model_release(model);
  EXPECT_EQ(lines.released, 0);
  inlay_context_release(context);
  EXPECT_EQ(lines.released, 1);
}

}  // namespace
