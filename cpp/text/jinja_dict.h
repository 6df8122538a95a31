// Building dicts and comparing values by Python's rules.
#ifndef INLAY_TEXT_JINJA_DICT_H_
#define INLAY_TEXT_JINJA_DICT_H_

#include <string>
#include <vector>

#include "cpp/base/hash_map.h"
#include "cpp/text/jinja_budget.h"

namespace inlay::text::jinja {

// a == b. Recursion is bounded by kMaxValueDepth, work by the budget.
StatusOr<bool> Equal(const Value& a, const Value& b, Budget& budget);
// Three-way order; an error for types that have none.
StatusOr<int> Compare(const Value& a, const Value& b, Budget& budget);

// A text that is equal for equal keys; an error for unhashable values.
StatusOr<std::string> HashKey(const Value& value, Budget& budget);

// dict[key], nullptr if absent.
StatusOr<const Value*> Lookup(const DictObject& dict, const Value& key,
                              Budget& budget);

// The last value of a key wins and keeps the first one's place.
class DictBuilder {
 public:
  explicit DictBuilder(Budget& budget) : budget_(budget) {}
  Status Set(Value key, Value value);
  StatusOr<Value> Finish() { return budget_.Dict(std::move(entries_)); }

 private:
  Budget& budget_;
  std::vector<Entry> entries_;
  HashMap<std::string, size_t> places_;
};

}  // namespace inlay::text::jinja

#endif  // INLAY_TEXT_JINJA_DICT_H_
