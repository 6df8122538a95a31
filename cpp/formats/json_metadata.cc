#include "cpp/formats/json_metadata.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp/base/json.h"
#include "cpp/formats/gguf_reader.h"

namespace inlay::formats {
namespace {

namespace dom = simdjson::dom;

// Keys add up along a path, so that deep objects could repeat long ones.
constexpr size_t kMaxKeyBytes = 1024;

template <typename T>
std::vector<T> Values(const dom::array& array) {
  std::vector<T> values;
  for (const dom::element element : array) {
    values.push_back(T(element.get<T>().value_unsafe()));
  }
  return values;
}

std::vector<std::string> Strings(const dom::array& array) {
  std::vector<std::string> values;
  for (const dom::element element : array) {
    values.emplace_back(element.get_string().value_unsafe());
  }
  return values;
}

MetadataValue ArrayValue(const dom::array& array) {
  bool bools = true, ints = true, numbers = true, strings = true;
  for (const dom::element element : array) {
    bools = bools && element.is_bool();
    ints = ints && element.is_int64();
    numbers = numbers && element.is_number();
    strings = strings && element.is_string();
  }
  if (strings) return Strings(array);
  if (bools) return Values<bool>(array);
  if (ints) return Values<int64_t>(array);
  if (numbers) {
    std::vector<double> values;
    for (const dom::element element : array) {
      double value = 0;
      if (element.get_double().get(value) != simdjson::SUCCESS) value = 0;
      values.push_back(value);
    }
    return values;
  }
  return std::string(simdjson::minify(array));
}

class Flattener {
 public:
  Flattener(std::string what, std::vector<MetadataEntry>* metadata)
      : what_(std::move(what)), metadata_(metadata) {
    for (const MetadataEntry& entry : *metadata) seen_.insert(entry.key);
  }

  // Recursion is bounded by the depth that the text was parsed with.
  Status AddObject(const dom::object& object, const std::string& prefix) {
    for (const dom::key_value_pair field : object) {
      std::string key = absl::StrCat(prefix, field.key);
      if (key.size() > kMaxKeyBytes) {
        return absl::ResourceExhaustedError(absl::StrCat(
            what_, ": key ", Quoted(key), " is longer than ", kMaxKeyBytes));
      }
      if (field.value.is_object()) {
        INLAY_RETURN_IF_ERROR(
            AddObject(dom::object(field.value.get_object().value_unsafe()),
                      absl::StrCat(key, ".")));
        continue;
      }
      INLAY_RETURN_IF_ERROR(Add(std::move(key), field.value));
    }
    return OkStatus();
  }

 private:
  Status Add(std::string key, const dom::element& value) {
    if (!seen_.insert(key).second) {
      return absl::InvalidArgumentError(
          absl::StrCat(what_, ": key ", Quoted(key), " is there twice"));
    }
    if (metadata_->size() >= kMaxJsonEntries) {
      return absl::ResourceExhaustedError(
          absl::StrCat(what_, ": more than ", kMaxJsonEntries, " values"));
    }
    switch (value.type()) {
      case dom::element_type::ARRAY:
        Push(std::move(key),
             ArrayValue(dom::array(value.get_array().value_unsafe())));
        break;
      case dom::element_type::INT64:
        Push(std::move(key), value.get_int64().value_unsafe());
        break;
      case dom::element_type::UINT64:
        Push(std::move(key), value.get_uint64().value_unsafe());
        break;
      case dom::element_type::DOUBLE:
        Push(std::move(key), value.get_double().value_unsafe());
        break;
      case dom::element_type::STRING:
        Push(std::move(key), std::string(value.get_string().value_unsafe()));
        break;
      case dom::element_type::BOOL:
        Push(std::move(key), value.get_bool().value_unsafe());
        break;
      default:
        break;  // null says that there is no value
    }
    return OkStatus();
  }
  void Push(std::string key, MetadataValue value) {
    metadata_->push_back({std::move(key), std::move(value)});
  }

  const std::string what_;
  std::vector<MetadataEntry>* const metadata_;
  HashSet<std::string> seen_;
};

}  // namespace

Status AppendJsonMetadata(std::string_view text, const std::string& what,
                          std::string_view prefix,
                          std::vector<MetadataEntry>* metadata) {
  json::Document document;
  INLAY_RETURN_IF_ERROR(document.Parse(text, what));
  dom::object root;
  INLAY_RETURN_IF_ERROR(json::Root(document, what).Get(&root));
  return Flattener(what, metadata).AddObject(root, std::string(prefix));
}

}  // namespace inlay::formats
