// Conversations as bytes: saved, loaded, damaged.
#include <thread>

#include "tests/engine/engine_fixture.h"

namespace inlay::engine {
namespace {

class EngineSessionSaveTest : public EngineFixture {
 protected:
  using Bytes = std::vector<uint8_t>;

  static Session::Write Into(Bytes* bytes) {
    return [bytes](const uint8_t* data, size_t size) {
      bytes->insert(bytes->end(), data, data + size);
      return OkStatus();
    };
  }
  static Engine::Read From(const Bytes& bytes, size_t* at) {
    return [&bytes, at](uint8_t* data, size_t size) -> Status {
      if (size > bytes.size() - *at) return absl::DataLossError("the end");
      std::copy_n(bytes.begin() + static_cast<long>(*at), size, data);
      *at += size;
      return OkStatus();
    };
  }
  Bytes Save(Session& session) {
    Bytes bytes;
    const Status status = session.Save(Into(&bytes));
    EXPECT_TRUE(status.ok()) << status;
    return bytes;
  }
  StatusOr<std::shared_ptr<Session>> Load(const Bytes& bytes) {
    size_t at = 0;
    auto session = engine_->LoadSession(From(bytes, &at));
    if (session.ok()) {
      EXPECT_EQ(at, bytes.size());
    }
    return session;
  }
  std::shared_ptr<Session> Create() { return *engine_->CreateSession("c"); }
  // One turn, however the engine is driven; the rows it took.
  int64_t Turn(const std::shared_ptr<Session>& session,
               const std::vector<int32_t>& tokens, int32_t max_tokens) {
    const auto whole = Joined(session->tokens(), tokens);
    const int64_t before = control_->rows;
    Request request = Tokens(tokens, max_tokens);
    request.session = session;
    const uint64_t id = MustSubmit(std::move(request));
    Outputs outputs;
    if (host_driven_) {
      RunInto(&outputs);
    } else {
      PollUntil(1, &outputs);
    }
    EXPECT_EQ(outputs[id].tokens, Expected(whole, max_tokens));
    return control_->rows - before;
  }

