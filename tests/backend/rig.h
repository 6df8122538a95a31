// A tiny model loaded into the CPU backend, with an executor.
#ifndef INLAY_TESTS_BACKEND_RIG_H_
#define INLAY_TESTS_BACKEND_RIG_H_

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "cpp/backend/cpu/cpu_backend.h"
#include "kernels/cpu/linear.h"
#include "tests/backend/step_driver.h"
#include "tests/backend/tiny_model.h"

namespace inlay::backend {

inline constexpr int32_t kPageTokens = 16;
inline constexpr int32_t kPages = 64;

// A loaded model with an executor.
struct Rig {
  std::shared_ptr<MemoryPool> pool = MemoryPool::Create(nullptr, 0);
  std::unique_ptr<ThreadPool> threads;
  std::unique_ptr<Backend> backend = CreateCpuBackend();
  std::shared_ptr<Weights> weights;
  std::unique_ptr<Executor> executor;
  int32_t page_tokens = kPageTokens;
  int32_t vocabulary = 0;

  StatusOr<std::vector<std::vector<float>>> Run(
      const std::vector<DrivenRequest>& requests) {
    return StepDriver(*executor, page_tokens, vocabulary).Run(requests);
  }
};

struct RigOptions {
  int threads = 1;
  std::string isa = "auto";
  KvType kv_type = KvType::kAuto;
  int32_t page_tokens = kPageTokens;
  bool in_place = false;
};

// Whether this processor and build can run an instruction set.
inline bool HasIsa(const std::string& name) {
  using kernels::cpu::Isa;
  for (Isa isa : kernels::cpu::kIsas) {
    if (name == kernels::cpu::IsaName(isa)) {
      return kernels::cpu::IsaSupported(isa);
    }
  }
  return false;
}

inline Rig MakeRig(const TinyModel& model, const RigOptions& options) {
  Rig rig;
  rig.threads = *ThreadPool::Create({.thread_count = options.threads});
  rig.page_tokens = options.page_tokens;
  rig.vocabulary = model.plan->vocabulary_size;
  auto weights = rig.backend->LoadWeights(
      model.file, model.plan,
      {.in_place = options.in_place, .isa = options.isa}, rig.pool,
      rig.threads.get(), nullptr);
  EXPECT_TRUE(weights.ok()) << weights.status();
  rig.weights = *weights;
  auto executor = rig.weights->CreateExecutor(
      {.max_rows = 512,
       .max_logits_rows = 512,
       .page_tokens = options.page_tokens,
       .page_count = kPages * kPageTokens / options.page_tokens,
       .kv_type = options.kv_type});
  EXPECT_TRUE(executor.ok()) << executor.status();
  rig.executor = *std::move(executor);
  return rig;
}

inline std::vector<int32_t> RandomTokens(int32_t count, int32_t vocabulary,
                                         uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<int32_t> tokens;
  for (int32_t i = 0; i < count; ++i) {
    tokens.push_back(static_cast<int32_t>(random() % vocabulary));
  }
  return tokens;
}

}  // namespace inlay::backend

#endif  // INLAY_TESTS_BACKEND_RIG_H_
