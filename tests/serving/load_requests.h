// Random requests of every kind, the same for the same seed.
#ifndef INLAY_TESTS_SERVING_LOAD_REQUESTS_H_
#define INLAY_TESTS_SERVING_LOAD_REQUESTS_H_

#include <cstdint>
#include <random>
#include <vector>

#include "cpp/engine/request.h"

namespace inlay::serving {

struct RequestMix {
  int32_t most_prompt = 3000;  // lengths are log-uniform from 1
  int32_t most_tokens = 24;
  int32_t most_long = 160;  // of some answers
  int32_t families = 5;     // beginnings that prompts share
};

class RandomRequests {
 public:
  RandomRequests(uint32_t seed, const RequestMix& mix);
  // Greedy or seeded; penalties, bias, log-probabilities of answer and prompt,
  // stops, several choices, beams.
  engine::Request Next();

 private:
  int32_t Below(int32_t n);  // uniform in [0, n)
  bool OneIn(int32_t n) { return Below(n) == 0; }
  float Real(float low, float high);
  std::vector<int32_t> Prompt();
  void AddRules(sampling::SamplingParams* params);
  void AddCuts(sampling::SamplingParams* params);
  void AddChoices(engine::Request* request);

  std::mt19937 random_;
  const RequestMix mix_;
  std::vector<std::vector<int32_t>> families_;
};

}  // namespace inlay::serving

#endif  // INLAY_TESTS_SERVING_LOAD_REQUESTS_H_
