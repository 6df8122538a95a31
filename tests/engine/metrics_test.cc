// The metrics in the Prometheus text format, version 0.0.4.
#include <cstdlib>
#include <set>

#include "absl/strings/str_split.h"
#include "tests/engine/engine_fixture.h"

namespace inlay::engine {
namespace {

bool IsName(std::string_view name) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  return name.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
             "0123456789_:") == name.npos;
}

// What an exposition says, checked on the way.
struct Exposition {
  std::map<std::string, std::string> types;
  std::map<std::string, double> values;  // with their labels
  std::vector<std::string> order;

  void Read(const std::string& text) {
    ASSERT_FALSE(text.empty());
    ASSERT_EQ(text.back(), '\n');
    std::set<std::string> helped;
    std::string family;
    for (std::string_view line :
         absl::StrSplit(text.substr(0, text.size() - 1), '\n')) {
      const std::vector<std::string> words =
          absl::StrSplit(line, absl::MaxSplits(' ', 3));
      if (words[0] == "#") {
        ASSERT_EQ(words.size(), 4u) << line;
        EXPECT_TRUE(IsName(words[2])) << line;
        if (words[1] == "HELP") {
          EXPECT_TRUE(helped.insert(words[2]).second) << line;
          EXPECT_FALSE(words[3].empty());
          continue;
        }
        ASSERT_EQ(words[1], "TYPE") << line;
        EXPECT_TRUE(helped.count(words[2])) << line;
        EXPECT_TRUE(types.emplace(words[2], words[3]).second) << line;
        family = words[2];
        continue;
      }
      ASSERT_EQ(words.size(), 2u) << line;
      Sample(words[0], words[1], family);
    }
  }

  void Sample(const std::string& key, const std::string& number,
              const std::string& family) {
    const std::string name = key.substr(0, key.find('{'));
    EXPECT_TRUE(IsName(name)) << key;
    const std::string& type = types[family];
    if (type == "histogram") {
      EXPECT_TRUE(name == family + "_bucket" || name == family + "_sum" ||
                  name == family + "_count")
          << key;
    } else {
      EXPECT_EQ(name, family);
      EXPECT_TRUE(type == "counter" || type == "gauge") << type;
      const bool total =
          name.size() > 6 && name.compare(name.size() - 6, 6, "_total") == 0;
      EXPECT_EQ(total, type == "counter") << name;
    }
    char* end = nullptr;
    const double value = std::strtod(number.c_str(), &end);
    EXPECT_EQ(*end, '\0') << key << " " << number;
    EXPECT_TRUE(values.emplace(key, value).second) << key;
    order.push_back(key);
  }

  // Buckets rise, the last is the count.
  void CheckHistograms() {
    for (const auto& [family, type] : types) {
      if (type != "histogram") continue;
      double before = 0, bound = -1, last = -1;
      for (const std::string& key : order) {
        const std::string start = family + "_bucket{le=\"";
        if (key.compare(0, start.size(), start) != 0) continue;
        EXPECT_GE(values[key], before) << key;
        before = last = values[key];
        const double le = std::strtod(key.c_str() + start.size(), nullptr);
        EXPECT_GT(le, bound) << key;
        bound = le;
      }
      EXPECT_TRUE(values.count(family + "_bucket{le=\"+Inf\"}")) << family;
      EXPECT_EQ(last, values[family + "_count"]) << family;
      EXPECT_GE(values[family + "_sum"], 0) << family;
    }
  }
};

class EngineMetricsTest : public EngineFixture {
 protected:
  Exposition Read() {
    Exposition exposition;
    exposition.Read(engine_->MetricsText());
    exposition.CheckHistograms();
    return exposition;
  }
};

TEST_F(EngineMetricsTest, OfAnIdleEngine) {
  MakeEngine(HostDriven());
  Exposition metrics = Read();
  EXPECT_EQ(metrics.values["inlay_steps_total"], 0);
  EXPECT_GT(metrics.values["inlay_cache_pages"], 0);
}

TEST_F(EngineMetricsTest, CountWhatHappened) {
  EngineOptions options = Small(256, 9);
  options.swap_bytes = 4096;
  MakeEngine(options);
  auto session = *engine_->CreateSession("");
  for (int32_t i = 0; i < 10; ++i) {
    MustSubmit(Tokens(Prompt(40, i / 2), 60));
  }
  const uint64_t cancelled = MustSubmit(Tokens(Prompt(4, 1), 60));
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(engine_->Step().ok());
  ASSERT_TRUE(engine_->Cancel(cancelled, CancelMode::kStop).ok());
  Read();
  RunToEnd();
  Exposition metrics = Read();
  const EngineStats stats = engine_->stats();
  auto& values = metrics.values;
  EXPECT_EQ(values["inlay_requests_submitted_total"], 11);
  EXPECT_EQ(values["inlay_requests_ended_total{result=\"finished\"}"], 10);
  EXPECT_EQ(values["inlay_requests_ended_total{result=\"cancelled\"}"], 1);
  EXPECT_EQ(values["inlay_requests_ended_total{result=\"failed\"}"], 0);
  EXPECT_EQ(values["inlay_steps_total"], static_cast<double>(stats.steps));
  EXPECT_EQ(values["inlay_step_rows_count"], static_cast<double>(stats.steps));
  EXPECT_EQ(values["inlay_step_rows_sum"], static_cast<double>(control_->rows));
  EXPECT_EQ(values["inlay_generated_tokens_total"],
            static_cast<double>(stats.generated_tokens));
  EXPECT_EQ(values["inlay_preemptions_total{mode=\"swap\"}"],
            static_cast<double>(stats.preempted_swap));
  EXPECT_EQ(values["inlay_request_seconds_count"], 11);
  EXPECT_EQ(values["inlay_sessions"], 1);
  EXPECT_EQ(values["inlay_requests_running"], 0);
  EXPECT_EQ(values["inlay_cache_pages_used"], 0);
}

TEST_F(EngineMetricsTest, LargeNumbersStayNumbers) {
  MakeEngine(Small(512, 64));
  for (int32_t i = 0; i < 300; ++i) {
    MustSubmit(Tokens(Prompt(10, i), 450));
    if (i % 30 == 29) RunToEnd();
  }
  Exposition metrics = Read();
  EXPECT_EQ(metrics.values["inlay_generated_tokens_total"], 300 * 450);
  EXPECT_EQ(metrics.values["inlay_step_rows_sum"],
            static_cast<double>(control_->rows));
}

}  // namespace
}  // namespace inlay::engine
