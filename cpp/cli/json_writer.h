// Writes JSON. Whatever bytes go in, the output is valid: control characters
// are escaped, invalid UTF-8 becomes U+FFFD, infinities become null.
#ifndef INLAY_CLI_JSON_WRITER_H_
#define INLAY_CLI_JSON_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace inlay::cli {

// Bytes of the character at the start of `text`, which is not empty; 0 if it
// is not valid UTF-8.
size_t Utf8Size(std::string_view text);

// A quoted JSON string.
std::string JsonString(std::string_view text);

class JsonWriter {
 public:
  JsonWriter& Begin(char bracket);  // '{' or '['
  JsonWriter& End(char bracket);    // '}' or ']'
  JsonWriter& Key(std::string_view name);
  JsonWriter& Text(std::string_view value);
  JsonWriter& Int(int64_t value);
  JsonWriter& Unsigned(uint64_t value);
  JsonWriter& Real(double value);  // nine significant digits
  JsonWriter& Bool(bool value);
  JsonWriter& Null();

  // What was written since the last call.
  std::string Take();

 private:
  JsonWriter& Raw(std::string_view text);

  std::string out_;
  bool comma_ = false;  // one is due before the next value
};

}  // namespace inlay::cli

#endif  // INLAY_CLI_JSON_WRITER_H_
