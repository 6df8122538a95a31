#include <inlay/inlay.hpp>
#include <new>
#include <stdexcept>
#include <string>

#include "gtest/gtest.h"
#include "tests/capi/fixture.h"

namespace {

class HppTest : public testing::Test {
 protected:
  inlay::Context context;
  inlay::Model model = context.open(inlay_test::ModelPath());
  inlay::Engine engine{model, Options()};

  static inlay_engine_options Options() {
    inlay_engine_options options = INLAY_ENGINE_OPTIONS_INIT;
    options.context_length = 128;
    return options;
  }
  static inlay::Request Request(int32_t count) {
    inlay::Request request("hello there");
    request.raw.flags = INLAY_REQUEST_IGNORE_END;
    return request.max_tokens(count);
  }
};

TEST_F(HppTest, StreamsWhatGenerateGives) {
  std::string text;
  size_t tokens = 0;
  for (const inlay::Piece& piece : engine.stream(Request(12))) {
    text += piece.text;
    tokens += piece.token_count;
  }
  EXPECT_EQ(tokens, 12u);
  const inlay::Answer answer = engine.generate(Request(12));
  EXPECT_EQ(answer.text, text);
  EXPECT_EQ(answer.tokens.size(), 12u);
  EXPECT_EQ(answer.finish_reason, INLAY_FINISH_LENGTH);
}

TEST_F(HppTest, AStreamLeftEarlyIsCancelledAndTheNextStartsClean) {
  // A request pauses while one of its deltas waits, so it cannot end by itself.
  const inlay::Options tunables =
      inlay::Options().set("max_pending_events", "1");
  inlay_engine_options options = Options();
  options.options = tunables.get();
  const inlay::Engine engine(model, options);
  for (const inlay::Piece& piece : engine.stream(Request(100))) {
    EXPECT_GT(piece.token_count, 0u);
    break;
  }
  inlay::Stream stream = engine.stream(Request(3));
  size_t tokens = 0;
  while (const inlay::Piece* piece = stream.next())
    tokens += piece->token_count;
  EXPECT_EQ(tokens, 3u);
  EXPECT_EQ(stream.result().finish_reason, INLAY_FINISH_LENGTH);
  EXPECT_EQ(engine.stats().cancelled, 1u);
}

TEST_F(HppTest, TextsRoundTrip) {
  const std::string text = "hello, h\u00e9llo";
  EXPECT_EQ(model.detokenize(model.tokenize(text)), text);
  EXPECT_TRUE(model.tokenize("", INLAY_TOKENIZE_NO_SPECIAL).empty());
  EXPECT_EQ(model.metadata("general.architecture"), "llama");
  const std::string chat =
      model.render(R"([{"role": "user", "content": "hi"}])");
  EXPECT_NE(chat.find("hi"), std::string::npos);
  EXPECT_GT(model.estimate(Options()).total, 0u);
}

TEST_F(HppTest, FailuresThrowWithStatusAndMessage) {
  try {
    context.open("no/such/file");
    FAIL() << "nothing was thrown";
  } catch (const inlay::Error& error) {
    EXPECT_EQ(error.status(), INLAY_ERR_NOT_FOUND);
    EXPECT_NE(std::string(error.what()).find("no/such/file"),
              std::string::npos);
  }
  EXPECT_THROW(inlay::Options().set("colour", "red"), inlay::Error);
  EXPECT_THROW(model.metadata("nothing"), inlay::Error);
}

TEST_F(HppTest, StopStringsAreOwned) {
  const inlay::Answer whole = engine.generate(Request(20));
  // A whole code point somewhere behind the first.
  const auto continues = [&](size_t at) {
    return at < whole.text.size() && (whole.text[at] & 0xC0) == 0x80;
  };
  size_t begin = 1;
  while (continues(begin)) ++begin;
  size_t end = begin + 1;
  while (continues(end)) ++end;
  ASSERT_LT(end, whole.text.size());
  inlay::Request request = Request(20);
  request.stop(whole.text.substr(begin, end - begin));
  const inlay::Answer cut = engine.generate(request);
  EXPECT_EQ(cut.finish_reason, INLAY_FINISH_STOP);
  EXPECT_LT(cut.text.size(), whole.text.size());
}

TEST_F(HppTest, SessionsContinueForkAndTravel) {
  const inlay::Session session(engine, "domain");
  inlay::Request request = Request(6);
  const inlay::Answer first = engine.generate(request.session(session));
  const inlay::Session fork = session.fork();
  EXPECT_EQ(fork.tokens(), session.tokens());
  std::string bytes;
  session.save_to(
      [&](const char* data, size_t size) { bytes.append(data, size); });
  size_t at = 0;
  const inlay::Session loaded =
      inlay::Session::load_from(engine, [&](char* buffer, size_t size) {
        const size_t given = bytes.copy(buffer, size, at);
        at += given;
        return given;
      });
  EXPECT_EQ(loaded.tokens(), session.tokens());
  inlay::Request again = Request(6), other = Request(6);
  EXPECT_EQ(engine.generate(again.session(fork)).text,
            engine.generate(other.session(loaded)).text);
  session.truncate(2);
  EXPECT_EQ(session.info().token_count, 2);
  EXPECT_EQ(first.tokens.size(), 6u);
}

TEST_F(HppTest, WhatAStreamFunctionThrowsComesBack) {
  const inlay::Session session(engine);
  EXPECT_THROW(session.save_to([](const char*, size_t) {
    throw std::out_of_range("full");
  }),
               std::out_of_range);
  EXPECT_THROW(
      inlay::Session::load_from(
          engine, [](char*, size_t) -> size_t { throw std::bad_alloc(); }),
      std::bad_alloc);
  EXPECT_THROW(inlay::Session::load_from(
                   engine, [](char*, size_t) -> size_t { return 0; }),
               inlay::Error);
}

TEST_F(HppTest, AnswersAreIterated) {
  inlay::Request request = Request(5);
  request.raw.temperature = 1.0f;
  size_t count = 0;
  for (const inlay::Answer& answer : engine.answers(request.choices(3))) {
    EXPECT_EQ(answer.tokens.size(), 5u);
    EXPECT_LT(answer.score, 0.0);
    ++count;
  }
  EXPECT_EQ(count, 3u);
}

TEST_F(HppTest, AnEngineTellsOfItself) {
  engine.set_tenant("a", 2.0);
  engine.start_trace(50);
  inlay::Request request = Request(5);
  engine.generate(request.tenant("a").cache_domain("d").priority(3).flags(
      INLAY_REQUEST_NO_CACHE));
  EXPECT_NE(engine.metrics().find("inlay_"), std::string::npos);
  EXPECT_NE(engine.stop_trace().find("traceEvents"), std::string::npos);
  EXPECT_THROW(engine.set_tenant("a", -1.0), inlay::Error);
}

}  // namespace
