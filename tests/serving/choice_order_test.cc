// What a request with several answers says does not depend on which of them
// ended first.
#include <algorithm>
#include <vector>

#include "tests/engine/engine_fixture.h"

namespace inlay::engine {
namespace {

class ChoiceOrderTest : public EngineFixture {
 protected:
  static constexpr int32_t kAnswer = 12;

  // With a stop token that the last of `size` choices draws in the middle and
  // no other ever draws.
  Request Uneven(int32_t size) {
    for (uint64_t seed = 1;; ++seed) {
      const std::vector<int32_t> prompt = Prompt(5, 1);
      const std::vector<int32_t> last =
          Drawn(prompt, kAnswer, seed + static_cast<uint64_t>(size) - 1);
      const int32_t stop = last[4];
      bool alone = std::count(last.begin(), last.begin() + 4, stop) == 0;
      for (int32_t i = 0; i + 1 < size; ++i) {
        const auto other =
            Drawn(prompt, kAnswer, seed + static_cast<uint64_t>(i));
        alone = alone && std::count(other.begin(), other.end(), stop) == 0;
      }
      if (!alone) continue;
      Request request = Tokens(prompt, kAnswer);
      request.sampling.temperature = 1;
      request.sampling.seed = seed;
      request.stop_tokens = {stop};
      return request;
    }
  }
};

TEST_F(ChoiceOrderTest, TheRequestEndsAsItsFirstChoiceDoes) {
  MakeEngine(HostDriven());
  Request request = Uneven(2);
  request.choices.count = 2;
  const uint64_t id = MustSubmit(std::move(request));
  const Outputs outputs = RunToEnd();
  const Output& output = outputs.at(id);
  EXPECT_EQ(output.choices.at(0).reason, FinishReason::kLength);
  EXPECT_EQ(output.choices.at(1).reason, FinishReason::kStop);
  EXPECT_EQ(output.reason, FinishReason::kLength);
}

TEST_F(ChoiceOrderTest, OfEquallyGoodAnswersTheFirstChoicesAreReturned) {
  MakeEngine(HostDriven());
  Request request = Uneven(3);
  request.choices.count = 2;
  request.choices.best_of = 3;  // all are as likely on this backend
  const std::vector<int32_t> prompt = request.parts[0].tokens;
  const uint64_t seed = request.sampling.seed;
  const uint64_t id = MustSubmit(std::move(request));
  const Outputs outputs = RunToEnd();
  const Output& output = outputs.at(id);
  EXPECT_EQ(output.choices.at(0).tokens, Drawn(prompt, kAnswer, seed));
  EXPECT_EQ(output.choices.at(1).tokens, Drawn(prompt, kAnswer, seed + 1));
  EXPECT_EQ(output.reason, FinishReason::kLength);
}

}  // namespace
}  // namespace inlay::engine
