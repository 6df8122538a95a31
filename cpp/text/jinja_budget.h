// What one rendering may spend, and the only way to allocate values.
#ifndef INLAY_TEXT_JINJA_BUDGET_H_
#define INLAY_TEXT_JINJA_BUDGET_H_

#include <string>
#include <string_view>
#include <vector>

#include "cpp/text/jinja_value.h"

namespace inlay::text::jinja {

// Containers nested deeper than this are refused, so that recursion over a
// value (printing, comparing, destroying) has a bounded depth.
inline constexpr int kMaxValueDepth = 128;

class Budget {
 public:
  Budget(uint64_t max_steps, uint64_t max_bytes)
      : steps_left_(max_steps), max_bytes_(max_bytes) {}
  ~Budget();
  Budget(const Budget&) = delete;
  Budget& operator=(const Budget&) = delete;

  // Charges work; long operations charge in proportion to what they touch.
  Status Step(uint64_t steps = 1);
  // Whether `bytes` more would fit.
  Status Check(uint64_t bytes) const;
  Status Charge(Object* object, uint64_t bytes);
  void Release(uint64_t bytes) { live_ -= bytes; }

  // `text` must be valid UTF-8.
  StatusOr<Value> String(std::string text);
  StatusOr<Value> Sequence(Kind kind, std::vector<Value> items);
  StatusOr<Value> List(std::vector<Value> items) {
    return Sequence(Kind::kList, std::move(items));
  }
  // Keys must be distinct and hashable; DictBuilder sees to that.
  StatusOr<Value> Dict(std::vector<Entry> entries);
  StatusOr<Value> Namespace();
  // Undefined, remembering the name for messages.
  Value Undefined(std::string_view name);

 private:
  uint64_t steps_left_;
  const uint64_t max_bytes_;
  uint64_t live_ = 0;
  // Namespaces can form cycles; the end of the rendering cuts them.
  std::vector<std::shared_ptr<Object>> namespaces_;
};

// Builds a string within a budget. Errors stick and surface in Finish.
class StringBuilder {
 public:
  explicit StringBuilder(Budget& budget) : budget_(budget) {}
  StringBuilder& Append(std::string_view text);
  Status status() const { return status_; }
  const std::string& text() const { return text_; }
  StatusOr<Value> Finish();

 private:
  Budget& budget_;
  std::string text_;
  Status status_;
};

}  // namespace inlay::text::jinja

#endif  // INLAY_TEXT_JINJA_BUDGET_H_
