// A saved conversation goes on in another process as if nothing had happened,
// and a damaged file is refused or gives a session that runs within bounds.
#include <sys/wait.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/serving/load_answers.h"
#include "tests/serving/load_model.h"
#include "tests/serving/load_session.h"

namespace inlay::serving {
namespace {

using backend::KvType;
using engine::Engine;

bool RunAll() { return std::getenv("INLAY_TEST_ALL") != nullptr; }

std::vector<int32_t> Prompt(int32_t length, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<int32_t> tokens;
  for (int32_t i = 0; i < length; ++i) {
    tokens.push_back(static_cast<int32_t>(random() % kVocabulary));
  }
  return tokens;
}

std::shared_ptr<Engine> MakeEngine(std::shared_ptr<engine::Model> model,
                                   KvType kv_type) {
  engine::EngineOptions options = SessionOptions();
  options.kv_type = kv_type;
  auto engine = Engine::Create(std::move(model), options);
  EXPECT_TRUE(engine.ok()) << engine.status();
  return engine.ok() ? *engine : nullptr;
}

Answer RunTurn(Engine& engine, std::shared_ptr<engine::Session> session,
               std::vector<int32_t> prompt, int32_t tokens) {
  auto id = engine.Submit(SessionTurn(session, std::move(prompt), tokens));
  Answers answers;
  if (!id.ok()) {
    answers[0].status = id.status();
    return answers[0];
  }
  EXPECT_TRUE(RunToEnd(engine, &answers).ok());
  EXPECT_EQ(answers[*id].ends, 1);
  return answers[*id];
}

// The text that a command prints; empty if it fails.
std::string OutputOf(const std::string& command) {
  std::FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return "";
  std::string out;
  char block[256];
  while (const size_t size = std::fread(block, 1, sizeof(block), pipe)) {
    out.append(block, size);
  }
  const int status = pclose(pipe);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? out : "";
}

class SessionFile : public testing::TestWithParam<KvType> {
 protected:
  void SetUp() override {
    auto model = OpenTinyModel(1);
    ASSERT_TRUE(model.ok()) << model.status();
    model_ = *model;
  }
  std::shared_ptr<engine::Model> model_;
};

TEST_P(SessionFile, GoesOnInAnotherProcess) {
  auto engine = MakeEngine(model_, GetParam());
  ASSERT_NE(engine, nullptr);
  // At a border of pages, before it and after it.
  for (const int32_t length : {45, 64, 100}) {
    const std::vector<int32_t> prompt = Prompt(length, 3);
    auto whole = engine->CreateSession("whole");
    auto parted = engine->CreateSession("parted");
    ASSERT_TRUE(whole.ok() && parted.ok());
    const Answer uninterrupted = RunTurn(*engine, *whole, prompt, 60);
    const Answer first = RunTurn(*engine, *parted, prompt, 20);
    auto file = SaveToString(**parted);
    ASSERT_TRUE(file.ok()) << file.status();
    const std::string path =
        absl::StrCat(testing::TempDir(), "session-",
                     static_cast<int>(GetParam()), "-", length);
    std::ofstream(path, std::ios::binary) << *file;
    const std::string printed =
        OutputOf(absl::StrCat(INLAY_CONTINUE_SESSION, " ", path, " ",
                              static_cast<int>(GetParam()), " 40"));
    std::remove(path.c_str());
    std::string expected;
    const std::vector<int32_t>& tokens = uninterrupted.choices.at(0).tokens;
    ASSERT_EQ(tokens.size(), 60u);
    ASSERT_TRUE(std::equal(tokens.begin(), tokens.begin() + 20,
                           first.choices.at(0).tokens.begin()));
    for (size_t i = 20; i < tokens.size(); ++i) {
      absl::StrAppend(&expected, tokens[i], "\n");
    }
    EXPECT_EQ(printed, expected);
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, SessionFile,
                         testing::Values(KvType::kF32, KvType::kF16,
                                         KvType::kBf16, KvType::kInt8,
                                         KvType::kFp8));

// The checksum as the format says it: FNV-1a of 64 bits over little-endian
// words (the last padded with zeros), then over the length; after each word the
// upper half is folded into the lower.
uint64_t SumOf(const std::string& bytes, size_t size) {
  uint64_t state = 14695981039346656037u;
  const auto mix = [&state](uint64_t word) {
    state = (state ^ word) * 1099511628211u;
    state ^= state >> 32;
  };
  for (size_t at = 0; at < size; at += 8) {
    uint64_t word = 0;
    for (size_t i = 0; i < 8 && at + i < size; ++i) {
      word |= uint64_t{static_cast<uint8_t>(bytes[at + i])} << (8 * i);
    }
    mix(word);
  }
  mix(size);
  return state;
}

void PutSum(size_t at, std::string* bytes) {
  const uint64_t sum = SumOf(*bytes, at);
  for (size_t i = 0; i < 8; ++i) {
    (*bytes)[at + i] = static_cast<char>(sum >> (8 * i));
  }
}

// Bytes of the header before its name, whose length is their end.
constexpr size_t kFixedBytes = 48;

uint32_t Number(const std::string& bytes, size_t at) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) {
    value |= uint32_t{static_cast<uint8_t>(bytes[at + i])} << (8 * i);
  }
  return value;
}

// Where the checksum of the header stands, by the file's own word.
size_t HeaderSumAt(const std::string& bytes) {
  return kFixedBytes + Number(bytes, kFixedBytes - 4);
}

// Both, wherever they are in the file now.
void RecomputeSums(std::string* bytes) {
  if (HeaderSumAt(*bytes) + 16 <= bytes->size()) {
    PutSum(HeaderSumAt(*bytes), bytes);
  }
  PutSum(bytes->size() - 8, bytes);
}

class DamagedFile : public testing::Test {
 protected:
  struct Saved {
    std::shared_ptr<Engine> engine;
    std::string file;
    uint64_t used = 0;  // of the context's memory, between loads
  };

