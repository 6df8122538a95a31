// Damaged files: every bit of the header, every length. Each gives a typed
// error, or a model that runs inside its budget.
#include <stdlib.h>

#include <chrono>
#include <cstdio>
#include <map>

#include "gtest/gtest.h"
#include "tests/faults/model_bytes.h"

namespace inlay::faults {
namespace {

constexpr uint64_t kBudget = 64 << 20;
// A call takes two seconds at most; test machines are busy.
constexpr double kHangSeconds = 10;

bool All() { return getenv("INLAY_TEST_ALL") != nullptr; }

class Damage : public testing::Test {
 protected:
  void SetUp() override {
    original_ = ReadAll(TinyModelPath());
    context_ = NewContext(kBudget);
    ASSERT_NE(context_, nullptr);
    inlay_error error = INLAY_ERROR_INIT;
    ASSERT_EQ(Try(original_.data(), original_.size(), &error), INLAY_OK)
        << error.message;
    header_ = HeaderBytes();
    ASSERT_GT(header_, 1000u);
    outcomes_.clear();
  }
  void TearDown() override {
    inlay_context_stats stats = INLAY_CONTEXT_STATS_INIT;
    EXPECT_EQ(inlay_context_get_stats(context_, &stats, nullptr), INLAY_OK);
    EXPECT_EQ(stats.memory_used_bytes, 0u);
    EXPECT_LE(stats.memory_peak_bytes, kBudget);
    inlay_context_release(context_);
    for (const auto& [what, count] : outcomes_) {
      std::printf("  %7d %s\n", count, what.c_str());
    }
  }

  // Opens, creates an engine, generates two tokens; counts the outcome.
  inlay_status Try(const uint8_t* data, size_t size, inlay_error* error) {
    const auto start = std::chrono::steady_clock::now();
    const inlay_model_source source = MemorySource(data, size);
    inlay_model* model = nullptr;
    const char* stage = "opening: ";
    inlay_status status =
        inlay_model_open(context_, &source, nullptr, &model, error);
    if (status == INLAY_OK) {
      stage = "running: ";
      status = GenerateTwo(model, error);
    }
    inlay_model_release(model);
    const std::chrono::duration<double> spent =
        std::chrono::steady_clock::now() - start;
    EXPECT_LT(spent.count(), kHangSeconds);
    ++outcomes_[status == INLAY_OK
                    ? "runs"
                    : stage + std::string(inlay_status_name(status))];
    EXPECT_NE(status, INLAY_ERR_INTERNAL) << error->message;
    EXPECT_EQ(status != INLAY_OK, error->message_size > 0);
    return status;
  }

  // Where the first tensor's data begins.
  uint64_t HeaderBytes() {
    const inlay_model_source source =
        MemorySource(original_.data(), original_.size());
    inlay_model* model = nullptr;
    inlay_model_open(context_, &source, nullptr, &model, nullptr);
    size_t count = 0;
    inlay_model_tensor_count(model, &count, nullptr);
    uint64_t first = original_.size();
    for (size_t i = 0; i < count; ++i) {
      inlay_tensor_info info = INLAY_TENSOR_INFO_INIT;
      inlay_model_tensor_get_info(model, i, &info, nullptr);
      first = std::min(first, info.offset);
    }
    inlay_model_release(model);
    return first;
  }

  std::vector<uint8_t> original_;
  inlay_context* context_ = nullptr;
  uint64_t header_ = 0;
  std::map<std::string, int> outcomes_;
};

TEST_F(Damage, AnyBitOfTheHeaderMayFlip) {
  const uint64_t bits = header_ * 8;
  // 2503 is prime: the sample meets all bits of all bytes alike.
  const uint64_t stride = All() ? 1 : std::max<uint64_t>(1, bits / 2503);
  std::vector<uint8_t> damaged = original_;
  for (uint64_t bit = 0; bit < bits; bit += bit < 2048 ? 1 : stride) {
    damaged[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    inlay_error error = INLAY_ERROR_INIT;
    Try(damaged.data(), damaged.size(), &error);
    ASSERT_FALSE(HasFailure()) << "bit " << bit << ": " << error.message;
    damaged[bit / 8] = original_[bit / 8];
  }
  std::printf("flipped bits of a header of %llu bytes:\n",
              static_cast<unsigned long long>(header_));
}

TEST_F(Damage, AnyLengthIsAnErrorThatSaysSo) {
  const uint64_t stride = All() ? 1 : std::max<uint64_t>(1, header_ / 1999);
  const uint64_t data_stride = All() ? 97 : 4999;
  // Exact-size copies, so that a read past the end is seen.
  for (uint64_t size = 1; size < original_.size(); size += size < 256 ? 1
                                                           : size < header_
                                                               ? stride
                                                               : data_stride) {
    const std::vector<uint8_t> cut(original_.begin(),
                                   original_.begin() + static_cast<long>(size));
    inlay_error error = INLAY_ERROR_INIT;
    const inlay_status status = Try(cut.data(), cut.size(), &error);
    ASSERT_NE(status, INLAY_OK) << size << " bytes";
    ASSERT_FALSE(HasFailure()) << size << " bytes: " << error.message;
  }
  std::printf("lengths of a file of %zu bytes:\n", original_.size());
}

}  // namespace
}  // namespace inlay::faults
