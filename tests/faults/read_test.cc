// The host's reader fails, or gives too little, at each read in turn.
#include <atomic>

#include "gtest/gtest.h"
#include "tests/faults/model_bytes.h"

namespace inlay::faults {
namespace {

struct FailingReader {
  std::vector<uint8_t> bytes;
  int64_t fail_at = 0;
  int64_t answer = 0;  // of the failing read: a code, or bytes missing
  int64_t reads = 0;
  int released = 0;

  static int64_t Read(void* self, uint64_t offset, void* buffer, size_t size) {
    auto* reader = static_cast<FailingReader*>(self);
    if (++reader->reads == reader->fail_at) {
      if (reader->answer < 0) return reader->answer;
      const int64_t given = static_cast<int64_t>(size) - reader->answer;
      return given < 0 ? 0 : given;
    }
    if (offset > reader->bytes.size() || size > reader->bytes.size() - offset) {
      return -1000;  // asked for what is not there
    }
    std::memcpy(buffer, reader->bytes.data() + offset, size);
    return static_cast<int64_t>(size);
  }
  static void Release(void* self) {
    ++static_cast<FailingReader*>(self)->released;
  }

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

class FailingReads : public testing::TestWithParam<int64_t> {};

TEST_P(FailingReads, AreTypedErrorsAndLeaveNothing) {
  FailingReader reader;
  reader.bytes = ReadAll(TinyModelPath());
  reader.answer = GetParam();
  inlay_context* context = NewContext(0);
  const inlay_model_source source = reader.Source();
  int64_t total = 1;
  for (int64_t n = 0; n <= total; ++n) {
    reader.fail_at = n;
    reader.reads = reader.released = 0;
    inlay_model* model = nullptr;
    inlay_error error = INLAY_ERROR_INIT;
    const inlay_status status =
        inlay_model_open(context, &source, nullptr, &model, &error);
    if (n == 0) {
      ASSERT_EQ(status, INLAY_OK) << error.message;
      EXPECT_EQ(GenerateTwo(model, &error), INLAY_OK) << error.message;
      total = reader.reads;
    } else if (GetParam() < 0) {
      ASSERT_EQ(status, INLAY_ERR_IO) << "read " << n << error.message;
      EXPECT_EQ(error.domain, INLAY_DOMAIN_HOST);
      EXPECT_EQ(error.native_code, GetParam());
    } else {
      ASSERT_EQ(status, INLAY_ERR_DATA_LOSS) << "read " << n << error.message;
    }
    inlay_model_release(model);
    EXPECT_EQ(reader.released, n == 0 ? 1 : 0) << "read " << n;
    inlay_context_stats stats = INLAY_CONTEXT_STATS_INIT;
    inlay_context_get_stats(context, &stats, nullptr);
    EXPECT_EQ(stats.memory_used_bytes, 0u) << "read " << n;
  }
  inlay_context_release(context);
  std::printf("%lld reads failed in turn\n", static_cast<long long>(total));
}

INSTANTIATE_TEST_SUITE_P(Answers, FailingReads,
                         testing::Values(-5, INT64_MIN, 1, INT64_MAX));

}  // namespace
}  // namespace inlay::faults
