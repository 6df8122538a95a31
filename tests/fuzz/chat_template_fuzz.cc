// libFuzzer target: any bytes as a chat template, rendered over a fixed
// conversation under small limits. Neither may crash, leak or hang.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "cpp/text/chat_template.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using inlay::text::ChatTemplate;
  inlay::text::TemplateLimits limits;
  limits.max_steps = 50'000;
  limits.max_value_bytes = 4 << 20;
  limits.max_output_bytes = 1 << 20;
  const std::string_view source(reinterpret_cast<const char*>(data), size);
  auto parsed = ChatTemplate::Parse(source, limits);
  if (!parsed.ok()) return 0;
  inlay::text::ChatInput input;
  input.messages_json = R"([{"role":"system","content":" s "},
      {"role":"user","content":"h\u00e9\ud83d\ude00\n"},
      {"role":"assistant","content":null,"tool_calls":[{"id":"123456789",
       "function":{"name":"f","arguments":{"a":1,"b":[1.5,true]}}}]},
      {"role":"tool","content":[{"type":"text","text":"x"}]}])";
  input.tools_json = R"([{"type":"function","function":{"name":"f",
      "parameters":{"properties":{"a":{"type":"integer"}}}}}])";
  input.extra_json = R"({"a":1,"s":"abc","l":[3,1,2],"m":{"x":null}})";
  input.bos_token = "<s>";
  input.eos_token = "</s>";
  input.has_now = true;
  input.now_unix_seconds = 1732280645;
  (void)(*parsed)->Render(input);
  return 0;
}
