#include "cpp/scheduler/fcfs.h"

#include <algorithm>
#include <deque>
#include <random>

#include "cpp/cache/block_table.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace inlay::scheduler {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

bool operator==(const Work& a, const Work& b) {
  return a.index == b.index && a.rows == b.rows && a.pages == b.pages;
}

RequestView Waiting(int32_t known) { return {.known_tokens = known}; }
RequestView Running(int32_t known, int32_t cached, int32_t pages) {
  return {known, cached, pages, true, false};
}

Decision Decide(const std::vector<RequestView>& views, int32_t free_pages,
                const Limits& limits) {
  FcfsPolicy policy;
  Decision decision;
  policy.Decide({views, free_pages}, limits, &decision);
  return decision;
}

std::vector<std::pair<int32_t, int32_t>> Rows(const Decision& decision) {
  std::vector<std::pair<int32_t, int32_t>> rows;
  for (const Work& work : decision.work) {
    rows.emplace_back(work.index, work.rows);
  }
  return rows;
}

constexpr Limits kLimits{
    .max_concurrency = 4, .max_step_tokens = 10, .page_tokens = 4};

TEST(Fcfs, NothingToDo) {
  EXPECT_THAT(Decide({}, 10, kLimits).work, IsEmpty());
}

TEST(Fcfs, DecodesKeepTheirRowBesideALongPrompt) {
  const auto decision = Decide(
      {Running(100, 0, 0), Running(5, 4, 2), Running(9, 8, 3)}, 99, kLimits);
  EXPECT_THAT(Rows(decision),
              ElementsAre(std::pair(0, 8), std::pair(1, 1), std::pair(2, 1)));
}

TEST(Fcfs, TheBudgetIsSharedInOrderOfArrival) {
  const auto decision =
      Decide({Waiting(7), Waiting(7), Waiting(7)}, 99, kLimits);
  EXPECT_THAT(Rows(decision), ElementsAre(std::pair(0, 7), std::pair(1, 3)));
}

TEST(Fcfs, ConcurrencyBoundsAdmission) {
  const auto decision = Decide({Running(5, 4, 2), Running(5, 4, 2),
                                Running(5, 4, 2), Waiting(1), Waiting(1)},
                               99, kLimits);
  EXPECT_EQ(decision.work.size(), 4u);
}

TEST(Fcfs, NobodyOvertakesTheHeadThatDoesNotFit) {
  // The head needs 6 pages; the one behind it would fit.
  const auto decision =
      Decide({Running(5, 4, 2), Waiting(20), Waiting(1)}, 5, kLimits);
  EXPECT_THAT(Rows(decision), ElementsAre(std::pair(0, 1)));
}

TEST(Fcfs, TheYoungestGivesItsPages) {
  const auto decision = Decide(
      {Running(9, 8, 2), Running(5, 4, 1), Running(7, 6, 2)}, 0, kLimits);
  EXPECT_THAT(decision.preempt, ElementsAre(2));
  EXPECT_THAT(Rows(decision), ElementsAre(std::pair(0, 1), std::pair(1, 1)));
}

TEST(Fcfs, APausedRequestGivesItsPagesFirst) {
  std::vector<RequestView> views = {Running(9, 8, 2), Running(5, 4, 1),
                                    Running(7, 6, 2)};
  views[0].paused = true;
  const auto decision = Decide(views, 0, kLimits);
  EXPECT_THAT(decision.preempt, ElementsAre(0));
  EXPECT_THAT(Rows(decision), ElementsAre(std::pair(1, 1), std::pair(2, 1)));
}

TEST(Fcfs, APausedRequestMakesRoomForTheQueue) {
  std::vector<RequestView> views = {Running(17, 16, 5), Waiting(12)};
  views[0].paused = true;
  const auto decision = Decide(views, 1, kLimits);
  EXPECT_THAT(decision.preempt, ElementsAre(0));
  EXPECT_THAT(Rows(decision), ElementsAre(std::pair(1, 10)));
}

