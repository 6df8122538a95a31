#include "cpp/text/jinja_filters.h"

#include <charconv>

namespace inlay::text::jinja {

Native FindFilter(std::string_view name) {
  for (auto find : {FindTextFilter, FindNumberFilter, FindSequenceFilter,
                    FindOrderFilter, FindSelectFilter}) {
    if (Native filter = find(name); filter != nullptr) return filter;
  }
  return nullptr;
}

StatusOr<Value> GetPath(const Value& value, const Value& path, Budget& budget,
                        const Value* fallback) {
  if (!path.is(Kind::kString)) {
    INLAY_ASSIGN_OR_RETURN(Value item, GetItem(value, path, budget));
    if (item.is(Kind::kUndefined) && fallback != nullptr) return *fallback;
    return item;
  }
  Value current = value;
  std::string_view rest = path.text();
  while (true) {
    const size_t dot = rest.find('.');
    const std::string_view part = rest.substr(0, dot);
    if (current.is(Kind::kUndefined)) {
      return TypeError("an attribute of an undefined value");
    }
    int64_t index = 0;
    auto parsed =
        std::from_chars(part.data(), part.data() + part.size(), index);
    Value key = Value::Int(index);
    if (part.empty() || parsed.ptr != part.data() + part.size() ||
        parsed.ec != std::errc() || part[0] == '-') {
      INLAY_ASSIGN_OR_RETURN(key, budget.String(std::string(part)));
    }
    INLAY_ASSIGN_OR_RETURN(current, GetItem(current, key, budget));
    if (current.is(Kind::kUndefined) && fallback != nullptr) {
      current = *fallback;
    }
    if (dot == std::string_view::npos) return current;
    rest.remove_prefix(dot + 1);
  }
}

}  // namespace inlay::text::jinja