  bool host_driven_ = true;
};

TEST_F(EngineSessionSaveTest, ContinuesInANewEngine) {
  for (const bool host_driven : {true, false}) {
    for (const int32_t length : {0, 1, 20, 32, 64, 200}) {
      MakeModel();
      host_driven_ = host_driven;
      EngineOptions options;
      options.host_driven = host_driven;
      MakeEngine(options);
      auto session = Create();
      if (length > 0) Turn(session, Prompt(length, 1), 12);
      const Bytes bytes = Save(*session);
      const auto tokens = session->tokens();
      session.reset();
      MakeEngine(options);
      auto loaded = Load(bytes);
      ASSERT_TRUE(loaded.ok()) << loaded.status();
      EXPECT_EQ((*loaded)->tokens(), tokens);
      EXPECT_FALSE((*loaded)->busy());
      EXPECT_EQ(engine_->stats().pages_used, 0);
      // Nothing but the last token was missing.
      EXPECT_EQ(Turn(*loaded, {5, 6}, 8), (length > 0 ? 1 : 0) + 2 + 7);
      auto fork = (*loaded)->Fork();
      ASSERT_TRUE(fork.ok());
      EXPECT_EQ(Turn(*fork, {9}, 3), 1 + 1 + 2);
      ExpectNothingHeld();
      loaded->reset();
      fork->reset();
      // Its domain was its own.
      EXPECT_EQ(engine_->stats().pages_idle, 0);
      engine_.reset();
    }
  }
}

TEST_F(EngineSessionSaveTest, AFullConversation) {
  MakeEngine(Small(64, 8));
  auto session = Create();
  Turn(session, Prompt(40, 1), 24);
  const Bytes bytes = Save(*session);
  auto loaded = Load(bytes);
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ((*loaded)->tokens(), session->tokens());
  ASSERT_TRUE((*loaded)->Truncate(50).ok());
  Turn(*loaded, {5, 6}, 8);
}

TEST_F(EngineSessionSaveTest, ManyPages) {
  MakeEngine(Small(512, 40));
  auto session = Create();
  Turn(session, Prompt(480, 1), 20);
  const Bytes bytes = Save(*session);
  MakeEngine(Small(512, 40));
  auto loaded = Load(bytes);
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(Turn(*loaded, {5, 6}, 8), 1 + 2 + 7);
}

TEST_F(EngineSessionSaveTest, WhatIsNotThereIsNotSaved) {
  MakeEngine(Small(128, 4));
  auto session = Create();
  Turn(session, Prompt(80, 1), 5);
  MustSubmit(Tokens(Prompt(100, 2), 20));  // evicts
  RunToEnd();
  const Bytes bytes = Save(*session);
  MakeEngine(Small(128, 4));
  auto loaded = Load(bytes);
  ASSERT_TRUE(loaded.ok());
  Turn(*loaded, {5, 6}, 8);
}

TEST_F(EngineSessionSaveTest, LoadsWhatHasRoom) {
  MakeEngine(Small(500, 16));
  auto session = Create();
  Turn(session, Prompt(200, 1), 5);
  const Bytes bytes = Save(*session);
  session.reset();
  MakeEngine(Small(500, 16));
  const auto prompt = Prompt(300, 7);
  const uint64_t id = MustSubmit(Tokens(prompt, 50));
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(engine_->Step().ok());
  auto loaded = Load(bytes);
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  Turn(*loaded, {5}, 3);
  Outputs outputs = RunToEnd();
  (void)id;
  ExpectNothingHeld();
}

TEST_F(EngineSessionSaveTest, AnotherSetupIsRefused) {
  MakeEngine(HostDriven());
  auto session = Create();
  Turn(session, Prompt(40, 1), 5);
  const Bytes bytes = Save(*session);
  session.reset();
  const auto expect_refused = [&](const char* what) {
    const auto loaded = Load(bytes);
    EXPECT_EQ(loaded.status().code(), absl::StatusCode::kFailedPrecondition)
        << what << ": " << loaded.status();
    engine_.reset();
  };
  EngineOptions half = HostDriven();
  half.kv_type = backend::KvType::kF16;
  MakeEngine(half);
  expect_refused("kv type");
  MakeModel();
  control_->recipe = "other numbers";
  MakeEngine(HostDriven());
  expect_refused("recipe");
  MakeModel(true, false, 0, "another file");
  MakeEngine(HostDriven());
  expect_refused("model");
  MakeModel();
  EngineOptions small = Small(44, 4);
  MakeEngine(small);
  EXPECT_EQ(Load(bytes).status().code(), absl::StatusCode::kOutOfRange);
}

TEST_F(EngineSessionSaveTest, EveryTruncationAndEveryFlippedByte) {
  MakeEngine(HostDriven());
  auto session = Create();
  Turn(session, Prompt(40, 1), 5);
  const Bytes bytes = Save(*session);
  for (size_t size = 0; size < bytes.size(); ++size) {
    const Bytes cut(bytes.begin(), bytes.begin() + static_cast<long>(size));
    size_t at = 0;
    EXPECT_EQ(engine_->LoadSession(From(cut, &at)).status().code(),
              absl::StatusCode::kDataLoss);
  }
  for (size_t i = 0; i < bytes.size(); ++i) {
    Bytes bad = bytes;
    bad[i] ^= static_cast<uint8_t>(1 + i % 255);
    size_t at = 0;
    const auto loaded = engine_->LoadSession(From(bad, &at));
    EXPECT_FALSE(loaded.ok()) << i;
    EXPECT_TRUE(loaded.status().code() == absl::StatusCode::kDataLoss ||
                loaded.status().code() == absl::StatusCode::kFailedPrecondition)
        << i << loaded.status();
  }
  EXPECT_EQ(engine_->stats().sessions, 1);
  ExpectNothingHeld();
}

TEST_F(EngineSessionSaveTest, ErrorsOfTheHostComeBack) {
  MakeEngine(HostDriven());
  auto session = Create();
  Turn(session, Prompt(40, 1), 5);
  const Bytes bytes = Save(*session);
  for (int fail = 0; fail < 8; ++fail) {
    int calls = 0;
    const Status saved = session->Save([&](const uint8_t*, size_t) -> Status {
      if (calls++ == fail) return absl::UnavailableError("the disk");
      return OkStatus();
    });
    EXPECT_EQ(saved.ok(), calls <= fail);
    if (!saved.ok()) {
      EXPECT_EQ(saved.code(), absl::StatusCode::kUnavailable);
    }
    calls = 0;
    size_t at = 0;
    const auto read = From(bytes, &at);
    const auto loaded =
        engine_->LoadSession([&](uint8_t* data, size_t size) -> Status {
          if (calls++ == fail) return absl::UnavailableError("the disk");
          return read(data, size);
        });
    if (!loaded.ok()) {
      EXPECT_EQ(loaded.status().code(), absl::StatusCode::kUnavailable);
    }
  }
  Turn(session, {1}, 3);
  ExpectNothingHeld();
}

// A step that moves pages fails: the call says so, and nothing else is hurt.
TEST_F(EngineSessionSaveTest, AFailedTransfer) {
  MakeEngine(HostDriven());
  auto session = Create();
  Turn(session, Prompt(40, 1), 5);
  const Bytes bytes = Save(*session);
  bool fail = true;
  control_->on_moved = [&](const scheduler::StepPlan&) -> Status {
    if (std::exchange(fail, false)) return absl::ResourceExhaustedError("once");
    return OkStatus();
  };
  Bytes other;
  const auto shortage = absl::StatusCode::kResourceExhausted;
  EXPECT_EQ(session->Save(Into(&other)).code(), shortage);
  fail = true;
  EXPECT_EQ(Load(bytes).status().code(), shortage);
  EXPECT_TRUE(Load(bytes).ok());
  Turn(session, {1}, 3);
  ExpectNothingHeld();
}

// While the host writes the first bytes, requests take every page that is not
// held: what is saved afterwards is still this conversation.
TEST_F(EngineSessionSaveTest, SavedWhileOthersTakeThePages) {
  for (const int32_t length : {20, 40, 75}) {
    MakeModel();
    MakeEngine(Small(160, 5));
    auto session = Create();
    Turn(session, Prompt(length, 1), 5);
    Bytes bytes;
    bool first = true;
    const auto into = Into(&bytes);
    ASSERT_TRUE(session
                    ->Save([&](const uint8_t* data, size_t size) {
                      if (std::exchange(first, false)) {
                        MustSubmit(Tokens(Prompt(50, 9), 10));
                        RunToEnd();
                      }
                      return into(data, size);
                    })
                    .ok());
    MakeEngine(Small(160, 5));
    auto loaded = Load(bytes);
    ASSERT_TRUE(loaded.ok()) << loaded.status();
    Turn(*loaded, {1, 2}, 6);
    engine_.reset();
  }
}

// A load that holds the pages must not leave others waiting for ever.
TEST_F(EngineSessionSaveTest, RequestsRunWhenALoadGivesBackItsPages) {
  for (const bool fails : {false, true}) {
    MakeModel();
    MakeEngine(Small(160, 5));
    host_driven_ = true;
    auto session = Create();
    Turn(session, Prompt(140, 1), 5);
    const Bytes bytes = Save(*session);
    session.reset();
    EngineOptions options = Small(160, 5);
    options.host_driven = false;
    MakeEngine(options);
    uint64_t id = 0;
    size_t at = 0;
    const auto read = From(bytes, &at);
    const auto loaded =
        engine_->LoadSession([&](uint8_t* data, size_t size) -> Status {
          if (at + size == bytes.size()) {  // the checksum at the end
            id = MustSubmit(Tokens(Prompt(100, 5), 10));
            std::this_thread::sleep_for(std::chrono::milliseconds(30));
            if (fails) return absl::UnavailableError("the disk");
          }
          return read(data, size);
        });
    EXPECT_EQ(loaded.ok(), !fails) << loaded.status();
    Outputs outputs;
    PollUntil(1, &outputs);
    EXPECT_EQ(outputs[id].tokens, Expected(Prompt(100, 5), 10));
    engine_.reset();
  }
}

// Several threads save, load, fork and talk at once.
TEST_F(EngineSessionSaveTest, FromManyThreads) {
  EngineOptions options = Small(200, 24);
  options.host_driven = false;
  MakeEngine(options);
  std::atomic<int> failures{0};
  std::vector<std::thread> threads;
  std::atomic<bool> done{false};
  std::thread poller([&] {
    while (!done) (void)engine_->Poll(64, 1'000'000);
  });
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      auto session = *engine_->CreateSession("");
      for (int i = 0; i < 12; ++i) {
        const auto whole = Joined(session->tokens(), Prompt(6, t * 50 + i));
        Request request = Tokens(Prompt(6, t * 50 + i), 4);
        request.session = session;
        if (!engine_->Submit(std::move(request)).ok()) ++failures;
        while (session->busy()) std::this_thread::yield();
        if (session->tokens() != Joined(whole, Expected(whole, 4))) ++failures;
        Bytes bytes;
        if (!session->Save(Into(&bytes)).ok()) ++failures;
        size_t at = 0;
        auto loaded = engine_->LoadSession(From(bytes, &at));
        if (!loaded.ok()) {
          ++failures;
        } else if (i % 2 == 0) {
          session = *loaded;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  done = true;
  poller.join();
  EXPECT_EQ(failures, 0);
  ExpectNothingHeld();
  EXPECT_EQ(engine_->stats().sessions, 0);
}

}  // namespace
}  // namespace inlay::engine
