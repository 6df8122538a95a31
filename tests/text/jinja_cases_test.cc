// Small templates, one rule each, against the output of Python's jinja2.

#include <gtest/gtest.h>
#include <simdjson.h>

#include <iostream>
#include <string>

#include "cpp/text/chat_template.h"

namespace inlay::text {
namespace {

namespace dom = simdjson::dom;

const char kCases[] = INLAY_SOURCE_DIR "/tests/goldens/chat/cases.json";

StatusOr<std::string> RenderCase(std::string_view source,
                                 const std::string& extra, int64_t now) {
  auto parsed = ChatTemplate::Parse(source);
  if (!parsed.ok()) return parsed.status();
  ChatInput input;
  input.messages_json = "[]";
  input.extra_json = extra;
  input.bos_token = "<s>";
  input.eos_token = "</s>";
  input.has_now = true;
  input.now_unix_seconds = now;
  return (*parsed)->Render(input);
}

TEST(JinjaCasesTest, EqualsJinja2) {
  dom::parser parser;
  dom::element root;
  ASSERT_EQ(parser.load(kCases).get(root), simdjson::SUCCESS);
  const std::string extra = simdjson::minify(root["context"].value_unsafe());
  const int64_t now = root["now"].get_int64().value_unsafe();
  int same = 0, unimplemented = 0;
  const dom::array entries = root["cases"].get_array().value_unsafe();
  for (dom::element entry : entries) {
    const std::string source(entry.at(0).get_string().value_unsafe());
    const bool expect_ok = entry.at(1).get_string().value_unsafe() == "ok";
    StatusOr<std::string> result = RenderCase(source, extra, now);
    if (!result.ok() &&
        result.status().code() == absl::StatusCode::kUnimplemented) {
      ++unimplemented;
      std::cout << "outside the subset: " << source << "  ("
                << result.status().message() << ")\n";
      continue;
    }
    EXPECT_EQ(result.ok(), expect_ok)
        << source << "\n"
        << (result.ok() ? *result : result.status().ToString());
    if (expect_ok && result.ok()) {
      EXPECT_EQ(*result, entry.at(2).get_string().value_unsafe()) << source;
    }
    ++same;
  }
  std::cout << same << " equal, " << unimplemented << " outside the subset\n";
  EXPECT_EQ(same, 904);
  EXPECT_EQ(unimplemented, 7);
}

}  // namespace
}  // namespace inlay::text
