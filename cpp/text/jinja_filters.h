// Groups of filters; FindFilter looks through them.
#ifndef INLAY_TEXT_JINJA_FILTERS_H_
#define INLAY_TEXT_JINJA_FILTERS_H_

#include <string_view>

#include "cpp/text/jinja_library.h"

namespace inlay::text::jinja {

Native FindTextFilter(std::string_view name);
Native FindNumberFilter(std::string_view name);
Native FindSequenceFilter(std::string_view name);
Native FindOrderFilter(std::string_view name);
Native FindSelectFilter(std::string_view name);

// A dotted path of names and indices: what attribute="a.b.0" reads.
// Where a part is undefined, `fallback` takes its place.
StatusOr<Value> GetPath(const Value& value, const Value& path, Budget& budget,
                        const Value* fallback = nullptr);

template <size_t N>
Native FindIn(const NamedNative (&table)[N], std::string_view name) {
  for (const NamedNative& entry : table) {
    if (entry.name == name) return entry.function;
  }
  return nullptr;
}

}  // namespace inlay::text::jinja

#endif  // INLAY_TEXT_JINJA_FILTERS_H_
