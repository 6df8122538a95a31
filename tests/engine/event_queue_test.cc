#include "cpp/engine/event_queue.h"

#include "gtest/gtest.h"

namespace inlay::engine {
namespace {

std::vector<std::pair<uint64_t, EventKind>> TakeAll(EventQueue& queue) {
  std::vector<Event> events;
  queue.Take(100, &events);
  std::vector<std::pair<uint64_t, EventKind>> out;
  for (const Event& event : events) {
    out.emplace_back(event.request_id, event.kind);
  }
  return out;
}

using Kinds = std::vector<std::pair<uint64_t, EventKind>>;

TEST(EventQueue, MergesAndKeepsTheOrder) {
  EventQueue queue(2);
  queue.Open(1, {.request_id = 1, .user_data = 11});
  queue.Open(2, {.request_id = 2, .user_data = 22});
  queue.PublishDelta(2, {.token = 5, .text = "x"});
  queue.PublishStarted(1);
  queue.PublishProgress(1, 1, 9);
  queue.PublishProgress(1, 5, 9);
  EXPECT_FALSE(queue.Full(2));
  queue.PublishDelta(2, {.token = 6, .text = "y"});
  EXPECT_TRUE(queue.Full(2));
  queue.PublishText(2, "z");
  queue.PublishEnd(2, EventKind::kFinished, FinishReason::kStop, OkStatus(),
                   {});
  EXPECT_EQ(queue.pending(), 4u);
  std::vector<Event> events;
  EXPECT_TRUE(queue.Take(1, &events));
  EXPECT_EQ(events[0].tokens, std::vector<int32_t>({5, 6}));
  EXPECT_EQ(events[0].text, "xyz");
  EXPECT_EQ(events[0].user_data, 22u);
  EXPECT_TRUE(queue.Contains(2));
  EXPECT_EQ(TakeAll(queue), (Kinds{{2, EventKind::kFinished},
                                   {1, EventKind::kStarted},
                                   {1, EventKind::kProgress}}));
  EXPECT_FALSE(queue.Contains(2));
  EXPECT_TRUE(queue.Contains(1));
  EXPECT_TRUE(queue.Empty());
}

struct RecordingSink : EventSink {
  void OnEvent(Event&& event) noexcept override {
    kinds.emplace_back(event.request_id, event.kind);
  }
  Kinds kinds;
};

TEST(EventQueue, ASinkTakesItsOwnRequestsEventsAndNoOthers) {
  EventQueue queue(1);
  auto sink = std::make_shared<RecordingSink>();
  queue.Open(1, {.request_id = 1, .user_data = 0}, sink);
  queue.Open(2, {.request_id = 2, .user_data = 0});
  queue.PublishStarted(1);
  queue.PublishStarted(2);
  for (int i = 0; i < 3; ++i) {
    queue.PublishDelta(1, {.token = i});
    EXPECT_FALSE(queue.Full(1));
  }
  queue.Drop(1);
  queue.PublishText(1, "rest");
  queue.PublishEnd(1, EventKind::kFinished, FinishReason::kStop, OkStatus(),
                   {});
  EXPECT_EQ(sink->kinds, (Kinds{{1, EventKind::kStarted},
                                {1, EventKind::kDelta},
                                {1, EventKind::kDelta},
                                {1, EventKind::kDelta},
                                {1, EventKind::kDelta},
                                {1, EventKind::kFinished}}));
  EXPECT_FALSE(queue.Contains(1));
  EXPECT_EQ(sink.use_count(), 1);
  EXPECT_EQ(TakeAll(queue), (Kinds{{2, EventKind::kStarted}}));
}

TEST(EventQueue, DropForgetsAllButTheEnd) {
  EventQueue queue(2);
  queue.Open(1, {.request_id = 1, .user_data = 0});
  queue.PublishStarted(1);
  queue.PublishDelta(1, {.token = 5});
  queue.Drop(1);
  EXPECT_TRUE(queue.Empty());
  queue.PublishEnd(1, EventKind::kFinished, FinishReason::kCancelled,
                   OkStatus(), {});
  queue.Drop(1);
  EXPECT_EQ(TakeAll(queue), (Kinds{{1, EventKind::kFinished}}));
}

TEST(EventQueue, AtEndOnlyWhenAllWasTaken) {
  EventQueue queue(2);
  queue.Open(1, {.request_id = 1, .user_data = 0});
  queue.PublishEnd(1, EventKind::kFailed, FinishReason::kError,
                   absl::InternalError("x"), {});
  queue.EndOfEvents();
  queue.Wait(-1);
  EXPECT_FALSE(queue.AtEnd());
  TakeAll(queue);
  EXPECT_TRUE(queue.AtEnd());
  queue.Wait(-1);
}

TEST(EventQueue, AWakeIsNotLostAndServesOnce) {
  EventQueue queue(2);
  queue.Wake();
  queue.Wait(-1);
  queue.Wait(1000);
}

TEST(EventQueue, UnknownRequestsAreIgnored) {
  EventQueue queue(2);
  queue.PublishDelta(9, {.token = 1});
  queue.PublishEnd(9, EventKind::kFinished, FinishReason::kStop, OkStatus(),
                   {});
  queue.Drop(9);
  EXPECT_FALSE(queue.Full(9));
  EXPECT_TRUE(queue.Empty());
}

}  // namespace
}  // namespace inlay::engine
