// value[start:stop:step] as Python clips it.

#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "cpp/text/jinja_library.h"
#include "cpp/text/jinja_ops.h"
#include "cpp/text/jinja_text.h"

namespace inlay::text::jinja {
namespace {

struct Range {
  int64_t start, stop, step;
};

StatusOr<int64_t> Part(const Value& part, int64_t fallback) {
  if (part.is(Kind::kNone)) return fallback;
  if (part.is_integer()) return part.integer();
  return TypeError("slice indices must be integers or none");
}

// Into 0..size for a forward step, -1..size-1 for a backward one.
int64_t Clip(int64_t index, int64_t size, bool forward) {
  if (index < 0) index = index < -size ? -1 : index + size;
  if (forward) return std::clamp<int64_t>(index, 0, size);
  return std::clamp<int64_t>(index, -1, size - 1);
}

StatusOr<Range> Resolve(const Value& start, const Value& stop,
                        const Value& step, int64_t size) {
  Range range;
  INLAY_ASSIGN_OR_RETURN(range.step, Part(step, 1));
  if (range.step == 0) return TypeError("slice step cannot be zero");
  const bool forward = range.step > 0;
  INLAY_ASSIGN_OR_RETURN(range.start, Part(start, 0));
  INLAY_ASSIGN_OR_RETURN(range.stop, Part(stop, 0));
  range.start = start.is(Kind::kNone) ? (forward ? 0 : size - 1)
                                      : Clip(range.start, size, forward);
  range.stop = stop.is(Kind::kNone) ? (forward ? size : -1)
                                    : Clip(range.stop, size, forward);
  // A longer step than the sequence is as good as its length.
  range.step = std::clamp<int64_t>(range.step, -size - 1, size + 1);
  return range;
}

StatusOr<Value> SliceText(const Value& value, const Range& range,
                          Budget& budget) {
  const StringObject& string = value.string();
  INLAY_RETURN_IF_ERROR(budget.Step(string.text.size() / 32));
  if (range.step == 1) {
    const size_t begin = OffsetOf(string.text, string.ascii(), range.start);
    const size_t end = OffsetOf(string.text, string.ascii(), range.stop);
    return budget.String(
        string.text.substr(begin, end > begin ? end - begin : 0));
  }
  std::vector<uint32_t> offsets;  // of every code point
  INLAY_RETURN_IF_ERROR(budget.Step(string.text.size() / 4));
  for (size_t at = 0; at < string.text.size();
       at += CodePointSize(string.text, at)) {
    offsets.push_back(static_cast<uint32_t>(at));
  }
  std::string out;
  for (int64_t i = range.start;
       range.step > 0 ? i < range.stop : i > range.stop; i += range.step) {
    const size_t at = offsets[static_cast<size_t>(i)];
    out.append(string.text, at, CodePointSize(string.text, at));
  }
  return budget.String(std::move(out));
}

}  // namespace

StatusOr<Value> Slice(const Value& value, const Value& start, const Value& stop,
                      const Value& step, Budget& budget) {
  const bool text = value.is(Kind::kString);
  if (!text && !value.is(Kind::kList) && !value.is(Kind::kTuple) &&
      !value.is(Kind::kRange)) {
    return TypeError(absl::StrCat("'", TypeName(value), "' cannot be sliced"));
  }
  const int64_t size =
      text ? value.string().length : static_cast<int64_t>(value.items().size());
  INLAY_ASSIGN_OR_RETURN(Range range, Resolve(start, stop, step, size));
  if (text) return SliceText(value, range, budget);
  std::vector<Value> items;
  for (int64_t i = range.start;
       range.step > 0 ? i < range.stop : i > range.stop; i += range.step) {
    items.push_back(value.items()[static_cast<size_t>(i)]);
  }
  INLAY_RETURN_IF_ERROR(budget.Step(items.size() / 4));
  return budget.Sequence(value.kind(), std::move(items));
}

}  // namespace inlay::text::jinja
