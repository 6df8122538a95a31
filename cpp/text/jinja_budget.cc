#include "cpp/text/jinja_budget.h"

#include <algorithm>

#include "cpp/text/jinja_text.h"

namespace inlay::text::jinja {
namespace {

constexpr uint64_t kObjectBytes = 96;  // of the object and its block
constexpr size_t kIndexFrom = 9;       // entries that are worth an index

int DepthOf(const Value& value) {
  if (value.is_sequence()) return value.sequence().depth;
  if (value.is(Kind::kDict)) return value.dict().depth;
  return 0;
}

Status TooDeep() {
  return absl::ResourceExhaustedError("containers are nested too deep");
}

}  // namespace

Budget::~Budget() {
  for (const std::shared_ptr<Object>& object : namespaces_) {
    static_cast<NamespaceObject*>(object.get())->attributes.clear();
  }
}

Status Budget::Step(uint64_t steps) {
  if (steps > steps_left_) {
    steps_left_ = 0;
    return absl::ResourceExhaustedError("the template takes too many steps");
  }
  steps_left_ -= steps;
  return OkStatus();
}

Status Budget::Check(uint64_t bytes) const {
  if (bytes > max_bytes_ || live_ > max_bytes_ - bytes) {
    return absl::ResourceExhaustedError(
        "the template's values need too much memory");
  }
  return OkStatus();
}

Status Budget::Charge(Object* object, uint64_t bytes) {
  INLAY_RETURN_IF_ERROR(Check(bytes));
  INLAY_RETURN_IF_ERROR(Step(bytes / 64));
  object->budget_ = this;
  object->bytes_ += bytes;
  live_ += bytes;
  return OkStatus();
}

StatusOr<Value> Budget::String(std::string text) {
  auto object = std::make_shared<StringObject>();
  INLAY_RETURN_IF_ERROR(Charge(object.get(), kObjectBytes + text.capacity()));
  object->length = CountCodePoints(text);
  object->text = std::move(text);
  return Value::Wrap(Kind::kString, std::move(object));
}

StatusOr<Value> Budget::Sequence(Kind kind, std::vector<Value> items) {
  auto object = std::make_shared<SequenceObject>();
  INLAY_RETURN_IF_ERROR(
      Charge(object.get(), kObjectBytes + items.capacity() * sizeof(Value)));
  for (const Value& item : items) {
    object->depth = std::max(object->depth, DepthOf(item) + 1);
  }
  if (object->depth > kMaxValueDepth) return TooDeep();
  object->items = std::move(items);
  return Value::Wrap(kind, std::move(object));
}

StatusOr<Value> Budget::Dict(std::vector<Entry> entries) {
  auto object = std::make_shared<DictObject>();
  INLAY_RETURN_IF_ERROR(Charge(
      object.get(), kObjectBytes + entries.capacity() * (sizeof(Entry) + 24)));
  for (const Entry& entry : entries) {
    object->depth = std::max(
        {object->depth, DepthOf(entry.first) + 1, DepthOf(entry.second) + 1});
  }
  if (object->depth > kMaxValueDepth) return TooDeep();
  object->entries = std::move(entries);
  if (object->entries.size() >= kIndexFrom) {
    for (size_t i = 0; i < object->entries.size(); ++i) {
      const Value& key = object->entries[i].first;
      if (key.is(Kind::kString)) object->index.emplace(key.text(), i);
    }
  }
  return Value::Wrap(Kind::kDict, std::move(object));
}

StatusOr<Value> Budget::Namespace() {
  auto object = std::make_shared<NamespaceObject>();
  INLAY_RETURN_IF_ERROR(Charge(object.get(), kObjectBytes));
  namespaces_.push_back(object);
  return Value::Wrap(Kind::kNamespace, std::move(object));
}

Value Budget::Undefined(std::string_view name) {
  auto hint = std::make_shared<StringObject>();
  if (!Charge(hint.get(), kObjectBytes + name.size()).ok()) return Value();
  hint->text = std::string(name);
  return Value::Undefined(std::move(hint));
}

StringBuilder& StringBuilder::Append(std::string_view text) {
  if (!status_.ok()) return *this;
  status_ = budget_.Check(text_.size() + text.size());
  if (status_.ok()) status_ = budget_.Step(text.size() / 64);
  if (status_.ok()) text_.append(text);
  return *this;
}

StatusOr<Value> StringBuilder::Finish() {
  INLAY_RETURN_IF_ERROR(status_);
  return budget_.String(std::move(text_));
}

}  // namespace inlay::text::jinja
