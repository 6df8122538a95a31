#include "cpp/engine/prepare.h"

#include <cmath>

#include "gtest/gtest.h"
#include "tests/engine/fake_tokenizer.h"

namespace inlay::engine {
namespace {

using absl::StatusCode;

class PrepareTest : public testing::Test {
 protected:
  static Request Text(std::string text) {
    Request request;
    request.parts.push_back({.text = std::move(text)});
    return request;
  }
  static Request Tokens(std::vector<int32_t> tokens) {
    Request request;
    request.parts.push_back(
        {.kind = PromptPart::Kind::kTokens, .tokens = std::move(tokens)});
    return request;
  }
  StatusCode Code(Request request) {
    return PrepareRequest(limits_, std::move(request)).status().code();
  }

  FakeTokenizer tokenizer_{100};
  FakeTokenizer with_bos_{100, /*adds_bos=*/true};
  RequestLimits limits_{.vocabulary_size = 100,
                        .context_length = 16,
                        .tokenizer = &tokenizer_,
                        .page_tokens = 8,
                        .page_count = 2,
                        .max_concurrency = 4};
};

TEST_F(PrepareTest, JoinsPartsIntoOneSequence) {
  Request request = Text("ab");
  request.parts.push_back(Tokens({50, 51}).parts[0]);
  request.parts.push_back(Text("c").parts[0]);
  auto live = PrepareRequest(limits_, request);
  ASSERT_TRUE(live.ok()) << live.status();
  EXPECT_EQ((*live)->tokens, std::vector<int32_t>({0, 1, 50, 51, 2}));
  EXPECT_EQ((*live)->prompt_count, 5);
  EXPECT_EQ((*live)->deadline_ns, kNever);
  EXPECT_EQ((*live)->end_ids, std::vector<int32_t>({99}));
}

TEST_F(PrepareTest, PutsBosInFrontOnce) {
  limits_.tokenizer = &with_bos_;
  const std::vector<int32_t> expected = {98, 0};
  EXPECT_EQ((*PrepareRequest(limits_, Text("a")))->tokens, expected);
  EXPECT_EQ((*PrepareRequest(limits_, Tokens({98, 0})))->tokens, expected);
  Request plain = Text("a");
  plain.add_special = false;
  EXPECT_EQ((*PrepareRequest(limits_, plain))->tokens.size(), 1u);
  EXPECT_EQ((*PrepareRequest(limits_, Request()))->tokens.size(), 1u);
}

TEST_F(PrepareTest, RefusesBadPrompts) {
  EXPECT_EQ(Code(Request()), StatusCode::kInvalidArgument);
  EXPECT_EQ(Code(Text("")), StatusCode::kInvalidArgument);
  EXPECT_EQ(Code(Text("a\xff")), StatusCode::kInvalidArgument);
  EXPECT_EQ(Code(Tokens({100})), StatusCode::kOutOfRange);
  EXPECT_EQ(Code(Tokens({-1})), StatusCode::kOutOfRange);
  EXPECT_EQ(Code(Text(std::string(15, 'a'))), StatusCode::kOk);
  const auto longer = PrepareRequest(limits_, Text(std::string(16, 'a')));
  EXPECT_EQ(longer.status().code(), StatusCode::kOutOfRange);
  EXPECT_NE(longer.status().message().find("16 tokens"), std::string::npos);
}

TEST_F(PrepareTest, RefusesBadNumbersAndStops) {
  Request request = Text("a");
  request.max_tokens = -1;
  EXPECT_EQ(Code(request), StatusCode::kInvalidArgument);
  request = Text("a");
  request.deadline_ns = -1;
  EXPECT_EQ(Code(request), StatusCode::kInvalidArgument);
  request = Text("a");
  request.sampling.temperature = std::nanf("");
  EXPECT_EQ(Code(request), StatusCode::kInvalidArgument);
  request = Text("a");
  request.stop_strings = {"x", "\xc3"};
  EXPECT_EQ(Code(request), StatusCode::kInvalidArgument);
  request.stop_strings = {""};
  EXPECT_EQ(Code(request), StatusCode::kInvalidArgument);
  request.stop_strings.assign(kMaxStopStrings + 1, "x");
  EXPECT_EQ(Code(request), StatusCode::kInvalidArgument);
  request.stop_strings = {std::string(kMaxStopBytes + 1, 'x')};
  EXPECT_EQ(Code(request), StatusCode::kInvalidArgument);
  request = Text("a");
  request.stop_tokens = {100};
  EXPECT_EQ(Code(request), StatusCode::kOutOfRange);
  request.stop_tokens.assign(kMaxStopTokens + 1, 1);
  EXPECT_EQ(Code(request), StatusCode::kInvalidArgument);
}

TEST_F(PrepareTest, WithoutAVocabularyOnlyIdsPass) {
  limits_.tokenizer = nullptr;
  limits_.tokenizer_status = absl::NotFoundError("none in the file");
  const auto text = PrepareRequest(limits_, Text("a"));
  EXPECT_EQ(text.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(text.status().message().find("none in the file"),
            std::string::npos);
  Request request = Tokens({1, 2});
  EXPECT_EQ(Code(request), StatusCode::kOk);
  request.stop_strings = {"x"};
  EXPECT_EQ(Code(request), StatusCode::kFailedPrecondition);
}

TEST_F(PrepareTest, CollectsEndIds) {
  Request request = Text("a");
  request.stop_tokens = {7, 3, 7, 99};
  EXPECT_EQ((*PrepareRequest(limits_, request))->end_ids,
            std::vector<int32_t>({3, 7, 99}));
  request.ignore_end = true;
  request.stop_tokens = {7};
  EXPECT_EQ((*PrepareRequest(limits_, request))->end_ids,
            std::vector<int32_t>({7}));
}

}  // namespace
}  // namespace inlay::engine