  void SetUp() override {
    auto model = OpenTinyModel(1, uint64_t{64} << 20);
    ASSERT_TRUE(model.ok()) << model.status();
    model_ = *model;
  }

  Saved Save(KvType kv_type) {
    Saved saved;
    saved.engine = MakeEngine(model_, kv_type);
    auto session = saved.engine->CreateSession("");
    EXPECT_TRUE(session.ok());
    const Answer answer = RunTurn(*saved.engine, *session, Prompt(40, 5), 6);
    EXPECT_TRUE(answer.status.ok()) << answer.status;
    auto file = SaveToString(**session);
    EXPECT_TRUE(file.ok()) << file.status();
    saved.file = *file;
    return saved;
  }

  // Loads it and goes on, if it can be loaded. True if it can.
  bool Try(const Saved& saved, const std::string& file) {
    Engine& engine = *saved.engine;
    const uint64_t used = model_->context()->memory()->used_bytes();
    bool loaded = false;
    {
      auto session = engine.LoadSession(ReadString(file));
      loaded = session.ok();
      if (loaded) {
        GoOn(engine, *session);
      } else {
        CheckRefusal(session.status());
      }
    }
    const engine::EngineStats stats = engine.stats();
    EXPECT_EQ(stats.pages_used, 0);
    EXPECT_EQ(stats.sessions, 0);
    EXPECT_EQ(engine.state(), engine::EngineState::kRunning);
    EXPECT_EQ(model_->context()->memory()->used_bytes(), used);
    return loaded;
  }

  static void CheckRefusal(const Status& status) {
    using absl::StatusCode;
    const StatusCode code = status.code();
    EXPECT_TRUE(code == StatusCode::kDataLoss ||
                code == StatusCode::kFailedPrecondition ||
                code == StatusCode::kOutOfRange)
        << status;
    EXPECT_FALSE(status.message().empty());
  }

  static void GoOn(Engine& engine, std::shared_ptr<engine::Session> session) {
    ASSERT_LT(session->tokens().size(), 512u);
    const Answer answer = RunTurn(engine, session, {1, 2}, 3);
    if (!answer.status.ok()) return;  // numbers that are none, no room
    for (const auto& [index, choice] : answer.choices) {
      for (int32_t token : choice.tokens) {
        EXPECT_TRUE(token >= 0 && token < kVocabulary) << token;
      }
    }
  }

