// The trace of steps: JSON that a viewer reads, whose parts make up the whole.
#include <cctype>
#include <cstdlib>

#include "tests/engine/engine_fixture.h"

namespace inlay::engine {
namespace {

// A JSON value of RFC 8259, checked only for its form.
class JsonCheck {
 public:
  explicit JsonCheck(std::string_view text) : rest_(text) {}
  bool Whole() {
    Space();
    if (!Value(0)) return false;
    Space();
    return rest_.empty();
  }

 private:
  void Space() {
    const size_t at = rest_.find_first_not_of(" \t\r\n");
    rest_.remove_prefix(at == std::string_view::npos ? rest_.size() : at);
  }
  bool Take(char c) {
    Space();
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool String() {
    if (!Take('"')) return false;
    const size_t end = rest_.find('"');
    if (end == std::string_view::npos) return false;
    const bool plain =
        rest_.substr(0, end).find('\\') == std::string_view::npos;
    rest_.remove_prefix(end + 1);
    return plain;
  }
  bool Number() {
    size_t i = 0;
    const auto digits = [&] {
      const size_t begin = i;
      while (i < rest_.size() && std::isdigit(rest_[i])) ++i;
      return i > begin;
    };
    if (i < rest_.size() && rest_[i] == '-') ++i;
    if (!digits()) return false;
    if (i < rest_.size() && rest_[i] == '.' && (++i, !digits())) return false;
    rest_.remove_prefix(i);
    return true;
  }
  bool List(char end, bool keys, int depth) {
    if (Take(end)) return true;
    do {
      if (keys && !(String() && Take(':'))) return false;
      if (!Value(depth + 1)) return false;
    } while (Take(','));
    return Take(end);
  }
  bool Value(int depth) {
    Space();
    if (depth > 8 || rest_.empty()) return false;
    if (Take('{')) return List('}', true, depth);
    if (Take('[')) return List(']', false, depth);
    return rest_.front() == '"' ? String() : Number();
  }

  std::string_view rest_;
};

// Moves on with every look.
class TickingClock final : public Clock {
 public:
  int64_t NowNs() const override { return now_ += 1000 + now_ % 7 * 333; }

 private:
  mutable std::atomic<int64_t> now_{1};
};

struct Slice {
  std::string name;
  double begin = 0, length = 0;
};

class EngineTraceTest : public EngineFixture {
 protected:
  static double Field(std::string_view line, std::string_view key) {
    const size_t at = line.find(absl::StrCat("\"", key, "\":"));
    EXPECT_NE(at, std::string_view::npos) << key << " in " << line;
    if (at == std::string_view::npos) return 0;
    return std::atof(std::string(line.substr(at + key.size() + 3)).c_str());
  }
  // The "complete" events in their order.
  static std::vector<Slice> Slices(const std::string& json) {
    std::vector<Slice> slices;
    for (size_t at = 0; (at = json.find("{\"name\":\"", at)) != json.npos;) {
      at += 9;
      const std::string_view line =
          std::string_view(json).substr(at, json.find('\n', at) - at);
      if (line.find("\"ph\":\"X\"") == line.npos) continue;
      slices.push_back({std::string(line.substr(0, line.find('"'))),
                        Field(line, "ts"), Field(line, "dur")});
    }
    return slices;
  }
};

TEST_F(EngineTraceTest, PartsMakeUpTheirStep) {
  const TickingClock clock;
  EngineOptions options = Small(256, 9);
  options.swap_bytes = 4096;
  options.clock = &clock;
  MakeEngine(options);
  EXPECT_EQ(engine_->StopTrace().status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_FALSE(engine_->StartTrace(0).ok());
  EXPECT_FALSE(engine_->StartTrace(-1).ok());
  ASSERT_TRUE(engine_->StartTrace(10000).ok());
  for (int32_t i = 0; i < 8; ++i) MustSubmit(Tokens(Prompt(40, i), 60));
  std::vector<float> logits(100 * kVocabulary);
  ASSERT_TRUE(engine_->Score(Prompt(100, 1), logits.data()).ok());
  RunToEnd();
  const auto json = engine_->StopTrace();
  ASSERT_TRUE(json.ok());
  EXPECT_TRUE(JsonCheck(*json).Whole());
  const auto slices = Slices(*json);
  uint64_t steps = 0;
  double end = 0, at = 0, left = 0;
  for (const Slice& slice : slices) {
    if (slice.name == "step") {
      EXPECT_NEAR(left, 0, 0.01);
      EXPECT_GE(slice.begin, end - 0.01);  // one after the other
      ++steps;
      at = slice.begin;
      left = slice.length;
      end = slice.begin + slice.length;
      continue;
    }
    EXPECT_NEAR(slice.begin, at, 0.01);
    EXPECT_GT(slice.length, 0);
    at += slice.length;
    left -= slice.length;
  }
  EXPECT_NEAR(left, 0, 0.01);
  EXPECT_EQ(steps, engine_->stats().steps);
  EXPECT_FALSE(engine_->StopTrace().ok());
}

TEST_F(EngineTraceTest, TheFirstStepsStay) {
  MakeEngine(HostDriven());
  ASSERT_TRUE(engine_->StartTrace(3).ok());
  MustSubmit(Tokens(Prompt(5, 1), 10));
  RunToEnd();
  auto json = engine_->StopTrace();
  ASSERT_TRUE(json.ok());
  EXPECT_TRUE(JsonCheck(*json).Whole());
  size_t steps = 0;
  for (const Slice& slice : Slices(*json)) steps += slice.name == "step";
  EXPECT_EQ(steps, 3u);
  // Starting again forgets.
  ASSERT_TRUE(engine_->StartTrace(3).ok());
  ASSERT_TRUE(engine_->StartTrace(5).ok());
  json = engine_->StopTrace();
  ASSERT_TRUE(json.ok());
  EXPECT_TRUE(JsonCheck(*json).Whole());
  EXPECT_TRUE(Slices(*json).empty());
}

TEST_F(EngineTraceTest, SwitchedWhileStepsRun) {
  MakeEngine({});
  for (int32_t i = 0; i < 8; ++i) MustSubmit(Tokens(Prompt(40, i), 400));
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(engine_->StartTrace(100).ok());
    const auto json = engine_->StopTrace();
    ASSERT_TRUE(json.ok());
    EXPECT_TRUE(JsonCheck(*json).Whole());
  }
  Outputs outputs;
  PollUntil(8, &outputs);
}

}  // namespace
}  // namespace inlay::engine
