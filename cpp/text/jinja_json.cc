#include "cpp/text/jinja_json.h"

#include <simdjson.h>

#include "absl/strings/str_cat.h"
#include "cpp/text/jinja_dict.h"

namespace inlay::text::jinja {
namespace {

namespace dom = simdjson::dom;

// Recursion is bounded by the depth given to the parser.
StatusOr<Value> Convert(const dom::element& element, Budget& budget);

StatusOr<Value> ConvertArray(const dom::array& array, Budget& budget) {
  std::vector<Value> items;
  for (const dom::element& element : array) {
    INLAY_ASSIGN_OR_RETURN(Value item, Convert(element, budget));
    items.push_back(std::move(item));
  }
  return budget.List(std::move(items));
}

StatusOr<Value> ConvertObject(const dom::object& object, Budget& budget) {
  DictBuilder dict(budget);
  for (const dom::key_value_pair& field : object) {
    INLAY_ASSIGN_OR_RETURN(Value key, budget.String(std::string(field.key)));
    INLAY_ASSIGN_OR_RETURN(Value value, Convert(field.value, budget));
    INLAY_RETURN_IF_ERROR(dict.Set(std::move(key), std::move(value)));
  }
  return dict.Finish();
}

StatusOr<Value> Convert(const dom::element& element, Budget& budget) {
  INLAY_RETURN_IF_ERROR(budget.Step());
  switch (element.type()) {
    case dom::element_type::ARRAY:
      return ConvertArray(dom::array(element.get_array().value_unsafe()),
                          budget);
    case dom::element_type::OBJECT:
      return ConvertObject(dom::object(element.get_object().value_unsafe()),
                           budget);
    case dom::element_type::INT64:
      return Value::Int(element.get_int64().value_unsafe());
    case dom::element_type::UINT64:
      return absl::InvalidArgumentError("an integer beyond 63 bits");
    case dom::element_type::DOUBLE:
      return Value::Float(element.get_double().value_unsafe());
    case dom::element_type::STRING:
      return budget.String(std::string(element.get_string().value_unsafe()));
    case dom::element_type::BOOL:
      return Value::Bool(element.get_bool().value_unsafe());
    case dom::element_type::NULL_VALUE:
      return Value::None();
  }
  return Value::None();
}

Status Bad(std::string_view what, std::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat(what, ": not valid JSON: ", why));
}

}  // namespace

StatusOr<Value> FromJson(std::string_view json, std::string_view what,
                         int max_depth, Budget& budget) {
  INLAY_RETURN_IF_ERROR(budget.Check(json.size()));
  dom::parser parser;
  auto error = parser.allocate(json.size(), static_cast<size_t>(max_depth));
  if (error == simdjson::MEMALLOC) {
    return absl::ResourceExhaustedError("no memory to read JSON");
  }
  if (error != simdjson::SUCCESS) return Bad(what, error_message(error));
  dom::element root;
  error = parser.parse(json.data(), json.size()).get(root);
  if (error == simdjson::MEMALLOC) {
    return absl::ResourceExhaustedError("no memory to read JSON");
  }
  if (error != simdjson::SUCCESS) return Bad(what, error_message(error));
  StatusOr<Value> value = Convert(root, budget);
  if (!value.ok() &&
      value.status().code() == absl::StatusCode::kInvalidArgument) {
    return Bad(what, value.status().message());
  }
  return value;
}

}  // namespace inlay::text::jinja