  std::shared_ptr<engine::Model> model_;
};

TEST_F(DamagedFile, TheChecksumsAreWhereTheFormatSays) {
  const Saved saved = Save(KvType::kF16);
  std::string again = saved.file;
  ASSERT_LT(HeaderSumAt(again) + 8, again.size());
  RecomputeSums(&again);
  EXPECT_EQ(again, saved.file);
  EXPECT_TRUE(Try(saved, again));
}

TEST_F(DamagedFile, EveryTruncationIsRefused) {
  const Saved saved = Save(KvType::kInt8);
  ASSERT_TRUE(Try(saved, saved.file));
  for (size_t size = 0; size < saved.file.size(); ++size) {
    // Far into the pages the reads are all alike.
    if (!RunAll() && size > 2000 && size % 16 != 0) continue;
    EXPECT_FALSE(Try(saved, saved.file.substr(0, size))) << size;
    if (size <= kFixedBytes + 16) continue;
    std::string summed = saved.file.substr(0, size);
    RecomputeSums(&summed);
    EXPECT_FALSE(Try(saved, summed)) << size << ", checksums recomputed";
  }
}

TEST_F(DamagedFile, AnotherFormatOrVersionIsRefusedWithTheReason) {
  const Saved saved = Save(KvType::kF16);
  auto other = MakeEngine(model_, KvType::kInt8);
  ASSERT_NE(other, nullptr);
  const Status format = other->LoadSession(ReadString(saved.file)).status();
  EXPECT_EQ(format.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(format.message().find("format of the cache"), std::string::npos);
  std::string newer = saved.file;
  newer[8] = 2;  // after the magic
  RecomputeSums(&newer);
  const Status version = saved.engine->LoadSession(ReadString(newer)).status();
  EXPECT_EQ(version.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(version.message().find("version 2"), std::string::npos);
}

// One to four changes of any kind, half of them to the numbers in front.
void Damage(std::mt19937* random, std::string* file) {
  const auto below = [random](size_t n) { return (*random)() % n; };
  const int32_t extremes[] = {0,    1,       -1,        2,         31,
                              511,  512,     INT32_MAX, INT32_MIN, 1 << 16,
                              1024, 1 << 30, 45,        47};
  for (size_t i = below(4) + 1; i > 0; --i) {
    const size_t region = below(2) == 0 ? 300 : file->size();
    const size_t at = below(std::min(region, file->size()));
    switch (below(5)) {
      case 0:
        (*file)[at] ^= static_cast<char>(1 << below(8));
        break;
      case 1:
        (*file)[at] = static_cast<char>(below(256));
        break;
      case 2: {  // a number of the header, or of the tokens
        const size_t place = 4 * below(region / 4 - 1);
        const int32_t value = extremes[below(std::size(extremes))];
        for (size_t b = 0; b < 4 && place + b < file->size(); ++b) {
          (*file)[place + b] = static_cast<char>(value >> (8 * b));
        }
        break;
      }
      case 3:  // infinities and what is not a number
        for (size_t b = 0; b < 64 && at + b < file->size(); ++b) {
          (*file)[at + b] = static_cast<char>(b % 2 == 0 ? 0xff : 0x7f);
        }
        break;
      default: {  // bytes of another place
        const size_t from = below(file->size());
        const size_t size =
            std::min({below(64) + 1, file->size() - from, file->size() - at});
        file->replace(at, size, file->substr(from, size));
      }
    }
  }
}

TEST_F(DamagedFile, RandomCorruptionsAreRefusedOrStayWithinBounds) {
  const Saved saved[] = {Save(KvType::kInt8), Save(KvType::kF32),
                         Save(KvType::kFp8), Save(KvType::kBf16),
                         Save(KvType::kF16)};
  const int count = RunAll() ? 100'000 : 10'000;
  std::mt19937 random(17);
  int loaded = 0, unnoticed = 0;
  for (int i = 0; i < count && !HasFailure(); ++i) {
    const Saved& one = saved[static_cast<size_t>(i) % std::size(saved)];
    std::string file = one.file;
    Damage(&random, &file);
    const bool sums = i % 2 == 0;
    if (sums) RecomputeSums(&file);
    const bool same = file == one.file;
    const bool can = Try(one, file);
    loaded += can && sums;
    // Without new checksums every change is found.
    unnoticed += can && !sums && !same;
    ASSERT_FALSE(HasFailure()) << "corruption " << i;
  }
  EXPECT_EQ(unnoticed, 0);
  EXPECT_GT(loaded, count / 10);
  EXPECT_LT(loaded, count / 2);
}

}  // namespace
}  // namespace inlay::serving
