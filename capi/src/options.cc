#include "capi/src/options.h"

#include <charconv>
#include <memory>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "capi/src/arguments.h"
#include "capi/src/guard.h"

namespace inlay::capi {
namespace {

struct Option {
  const char* key;
  const char* scope;
  const char* values;
  const char* default_value;
  const char* doc;
  int64_t low;  // low > high: one of the names in `values`
  int64_t high;
};

constexpr Option kOptions[] = {
#define INLAY_OPTION(id, index, key, scope, values, value, doc, low, high) \
  {key, scope, values, value, doc, low, high},
#include "capi/api/generated/options.inc"
#undef INLAY_OPTION
};

bool IsReal(const Option& option) {
  return std::string_view(option.values).substr(0, 6) == "float ";
}

// Plain decimal digits, whatever the host's locale.
bool ParseReal(std::string_view text, double* out) {
  return text.find_first_not_of("0123456789.") == text.npos &&
         absl::SimpleAtod(text, out);
}

bool ParseNumber(std::string_view text, int64_t* out) {
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, *out);
  return result.ec == std::errc() && result.ptr == end;
}

StatusOr<size_t> FindOption(std::string_view key) {
  for (size_t i = 0; i < kOptionCount; ++i) {
    if (key == kOptions[i].key) return i;
  }
  return absl::NotFoundError(
      absl::StrCat("unknown option '", key.substr(0, 64), "'"));
}

// T: int64_t or double.
template <typename T>
Status CheckNumber(const Option& option, bool parsed, T number) {
  const auto takes = [&] {
    return absl::StrCat("option '", option.key, "' takes ", option.values);
  };
  if (!parsed) return absl::InvalidArgumentError(takes());
  if (number < static_cast<T>(option.low) ||
      number > static_cast<T>(option.high)) {
    return absl::OutOfRangeError(takes());
  }
  return OkStatus();
}

Status CheckValue(const Option& option, std::string_view value) {
  if (option.low <= option.high && IsReal(option)) {
    double number = 0;
    const bool parsed = ParseReal(value, &number);
    return CheckNumber(option, parsed, number);
  }
  if (option.low <= option.high) {
    int64_t number = 0;
    const bool parsed = ParseNumber(value, &number);
    return CheckNumber(option, parsed, number);
  }
  for (const std::string_view name : absl::StrSplit(option.values, '|')) {
    if (name == value) return OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("option '", option.key, "' takes ", option.values, ", not '",
                   value.substr(0, 64), "'"));
}

Outcome Set(inlay_options* options, const char* key, size_t key_size,
            const char* value, size_t value_size) {
  INLAY_RETURN_IF_BAD(CheckLive(options));
  std::string_view key_text, value_text;
  INLAY_RETURN_IF_BAD(ReadText(key, key_size, "key", &key_text));
  INLAY_RETURN_IF_BAD(ReadText(value, value_size, "value", &value_text));
  if (key_text.empty()) return Outcome::Invalid("key", "is empty");
  INLAY_ASSIGN_OR_RETURN(const size_t index, FindOption(key_text));
  if (!value_text.empty()) {
    INLAY_RETURN_IF_ERROR(CheckValue(kOptions[index], value_text));
  }
  options->values[index] = std::string(value_text);
  return {};
}

Outcome Get(inlay_options* options, const char* key, size_t key_size,
            const char** out_value, size_t* out_size) {
  INLAY_RETURN_IF_BAD(CheckLive(options));
  INLAY_RETURN_IF_BAD(CheckPointer(out_value, "out_value"));
  std::string_view key_text;
  INLAY_RETURN_IF_BAD(ReadText(key, key_size, "key", &key_text));
  INLAY_ASSIGN_OR_RETURN(const size_t index, FindOption(key_text));
  const std::string_view value =
      OptionText(options, static_cast<OptionId>(index));
  *out_value = value.data();
  if (out_size != nullptr) *out_size = value.size();
  return {};
}

Outcome GetInfo(size_t index, inlay_option_info* out) {
  INLAY_RETURN_IF_BAD(CheckOut(out, "out"));
  if (index >= kOptionCount) {
    return Outcome::Abi(INLAY_ERR_OUT_OF_RANGE, "index",
                        "is not below the number of options");
  }
  const Option& option = kOptions[index];
  inlay_option_info info = INLAY_OPTION_INFO_INIT;
  info.key = option.key;
  info.key_size = std::strlen(option.key);
  info.scope = option.scope;
  info.scope_size = std::strlen(option.scope);
  info.values = option.values;
  info.values_size = std::strlen(option.values);
  info.default_value = option.default_value;
  info.default_value_size = std::strlen(option.default_value);
  info.description = option.doc;
  info.description_size = std::strlen(option.doc);
  WriteOut(info, out);
  return {};
}

}  // namespace

std::string_view OptionText(const inlay_options* options, OptionId id) {
  if (options == nullptr || options->values[id].empty()) {
    return kOptions[id].default_value;
  }
  return options->values[id];
}

int64_t OptionInteger(const inlay_options* options, OptionId id) {
  int64_t number = 0;
  ParseNumber(OptionText(options, id), &number);
  return number;
}

int32_t OptionNumber(const inlay_options* options, OptionId id) {
  return static_cast<int32_t>(OptionInteger(options, id));
}

double OptionReal(const inlay_options* options, OptionId id) {
  double number = 0;
  ParseReal(OptionText(options, id), &number);
  return number;
}

}  // namespace inlay::capi

using namespace inlay::capi;  // NOLINT(build/namespaces): the shells below

extern "C" {

inlay_status inlay_options_create(inlay_options** out,
                                  inlay_error* error) noexcept {
  return Guard(error, [&]() -> Outcome {
    INLAY_RETURN_IF_BAD(CheckPointer(out, "out"));
    *out = nullptr;
    *out = new inlay_options;
    return {};
  });
}

inlay_status inlay_options_retain(inlay_options* options,
                                  inlay_error* error) noexcept {
  return Guard(error, [&] { return Retain(options); });
}

void inlay_options_release(inlay_options* options) noexcept {
  GuardVoid([&] { Release(options, [](inlay_options* h) { delete h; }); });
}

inlay_status inlay_options_set(inlay_options* options, const char* key,
                               size_t key_size, const char* value,
                               size_t value_size, inlay_error* error) noexcept {
  return Guard(error,
               [&] { return Set(options, key, key_size, value, value_size); });
}

inlay_status inlay_options_get(inlay_options* options, const char* key,
                               size_t key_size, const char** out_value,
                               size_t* out_size, inlay_error* error) noexcept {
  return Guard(
      error, [&] { return Get(options, key, key_size, out_value, out_size); });
}

size_t inlay_option_count(void) noexcept { return kOptionCount; }

inlay_status inlay_option_get_info(size_t index, inlay_option_info* out,
                                   inlay_error* error) noexcept {
  return Guard(error, [&] { return GetInfo(index, out); });
}

}  // extern "C"
