#include "tests/cache/cache_driver.h"

#include <algorithm>
#include <new>

#include "tests/faults/failing_new.h"

namespace inlay::cache {
namespace {

uint64_t Mix(uint64_t value, int32_t token) {
  value = (value ^ static_cast<uint32_t>(token)) * 0x9e3779b97f4a7c15u;
  return value ^ (value >> 29);
}

}  // namespace

CacheDriver::CacheDriver(const DriverOptions& options)
    : options_(options),
      random_(options.seed),
      real_(options.page_count, options.page_tokens, options.hash_mask),
      naive_(options.page_count, options.page_tokens),
      sequences_(static_cast<size_t>(options.sequences)),
      memory_(static_cast<size_t>(options.page_count) *
              static_cast<size_t>(options.page_tokens)) {
  for (int32_t i = 0; i < options.sequences; ++i) {
    sequences_[i].owner = static_cast<uint64_t>(i) + 1;
  }
}

template <typename Operation>
auto CacheDriver::Try(Operation operation) {
  if (options_.faults && Random(2) == 0) {
    const size_t copies = copies_.size();
    faults::ArmNew(1 + Random(6), faults::Repeat::kOnce);
    try {
      auto result = operation();
      faults::DisarmNew();
      return result;
    } catch (const std::bad_alloc&) {
      faults::DisarmNew();
      ++counts_.failures;
      Expect(copies_.size() == copies, "a failed call left a copy");
      CheckAll();
    }
  }
  return operation();
}

std::string CacheDriver::Domain(int32_t domain) const {
  return "a domain whose name needs memory of its own, number " +
         std::to_string(domain);
}

Key CacheDriver::RandomKey() {
  Key key = {Random(options_.domains)};
  const int32_t most = options_.page_tokens * 4;
  const int32_t tokens = Random(most + 1);
  // Mostly the same token, so that beginnings are often shared.
  for (int32_t i = 0; i < tokens; ++i) {
    key.push_back(Random(3) == 0 ? Random(options_.alphabet) : 0);
  }
  return key;
}

void CacheDriver::Start(Sequence& sequence) {
  const Key key = RandomKey();
  const std::string domain = Domain(key[0]);
  const PrefixMatch match = naive_.Find(key);
  const size_t copies = copies_.size();
  PageTable table;
  const int32_t cached =
      Try([&] { return real_.Adopt(domain, TokensOf(key), table, &copies_); });
  const std::vector<int32_t> pages = PagesOf(table);
  std::vector<int32_t> expected = naive_.Pages(key, match.pages);
  for (const int32_t page : expected) naive_.Hold(page);
  const bool partial = copies_.size() > copies;
  if (partial) {
    const int32_t from = copies_.back().from;
    expected.push_back(copies_.back().to);
    naive_.Hold(from);
    Expect(naive_.Take(copies_.back().to), "a page in use was given out");
    naive_.Drop(from);
    ++counts_.partial_hits;
  } else if (match.partial_tokens > 0) {
    // It holds its source, too.
    Expect(naive_.available() <= 1, "a partial page was left out");
  }
  Expect(pages == expected, "Adopt gave other pages");
  Expect(cached == match.pages * options_.page_tokens +
                       (partial ? match.partial_tokens : 0),
         "Adopt made other tokens cached");
  counts_.hits += match.pages > 0;
  sequence.alive = true;
  sequence.key.assign(key.begin(), key.begin() + cached + 1);
  sequence.next = sequence.key;
  sequence.table = std::move(table);
}

bool CacheDriver::MakeWritable(Sequence& sequence) {
  const int32_t position = sequence.tokens();
  const int32_t offset = position % options_.page_tokens;
  const int32_t first = position / options_.page_tokens;
  std::vector<int32_t> pages = PagesOf(sequence.table);
  const size_t copies = copies_.size();
  const bool done = Try(
      [&] { return real_.MakeWritable(sequence.table, position, &copies_); });
  const std::vector<int32_t> now = PagesOf(sequence.table);
  if (first >= static_cast<int32_t>(pages.size())) return done;
  const bool copy = offset > 0 && naive_.Shared(pages[first], offset);
  const bool copied = copies_.size() > copies;
  counts_.copies += copied;
  bool others = false;
  std::vector<size_t> fresh;
  for (size_t i = static_cast<size_t>(first); i < pages.size(); ++i) {
    others = others || naive_.references(pages[i]) > 1;
    const int32_t from = i == static_cast<size_t>(first) ? offset : 0;
    if (from == 0 && naive_.Shared(pages[i], 0)) fresh.push_back(i);
  }
  if (!done) {
    ++counts_.refusals;
    Expect(others, "no page to write, though all are its own");
    Expect(now == pages && !copied, "a refusal changed the table");
    return false;
  }
  for (size_t i = fresh.size(); i-- > 0;) naive_.Drop(pages[fresh[i]]);
  if (copied) {
    Expect(copy && copies_.back().from == pages[first] &&
               copies_.back().to == now[first],
           "a copy that is not wanted");
    naive_.MakeRoom(1);
    Expect(naive_.Take(now[first]), "a page in use was given out");
    naive_.Drop(pages[first]);
  } else if (copy) {
    ++counts_.in_place;
    Expect(naive_.references(pages[first]) == 1 && now[first] == pages[first],
           "a shared page is written");
    naive_.Unindex(pages[first]);
  }
  for (const size_t i : fresh) {
    Expect(naive_.Take(now[i]), "a page in use was given out");
  }
  for (size_t i = static_cast<size_t>(first); i < now.size(); ++i) {
    const int32_t from = i == static_cast<size_t>(first) ? offset : 0;
    Expect(!naive_.Shared(now[i], from), "a page is not writable");
  }
  return true;
}

void CacheDriver::Plan(Sequence& sequence) {
  if (!sequence.alive || sequence.busy()) return;
  const int32_t more = 1 + Random(options_.page_tokens * 2);
  const int32_t wanted =
      PagesFor(sequence.tokens() + more, options_.page_tokens);
  const std::vector<int32_t> pages = PagesOf(sequence.table);
  const int32_t missing = wanted - static_cast<int32_t>(pages.size());
  const bool grown = Try([&] { return real_.Grow(sequence.table, wanted); });
  Expect(grown == (missing <= naive_.available()), "Grow is wrong");
  counts_.refusals += !grown;
  if (!grown) return;
  if (missing > 0) naive_.MakeRoom(missing);
  for (size_t i = pages.size(); i < sequence.table.pages().size(); ++i) {
    Expect(naive_.Take(sequence.table.pages()[i]),
           "a page in use was given out");
  }
  if (!MakeWritable(sequence)) return;
  for (int32_t i = 0; i < more; ++i) {
    sequence.next.push_back(Random(3) == 0 ? Random(options_.alphabet) : 0);
  }
}

void CacheDriver::Execute() {
  const auto size = static_cast<size_t>(options_.page_tokens);
  for (const PageCopy& copy : copies_) {
    std::copy_n(memory_.begin() + copy.from * options_.page_tokens, size,
                memory_.begin() + copy.to * options_.page_tokens);
  }
  copies_.clear();
  for (Sequence& sequence : sequences_) {
    if (!sequence.alive) continue;
    uint64_t value = Mix(7, sequence.next[0]);
    for (size_t i = 1; i < sequence.next.size(); ++i) {
      value = Mix(value, sequence.next[i]);
      if (i < sequence.key.size()) continue;
      const int32_t page = sequence.table.pages()[(i - 1) / size];
      memory_[static_cast<size_t>(page) * size + (i - 1) % size] = value;
    }
    sequence.key = sequence.next;
  }
  CheckContents();
  for (Sequence& sequence : sequences_) {
    if (sequence.alive && Random(2) == 0) Publish(sequence);
  }
}

void CacheDriver::Publish(Sequence& sequence) {
  if (!sequence.alive || sequence.busy()) return;
  Key key = sequence.key;
  if (Random(8) == 0) {
    key.resize(1 + static_cast<size_t>(Random(sequence.tokens() + 1)));
  }
  const bool partial = Random(2) == 0;
  const std::string domain = Domain(key[0]);
  const std::vector<int32_t> before = PagesOf(sequence.table);
  std::vector<int32_t> expected = before;
  Try([&] {
    real_.Publish(domain, TokensOf(key), partial, sequence.table,
                  sequence.owner);
    return true;
  });
  naive_.Publish(key, partial, &expected, sequence.owner);
  Expect(PagesOf(sequence.table) == expected, "Publish gave other pages");
  counts_.exchanges += before != expected;
}

void CacheDriver::Fork(Sequence& from, Sequence& to) {
  if (&from == &to || !from.alive || from.busy()) return;
  const std::vector<int32_t> before = PagesOf(to.table);
  Try([&] {
    real_.Fork(from.table, to.table);
    return true;
  });
  naive_.Release(before, 0);  // Fork gives back what the table held.
  for (const int32_t page : to.table.pages()) naive_.Hold(page);
  Expect(PagesOf(to.table) == PagesOf(from.table), "Fork gave other pages");
  to.alive = true;
  to.key = to.next = from.key;
  if (Random(2) == 0) Truncate(to);
}

void CacheDriver::Truncate(Sequence& sequence) {
  if (!sequence.alive || sequence.busy()) return;
  const int32_t tokens = Random(sequence.tokens() + 1);
  sequence.key.resize(static_cast<size_t>(tokens) + 1);
  sequence.next = sequence.key;
  if (Random(4) == 0) return;  // The pages behind it stay.
  const std::vector<int32_t> pages = PagesOf(sequence.table);
  const int32_t keep = PagesFor(tokens, options_.page_tokens);
  real_.Shrink(sequence.table, keep);
  naive_.Release(pages, static_cast<size_t>(keep));
}

void CacheDriver::Release(Sequence& sequence) {
  naive_.Release(PagesOf(sequence.table), 0);
  real_.Release(sequence.table);
  sequence.alive = false;
}

void CacheDriver::Promise(Sequence& sequence) {
  Key key = RandomKey();
  if (sequence.alive && Random(2) == 0) {
    key.insert(key.begin() + 1, sequence.key.begin() + 1, sequence.key.end());
    key[0] = sequence.key[0];
  }
  const std::string domain = Domain(key[0]);
  Try([&] {
    real_.Promise(domain, TokensOf(key), sequence.owner);
    return true;
  });
  naive_.Promise(key, sequence.owner);
}

void CacheDriver::Withdraw(Sequence& sequence) {
  real_.Withdraw(sequence.owner);
  naive_.Withdraw(sequence.owner);
}

void CacheDriver::Forget() {
  const int32_t domain = Random(options_.domains);
  if (Random(4) == 0) {
    real_.Clear();
    for (int32_t i = 0; i < options_.domains; ++i) naive_.Forget(i);
    return;
  }
  real_.Forget(Domain(domain));
  naive_.Forget(domain);
}

// All that is said to be available is given out.
void CacheDriver::Drain() {
  PageTable table;
  const int32_t count = naive_.available();
  Expect(real_.Grow(table, count), "an available page is not given out");
  naive_.MakeRoom(count);
  for (const int32_t page : table.pages()) {
    Expect(naive_.Take(page), "a page in use was given out");
  }
  naive_.Release(PagesOf(table), 0);
  real_.Release(table);
}

bool CacheDriver::Step() {
  switch (Random(24)) {
    case 0:
    case 1:
    case 2: {
      Sequence& sequence = Any();
      Release(sequence);
      Start(sequence);
      break;
    }
    case 3:
      Release(Any());
      break;
    case 4:
    case 5:
      Fork(Any(), Any());
      break;
    case 6:
      Truncate(Any());
      break;
    case 7:
    case 8:
      Promise(Any());
      break;
    case 9:
      Withdraw(Any());
      break;
    case 10:
      Publish(Any());
      break;
    case 11:
      if (Random(20) == 0) Forget();
      if (Random(20) == 0) Drain();
      break;
    case 12:
    case 13:
    case 14:
    case 15:
      Execute();
      break;
    default:
      Plan(Any());
  }
  CheckCounts();
  CheckFind(RandomKey());
  return error_.empty();
}

bool CacheDriver::Finish() {
  for (Sequence& sequence : sequences_) {
    Release(sequence);
    Withdraw(sequence);
  }
  CheckAll();
  Expect(real_.free_count() == options_.page_count, "a page is lost");
  PageTable table;
  Expect(real_.Grow(table, options_.page_count), "a page is not given out");
  Expect(real_.stats().indexed_pages == 0, "the index keeps a page in use");
  real_.Release(table);
  return error_.empty();
}

void CacheDriver::CheckCounts() {
  std::vector<int32_t> references(static_cast<size_t>(options_.page_count));
  for (const Sequence& sequence : sequences_) {
    int32_t own = 0;
    for (const int32_t page : sequence.table.pages()) {
      ++references[page];
      own += naive_.references(page) == 1;
    }
    Expect(real_.OwnPages(sequence.table) == own, "OwnPages is wrong");
  }
  for (int32_t page = 0; page < options_.page_count; ++page) {
    Expect(real_.references(page) == references[page] &&
               naive_.references(page) == references[page],
           "a page is counted wrongly");
  }
  const CacheStats stats = real_.stats();
  Expect(real_.free_count() == naive_.available() &&
             stats.idle_pages == naive_.idle() &&
             stats.indexed_pages == naive_.indexed() &&
             stats.evicted_pages == naive_.evicted(),
         "the counts are wrong");
  if (const Status status = real_.Validate(); !status.ok()) {
    Fail(std::string(status.message()));
  }
}

void CacheDriver::CheckFind(const Key& key) {
  const PrefixMatch expected = naive_.Find(key);
  const PrefixMatch match = real_.Find(Domain(key[0]), TokensOf(key));
  Expect(match.tokens == expected.tokens && match.pages == expected.pages &&
             match.idle_pages == expected.idle_pages &&
             match.partial_tokens == expected.partial_tokens &&
             match.promised == expected.promised,
         "Find is wrong");
  counts_.promised += match.promised;
}

void CacheDriver::CheckContents() {
  const auto size = static_cast<size_t>(options_.page_tokens);
  for (const Sequence& sequence : sequences_) {
    if (!sequence.alive) continue;
    uint64_t value = Mix(7, sequence.key[0]);
    for (size_t i = 1; i < sequence.key.size(); ++i) {
      value = Mix(value, sequence.key[i]);
      const int32_t page = sequence.table.pages()[(i - 1) / size];
      Expect(
          memory_[static_cast<size_t>(page) * size + (i - 1) % size] == value,
          "a page contains something else");
    }
  }
}

void CacheDriver::CheckAll() {
  CheckCounts();
  for (const Key& key : naive_.keys()) CheckFind(key);
}

}  // namespace inlay::cache
