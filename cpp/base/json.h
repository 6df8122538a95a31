// JSON from files that nobody vouches for: bounded depth, strict syntax, and
// errors that name the value.
#ifndef INLAY_BASE_JSON_H_
#define INLAY_BASE_JSON_H_

// Its assertions would end the process; what they say of is checked here.
#pragma push_macro("NDEBUG")
#undef NDEBUG
#define NDEBUG 1
#include <simdjson.h>
#pragma pop_macro("NDEBUG")

#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "cpp/base/status.h"

namespace inlay::json {

inline constexpr int kMaxDepth = 64;

// The text with integers that need more than 64 bits written as reals: files
// hold such ones for "no limit". The parser refuses them.
inline std::string WideIntegersAsReals(std::string_view text) {
  constexpr size_t kDigits = 19;  // as many as may be too many
  std::string out;
  out.reserve(text.size() + 16);
  bool quoted = false;
  for (size_t i = 0; i < text.size();) {
    const size_t begin = i;
    const auto digit = [&] { return text[i] >= '0' && text[i] <= '9'; };
    if (quoted || !digit()) {
      if (text[i] == '"') quoted = !quoted;
      i += quoted && text[i] == '\\' ? 2 : 1;
      out += text.substr(begin, i - begin);
      continue;
    }
    while (i < text.size() && digit()) ++i;
    out += text.substr(begin, i - begin);
    // Digits of a fraction or an exponent are not an integer; nor are those
    // before them.
    const auto real = [&](size_t at) {
      return at < text.size() &&
             std::string_view(".eE").find(text[at]) != std::string_view::npos;
    };
    const bool sign =
        begin > 0 && (text[begin - 1] == '-' || text[begin - 1] == '+');
    if (i - begin >= kDigits && !real(i) && !real(begin - 1) &&
        !(sign && real(begin - 2))) {
      out += "e0";
    }
  }
  return out;
}

// A parsed text. Elements view it.
class Document {
 public:
  // `what` names the text in errors ("config.json"). kInvalidArgument if it is
  // not JSON, and for nesting beyond `max_depth`.
  Status Parse(std::string_view text, std::string_view what,
               int max_depth = kMaxDepth) {
    auto error = ParseOnce(text, max_depth);
    if (error == simdjson::NUMBER_ERROR) {
      error = ParseOnce(WideIntegersAsReals(text), max_depth);
    }
    if (error == simdjson::SUCCESS) return OkStatus();
    if (error == simdjson::MEMALLOC) {
      return absl::ResourceExhaustedError(
          absl::StrCat(what, ": no memory to read it"));
    }
    if (error == simdjson::DEPTH_ERROR) {
      return absl::InvalidArgumentError(
          absl::StrCat(what, ": nested deeper than ", max_depth));
    }
    return absl::InvalidArgumentError(absl::StrCat(
        what, ": not valid JSON: ", simdjson::error_message(error)));
  }
  simdjson::dom::element root() const { return root_; }

 private:
  simdjson::error_code ParseOnce(std::string_view text, int max_depth) {
    const auto error =
        parser_.allocate(text.size(), static_cast<size_t>(max_depth));
    if (error != simdjson::SUCCESS) return error;
    // The parser copies the text: no text is not at null.
    return parser_.parse(text.empty() ? "" : text.data(), text.size())
        .get(root_);
  }

  simdjson::dom::parser parser_;
  simdjson::dom::element root_;
};

// An element and what it is called in messages. A value that is absent or null
// is not there.
class Value {
 public:
  Value() = default;
  Value(simdjson::dom::element element, std::string path)
      : path_(std::move(path)), element_(element), present_(true) {}

  bool present() const { return present_; }
  const std::string& path() const { return path_; }
  simdjson::dom::element element() const { return element_; }
  bool is_object() const { return present_ && element_.is_object(); }
  bool is_array() const { return present_ && element_.is_array(); }
  bool is_string() const { return present_ && element_.is_string(); }

  // The first field of that name; not there if this is not an object.
  Value operator[](std::string_view key) const {
    Value out;
    out.path_ = absl::StrCat(path_, ".", key.substr(0, 100));
    simdjson::dom::element found;
    if (is_object() && element_[key].get(found) == simdjson::SUCCESS &&
        !found.is_null()) {
      out.element_ = found;
      out.present_ = true;
    }
    return out;
  }

  // Each fails unless the value is there and of the type.
  Status Get(std::string_view* out) const {
    return present_ && element_.get_string().get(*out) == simdjson::SUCCESS
               ? OkStatus()
               : Wrong("a string");
  }
  Status Get(std::string* out) const {
    std::string_view text;
    INLAY_RETURN_IF_ERROR(Get(&text));
    *out = text;
    return OkStatus();
  }
  Status Get(bool* out) const {
    return present_ && element_.get_bool().get(*out) == simdjson::SUCCESS
               ? OkStatus()
               : Wrong("true or false");
  }
  Status Get(int64_t* out) const {
    return present_ && element_.get_int64().get(*out) == simdjson::SUCCESS
               ? OkStatus()
               : Wrong("an integer");
  }
  Status Get(double* out) const {
    return present_ && element_.get_double().get(*out) == simdjson::SUCCESS &&
                   std::isfinite(*out)
               ? OkStatus()
               : Wrong("a number");
  }
  Status Get(simdjson::dom::array* out) const {
    return present_ && element_.get_array().get(*out) == simdjson::SUCCESS
               ? OkStatus()
               : Wrong("an array");
  }
  Status Get(simdjson::dom::object* out) const {
    return present_ && element_.get_object().get(*out) == simdjson::SUCCESS
               ? OkStatus()
               : Wrong("an object");
  }
  // Leaves *out alone if the value is not there.
  template <typename T>
  Status GetIfPresent(T* out) const {
    return present_ ? Get(out) : OkStatus();
  }

  Status Wrong(std::string_view wanted) const {
    return absl::InvalidArgumentError(absl::StrCat(
        path_, present_ ? " is not " : " is missing; it must be ", wanted));
  }

 private:
  std::string path_;
  simdjson::dom::element element_;
  bool present_ = false;
};

inline Value Root(const Document& document, std::string name) {
  return Value(document.root(), std::move(name));
}

}  // namespace inlay::json

#endif  // INLAY_BASE_JSON_H_
