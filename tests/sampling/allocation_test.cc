// Steady state allocates nothing: every operator new of this binary counts.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <new>
#include <vector>

#include "cpp/sampling/sampler.h"
#include "gtest/gtest.h"

namespace {
std::atomic<int> allocations = 0;
}  // namespace

void* operator new(size_t size) {
  ++allocations;
  if (void* block = std::malloc(size)) return block;
  throw std::bad_alloc();
}
void* operator new(size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size);
}
void operator delete(void* block) noexcept { std::free(block); }
void operator delete(void* block, size_t) noexcept { std::free(block); }

namespace inlay::sampling {
namespace {

TEST(SamplerAllocationTest, NoneAfterTheFirstRow) {
  constexpr int kVocabulary = 3000;
  std::vector<float> logits(kVocabulary);
  for (int i = 0; i < kVocabulary; ++i) {
    logits[i] = 3 * std::sin(static_cast<float>(i * i % 1013));
  }
  const std::vector<int32_t> history = {1, 2, 3, 1000, 2999};
  std::vector<SamplingParams> variants(12);
  for (size_t i = 1; i < variants.size(); ++i) variants[i].temperature = 1;
  variants[0].logprobs = 5;
  variants[2].top_k = 40;
  variants[3].top_p = 0.9f;
  variants[4].min_p = 0.1f;
  variants[5].typical_p = 0.5f;
  variants[6].top_k = 2000;
  variants[6].logprobs = 20;
  variants[7].repetition_penalty = 1.1f;
  variants[7].frequency_penalty = 1.0f;
  variants[7].logit_bias = {{7, 1.0f}};
  variants[7].logprobs = 20;
  variants[8].mirostat = 1;
  variants[9].mirostat = 2;
  variants[10].xtc_probability = 0.5f;
  variants[10].top_k = 600;
  variants[11].no_repeat_ngram = 2;
  variants[11].dry_multiplier = 1;
  variants[11].dry_breakers = {{5}, {6, 7}};
  variants[11].min_tokens = 20;
  variants[11].end_ids = {1};
  Sampler sampler(kVocabulary);
  SampleOutput output;
  std::vector<float> row(kVocabulary);
  int before = 0;
  for (uint64_t round = 0; round < 50; ++round) {
    if (round == 2) before = allocations;
    for (const SamplingParams& params : variants) {
      std::copy(logits.begin(), logits.end(), row.begin());
      const SampleInput input = {&params, history, history, round};
      ASSERT_TRUE(sampler.Sample(std::span(row), input, &output).ok());
    }
  }
  EXPECT_EQ(allocations, before);
}

}  // namespace
}  // namespace inlay::sampling
