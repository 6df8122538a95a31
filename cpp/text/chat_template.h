// Chat templates: a bounded subset of Jinja that cannot reach anything but
// its inputs.
#ifndef INLAY_TEXT_CHAT_TEMPLATE_H_
#define INLAY_TEXT_CHAT_TEMPLATE_H_

#include <memory>
#include <string>
#include <string_view>

#include "cpp/base/status.h"

namespace inlay::text {

// Bounds of one rendering; beyond one it fails with kResourceExhausted.
struct TemplateLimits {
  uint64_t max_steps = 2'000'000;        // evaluated nodes
  uint64_t max_output_bytes = 16 << 20;
  uint64_t max_value_bytes = 64 << 20;   // all live values together
  int max_depth = 64;                    // nesting of expressions, blocks, macros
  uint64_t max_source_bytes = 1 << 20;
};

struct ChatInput {
  std::string_view messages_json;  // [{"role": ..., "content": ...}, ...]
  std::string_view tools_json;     // an array, or empty
  std::string_view extra_json;     // an object of further variables, or empty
  std::string_view bos_token, eos_token;
  bool add_generation_prompt = true;
  // Seconds since 1970-01-01 UTC for strftime_now; the library reads no
  // clock. Unset: a template that asks for the date gets kInvalidArgument.
  bool has_now = false;
  int64_t now_unix_seconds = 0;
};

// A parsed template. Immutable; Render may run on many threads at once.
class ChatTemplate {
 public:
  // kInvalidArgument with line and column; kUnimplemented names a construct
  // outside the subset.
  static StatusOr<std::shared_ptr<const ChatTemplate>> Parse(
      std::string_view source, const TemplateLimits& limits = {});
  virtual ~ChatTemplate() = default;

  // kInvalidArgument: bad JSON, an undefined name used, raise_exception (its
  // message is passed on). The result equals that of Python's jinja2
  // ImmutableSandboxedEnvironment with trim_blocks and lstrip_blocks, as
  // transformers' apply_chat_template sets it up.
  virtual StatusOr<std::string> Render(const ChatInput& input) const = 0;
  virtual const std::string& source() const = 0;
};

}  // namespace inlay::text

#endif  // INLAY_TEXT_CHAT_TEMPLATE_H_
