// Every allocation fails in turn: once, and from there on. Each time there is
// a typed status, one end per request, no leak, and then success.
#include <stdlib.h>

#include <atomic>
#include <map>
#include <string>

#include "gtest/gtest.h"
#include "tests/faults/failing_new.h"
#include "tests/faults/scenario.h"

namespace inlay::faults {
namespace {

const std::string& TinyModel() {
  static const std::string& path = *new std::string(
      std::string(INLAY_SOURCE_DIR) + "/tests/goldens/models/tiny-llama.gguf");
  return path;
}

// The host's allocator, which fails on demand.
struct HostHeap {
  std::atomic<int64_t> fail_at{0};
  std::atomic<bool> forever{false};
  std::atomic<int64_t> count{0};
  std::atomic<int64_t> live{0};
  std::atomic<int> released{0};

  static void* Allocate(void* self, size_t bytes, size_t alignment) {
    auto* heap = static_cast<HostHeap*>(self);
    const int64_t mine = heap->count.fetch_add(1) + 1;
    const int64_t at = heap->fail_at.load();
    if (at != 0 && (mine == at || (heap->forever.load() && mine > at))) {
      return nullptr;
    }
    void* block = nullptr;
    if (alignment < sizeof(void*)) alignment = sizeof(void*);
    if (posix_memalign(&block, alignment, bytes) != 0) return nullptr;
    heap->live.fetch_add(1);
    return block;
  }
  static void Free(void* self, void* block, size_t, size_t) {
    static_cast<HostHeap*>(self)->live.fetch_sub(1);
    free(block);
  }
  static void Release(void* self) {
    static_cast<HostHeap*>(self)->released.fetch_add(1);
  }
};

HostHeap host_heap;  // reached by a plain function pointer

Plan PlanFor(Drive drive) {
  Plan plan;
  plan.path = TinyModel().c_str();
  plan.drive = drive;
  plan.context.thread_count = drive == Drive::kHost ? 1 : 2;
  plan.disarm = [] {
    DisarmNew();
    host_heap.fail_at.store(0);
  };
  return plan;
}

const char* Name(Drive drive) {
  switch (drive) {
    case Drive::kHost:
      return "host-driven";
    case Drive::kThread:
      return "threaded";
    case Drive::kPush:
      return "push, async open";
  }
  return "";
}

// How the runs of a sweep went, for the log.
struct Tally {
  int64_t runs = 0;
  int64_t hidden = 0;  // the shortage was absorbed
  int64_t engines = 0;
  std::map<std::string, int64_t> calls;

  void Add(const Report& report) {
    ++runs;
    if (report.engine_failed) ++engines;
    if (report.status == INLAY_OK) {
      ++hidden;
    } else {
      ++calls[std::string(report.failed_call) + " " +
              inlay_status_name(report.status)];
    }
  }
  void Print(const char* what, Drive drive, int64_t allocations) const {
    std::printf("%s, %s: %lld allocations, %lld runs; %lld absorbed", what,
                Name(drive), static_cast<long long>(allocations),
                static_cast<long long>(runs), static_cast<long long>(hidden));
    for (const auto& [call, count] : calls) {
      std::printf("; %lld %s", static_cast<long long>(count), call.c_str());
    }
    std::printf("; %lld engines ended\n", static_cast<long long>(engines));
  }
};

// INLAY_TEST_ALL is set by the long tests: then nothing is left out.
bool All() { return getenv("INLAY_TEST_ALL") != nullptr; }

// Without it, runs with threads, which take longer and pass through the same
// code but for the threads, take every thirteenth allocation.
int64_t Stride(Drive drive) { return All() || drive == Drive::kHost ? 1 : 13; }

class EveryAllocation : public testing::TestWithParam<Drive> {};

// Runs `plan` with the n-th allocation of operator new failing.
Report RunWithNew(const Plan& plan, int64_t n, Repeat repeat) {
  const int64_t before = LiveBlocks();
  ArmNew(n, repeat);
  Report report = RunScenario(plan);
  DisarmNew();
  if (report.fault[0] == '\0' && LiveBlocks() != before) {
    std::snprintf(report.fault, sizeof(report.fault), "%lld blocks leaked",
                  static_cast<long long>(LiveBlocks() - before));
  }
  return report;
}

TEST_P(EveryAllocation, OfOperatorNewMayFail) {
  const Plan plan = PlanFor(GetParam());
  RunScenario(plan);  // what is made on first use is not a leak
  ASSERT_STREQ(RunWithNew(plan, 0, Repeat::kOnce).fault, "");
  const int64_t total = NewCount();
  Tally tally;
  for (const Repeat repeat : {Repeat::kOnce, Repeat::kForever}) {
    for (int64_t n = 1; n <= total; n += Stride(GetParam())) {
      const Report report = RunWithNew(plan, n, repeat);
      EXPECT_STREQ(report.fault, "")
          << "allocation " << n << " of " << total
          << (repeat == Repeat::kOnce ? "" : " and all after it")
          << ", first failure " << report.failed_call;
      tally.Add(report);
    }
  }
  tally.Print("operator new", GetParam(), total);
}

TEST_P(EveryAllocation, OfTheHostMayFail) {
  Plan plan = PlanFor(GetParam());
  plan.context.allocate = HostHeap::Allocate;
  plan.context.free = HostHeap::Free;
  plan.context.allocator_user_data = &host_heap;
  plan.context.allocator_release = HostHeap::Release;
  const auto run = [&plan](int64_t n, bool forever) {
    host_heap.count.store(0);
    host_heap.released.store(0);
    host_heap.forever.store(forever);
    host_heap.fail_at.store(n);
    return RunScenario(plan);
  };
  ASSERT_STREQ(run(0, false).fault, "");
  const int64_t total = host_heap.count.load();
  ASSERT_GT(total, 0);
  Tally tally;
  for (const bool forever : {false, true}) {
    for (int64_t n = 1; n <= total; ++n) {
      const Report report = run(n, forever);
      ASSERT_STREQ(report.fault, "") << "block " << n << " of " << total
                                     << (forever ? " and all after it" : "");
      EXPECT_NE(report.status, INLAY_OK) << "block " << n;
      EXPECT_EQ(host_heap.live.load(), 0) << "block " << n;
      EXPECT_EQ(host_heap.released.load(), 1) << "block " << n;
      tally.Add(report);
    }
  }
  tally.Print("host blocks", GetParam(), total);
}

INSTANTIATE_TEST_SUITE_P(Drives, EveryAllocation,
                         testing::Values(Drive::kHost, Drive::kThread,
                                         Drive::kPush),
                         [](const auto& info) {
                           switch (info.param) {
                             case Drive::kHost:
                               return "HostDriven";
                             case Drive::kThread:
                               return "Threaded";
                             case Drive::kPush:
                               return "Push";
                           }
                           return "";
                         });

}  // namespace
}  // namespace inlay::faults
