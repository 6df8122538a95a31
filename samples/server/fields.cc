#include "fields.h"

#include "errors.h"

namespace server {

using nlohmann::json;

json ParseBody(const std::string& body) {
  constexpr int kMostLevels = 64;
  const auto check = [](int depth, json::parse_event_t, json&) {
    if (depth > kMostLevels) {
      throw ApiError(400, "the JSON is nested too deeply", "invalid_json");
    }
    return true;
  };
  json parsed;
  try {
    parsed = json::parse(body, check);
  } catch (const json::exception& error) {
    throw ApiError(400, std::string("the body is not JSON: ") + error.what(),
                   "invalid_json");
  }
  if (!parsed.is_object()) {
    throw ApiError(400, "the body is not a JSON object", "invalid_json");
  }
  return parsed;
}

void BadField(const std::string& name, const std::string& what) {
  throw ApiError(400, "'" + name + "' " + what, "invalid_value", name);
}

const json* Fields::Find(const std::string& name) {
  known_.insert(name);
  const auto found = object_.find(name);
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

std::string Fields::String(const std::string& name,
                           const std::string& missing) {
  const json* value = Find(name);
  if (value == nullptr) return missing;
  if (!value->is_string()) BadField(name, "must be a string");
  return value->get<std::string>();
}

bool Fields::Bool(const std::string& name, bool missing) {
  const json* value = Find(name);
  if (value == nullptr) return missing;
  if (!value->is_boolean()) BadField(name, "must be true or false");
  return value->get<bool>();
}

int64_t Fields::Integer(const std::string& name, int64_t missing, int64_t least,
                        int64_t most) {
  const json* value = Find(name);
  if (value == nullptr) return missing;
  if (!value->is_number_integer()) BadField(name, "must be an integer");
  const bool too_large =
      value->is_number_unsigned() &&
      value->get<uint64_t>() > static_cast<uint64_t>(INT64_MAX);
  const int64_t number = too_large ? INT64_MAX : value->get<int64_t>();
  if (too_large || number < least || number > most) {
    BadField(name, "must be from " + std::to_string(least) + " to " +
                       std::to_string(most));
  }
  return number;
}

double Fields::Number(const std::string& name, double missing, double least,
                      double most) {
  const json* value = Find(name);
  if (value == nullptr) return missing;
  if (!value->is_number()) BadField(name, "must be a number");
  const double number = value->get<double>();
  if (!(number >= least && number <= most)) {
    BadField(name,
             "must be from " + json(least).dump() + " to " + json(most).dump());
  }
  return number;
}

std::vector<std::string> Fields::Strings(const std::string& name) {
  const json* value = Find(name);
  if (value == nullptr) return {};
  if (value->is_string()) return {value->get<std::string>()};
  if (!value->is_array()) BadField(name, "must be a string or an array");
  std::vector<std::string> strings;
  for (const json& entry : *value) {
    if (!entry.is_string()) BadField(name, "must contain strings only");
    strings.push_back(entry.get<std::string>());
  }
  return strings;
}

void Fields::Only(const std::string& name, const json& only) {
  const json* value = Find(name);
  if (value == nullptr || *value == only) return;
  throw ApiError(
      400, "'" + name + "' other than " + Dump(only) + " is not supported",
      "unsupported_value", name);
}

void Fields::Finish() const {
  for (const auto& [name, value] : object_.items()) {
    if (known_.count(name) != 0) continue;
    throw ApiError(400, "'" + name + "' is not supported",
                   "unsupported_parameter", name);
  }
}

}  // namespace server