// Ten thousand random states: what is decided can be carried out, stays in its
// budgets, and the oldest always gets on.
TEST(Fcfs, DecisionsCanBeCarriedOut) {
  std::mt19937 random(7);
  FcfsPolicy policy;
  Decision decision;
  for (int round = 0; round < 10'000; ++round) {
    Limits limits;
    limits.max_concurrency = 1 + static_cast<int32_t>(random() % 6);
    limits.max_step_tokens =
        limits.max_concurrency + static_cast<int32_t>(random() % 20);
    limits.page_tokens = 4;
    const int32_t context = 64;
    int32_t free = static_cast<int32_t>(random() % 20);
    std::vector<RequestView> views(random() % 10);
    int32_t total = free;
    for (RequestView& view : views) {
      view.known_tokens = 1 + static_cast<int32_t>(random() % (context - 1));
      view.admitted = random() % 2 == 0;
      view.paused = random() % 5 == 0;
      if (!view.admitted) continue;
      view.cached_tokens = static_cast<int32_t>(random()) & 0x3f;
      view.cached_tokens %= view.known_tokens;
      view.pages = cache::PagesFor(view.cached_tokens, 4);
      total += view.pages;
    }
    policy.Decide({views, free}, limits, &decision);
    for (int32_t index : decision.preempt) {
      ASSERT_TRUE(views[index].admitted);
      free += std::exchange(views[index].pages, 0);
    }
    int32_t rows = 0;
    for (const Work& work : decision.work) {
      const RequestView& view = views[work.index];
      ASSERT_FALSE(view.paused);
      ASSERT_EQ(std::count(decision.preempt.begin(), decision.preempt.end(),
                           work.index),
                0);
      ASSERT_GE(work.rows, 1);
      ASSERT_LE(work.rows, view.pending());
      ASSERT_EQ(work.pages, cache::PagesFor(view.cached_tokens + work.rows, 4));
      free -= std::max(0, work.pages - view.pages);
      rows += work.rows;
    }
    ASSERT_GE(free, 0);
    ASSERT_LE(rows, limits.max_step_tokens);
    ASSERT_LE(decision.work.size(),
              static_cast<size_t>(limits.max_concurrency));
    const bool any = std::any_of(views.begin(), views.end(),
                                 [](const auto& v) { return !v.paused; });
    if (any && total >= cache::PagesFor(context, 4)) {
      ASSERT_FALSE(decision.work.empty()) << round;
    }
  }
}

// Whole lives with a virtual executor: every request ends, in order of
// arrival when all are alike, and no page is lost.
TEST(Fcfs, EveryRequestEnds) {
  std::mt19937 random(3);
  const Limits limits{
      .max_concurrency = 5, .max_step_tokens = 12, .page_tokens = 4};
  struct Life {
    RequestView view;
    int32_t left;
  };
  std::deque<Life> live;
  int32_t free = 16;
  int arrived = 0, ended = 0;
  FcfsPolicy policy;
  Decision decision;
  for (int step = 0; ended < 20'000; ++step) {
    ASSERT_LT(step, 2'000'000);
    while (arrived < 20'000 && live.size() < 12 && random() % 2 == 0) {
      live.push_back({Waiting(1 + static_cast<int32_t>(random() % 30)),
                      1 + static_cast<int32_t>(random() % 30)});
      ++arrived;
    }
    std::vector<RequestView> views;
    for (const Life& life : live) views.push_back(life.view);
    policy.Decide({views, free}, limits, &decision);
    for (int32_t index : decision.preempt) {
      RequestView& view = live[index].view;
      free += view.pages;
      view.pages = view.cached_tokens = 0;
      view.admitted = false;
    }
    for (const Work& work : decision.work) {
      Life& life = live[work.index];
      free -= std::max(0, work.pages - life.view.pages);
      ASSERT_GE(free, 0);
      life.view.pages = std::max(work.pages, life.view.pages);
      life.view.admitted = true;
      life.view.cached_tokens += work.rows;
      if (life.view.pending() > 0) continue;
      ++life.view.known_tokens;
      --life.left;
    }
    for (size_t i = live.size(); i-- > 0;) {
      if (live[i].left > 0) continue;
      free += live[i].view.pages;
      live.erase(live.begin() + static_cast<long>(i));
      ++ended;
    }
  }
  while (!live.empty()) live.pop_back();
  EXPECT_EQ(free, 16);
}

}  // namespace
}  // namespace inlay::scheduler
