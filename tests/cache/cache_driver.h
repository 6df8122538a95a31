// Does random things to a PageCache as an engine would, beside the naive one,
// with a stand-in for the memory of the pages.
#ifndef INLAY_TESTS_CACHE_CACHE_DRIVER_H_
#define INLAY_TESTS_CACHE_CACHE_DRIVER_H_

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "cpp/cache/page_cache.h"
#include "tests/cache/naive_cache.h"

namespace inlay::cache {

struct DriverOptions {
  uint32_t seed = 1;
  int32_t page_count = 12;
  int32_t page_tokens = 3;
  int32_t domains = 2;
  int32_t alphabet = 2;   // different tokens
  int32_t sequences = 5;  // that live at once
  size_t hash_mask = ~size_t{0};
  bool faults = false;  // allocations fail now and then
};

// A slot of the memory holds a value that stands for the domain and all tokens
// up to there, as keys and values do.
class CacheDriver {
 public:
  explicit CacheDriver(const DriverOptions& options);

  // One operation, and all checks. False if something is wrong: see error().
  bool Step();
  // Releases everything and checks that nothing is left.
  bool Finish();
  const std::string& error() const { return error_; }

  // How often things happened, so that a test can tell that they did.
  struct Counts {
    int64_t hits = 0, partial_hits = 0, exchanges = 0, copies = 0, refusals = 0,
            in_place = 0, promised = 0, failures = 0;
  };
  const Counts& counts() const { return counts_; }

 private:
  // One request. While it waits for the next step, `next` has the tokens that
  // the step computes.
  struct Sequence {
    bool alive = false;
    Key key;
    Key next;
    PageTable table;
    uint64_t owner = 0;
    bool busy() const { return next.size() > key.size(); }
    int32_t tokens() const { return static_cast<int32_t>(key.size()) - 1; }
  };

  int32_t Random(int32_t bound) {
    return static_cast<int32_t>(random_() % static_cast<uint32_t>(bound));
  }
  Sequence& Any() { return sequences_[Random(options_.sequences)]; }
  Key RandomKey();
  std::string Domain(int32_t domain) const;
  Tokens TokensOf(const Key& key) const {
    return {key.data() + 1, key.size() - 1};
  }

  void Start(Sequence& sequence);
  void Plan(Sequence& sequence);
  void Execute();
  void Publish(Sequence& sequence);
  void Fork(Sequence& from, Sequence& to);
  void Truncate(Sequence& sequence);
  void Release(Sequence& sequence);
  void Promise(Sequence& sequence);
  void Withdraw(Sequence& sequence);
  void Forget();
  void Drain();
  bool MakeWritable(Sequence& sequence);

  // Calls `operation` with an allocation that fails, now and then; then
  // nothing may have changed, and it is called again.
  template <typename Operation>
  auto Try(Operation operation);

  void Fail(const std::string& what) {
    if (error_.empty()) error_ = what;
  }
  void Expect(bool holds, const char* what) {
    if (!holds) Fail(what);
  }
  void CheckCounts();
  void CheckFind(const Key& key);
  void CheckContents();
  void CheckAll();
  static std::vector<int32_t> PagesOf(const PageTable& table) {
    return {table.pages().begin(), table.pages().end()};
  }

  DriverOptions options_;
  std::mt19937 random_;
  PageCache real_;
  NaiveCache naive_;
  std::vector<Sequence> sequences_;
  std::vector<PageCopy> copies_;
  std::vector<uint64_t> memory_;
  std::string error_;
  Counts counts_;
};

}  // namespace inlay::cache

#endif  // INLAY_TESTS_CACHE_CACHE_DRIVER_H_
