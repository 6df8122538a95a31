// Chat templates of the common families against Python's jinja2, and the
// bounds that hostile templates run into.

#include "cpp/text/chat_template.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <chrono>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <string>
#include <thread>
#include <vector>

namespace inlay::text {
namespace {

namespace dom = simdjson::dom;

const std::string kFolder = INLAY_SOURCE_DIR "/tests/goldens/chat/";

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string JsonOr(dom::element object, std::string_view key) {
  dom::element found;
  if (object[key].get(found) != simdjson::SUCCESS) return "";
  return simdjson::minify(found);
}

StatusOr<std::string> RenderWith(const std::string& source,
                                 dom::element conversation, bool add,
                                 int64_t now) {
  auto parsed = ChatTemplate::Parse(source);
  if (!parsed.ok()) return parsed.status();
  const std::string messages = JsonOr(conversation, "messages");
  const std::string tools = JsonOr(conversation, "tools");
  const std::string extra = JsonOr(conversation, "extra");
  ChatInput input;
  input.messages_json = messages;
  input.tools_json = tools;
  input.extra_json = extra;
  input.bos_token = "<s>";
  input.eos_token = "</s>";
  input.add_generation_prompt = add;
  input.has_now = true;
  input.now_unix_seconds = now;
  return (*parsed)->Render(input);
}

TEST(ChatTemplateTest, FamiliesEqualJinja2) {
  dom::parser parser;
  dom::element root;
  ASSERT_EQ(parser.load(kFolder + "rendered.json").get(root),
            simdjson::SUCCESS);
  const int64_t now = root["now"].get_int64().value_unsafe();
  std::map<std::string, std::string> sources;
  int equal = 0, errors = 0;
  const dom::array entries = root["rendered"].get_array().value_unsafe();
  for (dom::element entry : entries) {
    const std::string file(entry.at(0).get_string().value_unsafe());
    const std::string_view name = entry.at(1).get_string().value_unsafe();
    std::string& source = sources[file];
    if (source.empty()) source = ReadFile(kFolder + "templates/" + file);
    ASSERT_FALSE(source.empty()) << file;
    StatusOr<std::string> result =
        RenderWith(source, root["conversations"][name].value_unsafe(),
                   entry.at(2).get_bool().value_unsafe(), now);
    if (entry.at(3).get_string().value_unsafe() == "error") {
      EXPECT_EQ(result.status().code(), absl::StatusCode::kInvalidArgument)
          << file << " " << name << " " << result.status();
      ++errors;
      continue;
    }
    ASSERT_TRUE(result.ok()) << file << " " << name << " " << result.status();
    EXPECT_EQ(*result, entry.at(4).get_string().value_unsafe())
        << file << " " << name;
    ++equal;
  }
  std::cout << sources.size() << " templates: " << equal << " equal, " << errors
            << " errors on both sides\n";
  EXPECT_GE(sources.size(), 27u);
  EXPECT_EQ(equal, 552);
  EXPECT_EQ(errors, 96);
}

ChatInput Empty() {
  ChatInput input;
  input.messages_json = "[]";
  return input;
}

Status StatusOf(const std::string& source, const TemplateLimits& limits = {}) {
  auto parsed = ChatTemplate::Parse(source, limits);
  if (!parsed.ok()) return parsed.status();
  return (*parsed)->Render(Empty()).status();
}

TEST(ChatTemplateTest, MessagesNameThePlace) {
  Status status = StatusOf("a\n{% if x %}\n  {{ y z }}{% endif %}");
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(),
            "line 3, column 8: expected the end of the tag, found 'z'");
  status = StatusOf("a\n\n {% block b %}");
  EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented);
  EXPECT_EQ(status.message(), "line 3, column 5: the statement 'block'");
  status = StatusOf("{{ 1 | pprint }}");
  EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented);
  EXPECT_EQ(status.message(), "line 1, column 8: the filter 'pprint'");
  status = StatusOf("\n{{ raise_exception('no such role') }}");
  EXPECT_EQ(status.message(),
            "line 2, column 19: the template says: no such role");
  EXPECT_EQ(StatusOf("{{ 'a'.center(5) }}").code(),
            absl::StatusCode::kUnimplemented);
}

TEST(ChatTemplateTest, BadInputIsRefused) {
  auto parsed = ChatTemplate::Parse("{{ messages }}{{ tools }}{{ x }}");
  ASSERT_TRUE(parsed.ok());
  auto code = [&](auto change) {
    ChatInput input = Empty();
    change(input);
    return (*parsed)->Render(input).status().code();
  };
  using enum absl::StatusCode;
  EXPECT_EQ(code([](ChatInput&) {}), kOk);
  EXPECT_EQ(code([](ChatInput& i) { i.messages_json = ""; }), kInvalidArgument);
  EXPECT_EQ(code([](ChatInput& i) { i.messages_json = "{}"; }),
            kInvalidArgument);
  EXPECT_EQ(code([](ChatInput& i) { i.messages_json = "[1,"; }),
            kInvalidArgument);
  EXPECT_EQ(code([](ChatInput& i) { i.messages_json = "[\"\xff\"]"; }),
            kInvalidArgument);
  EXPECT_EQ(code([](ChatInput& i) { i.tools_json = "5"; }), kInvalidArgument);
  EXPECT_EQ(code([](ChatInput& i) { i.extra_json = "[]"; }), kInvalidArgument);
  EXPECT_EQ(code([](ChatInput& i) { i.bos_token = "\xc3"; }), kInvalidArgument);
  const std::string deep = std::string(100, '[') + std::string(100, ']');
  EXPECT_EQ(code([&](ChatInput& i) { i.messages_json = deep; }),
            kInvalidArgument);
  EXPECT_EQ(ChatTemplate::Parse("a\xff").status().code(), kInvalidArgument);
}

TEST(ChatTemplateTest, DateNeedsTheHost) {
  auto parsed = ChatTemplate::Parse("{{ strftime_now('%Y-%m-%d') }}");
  ASSERT_TRUE(parsed.ok());
  ChatInput input = Empty();
  EXPECT_EQ((*parsed)->Render(input).status().code(),
            absl::StatusCode::kInvalidArgument);
  input.has_now = true;
  for (auto [seconds, date] : std::vector<std::pair<int64_t, std::string>>{
           {0, "1970-01-01"},
           {951782399, "2000-02-28"},
           {951782400, "2000-02-29"},
           {-1, "1969-12-31"},
           {4107542400, "2100-03-01"}}) {
    input.now_unix_seconds = seconds;
    EXPECT_EQ(*(*parsed)->Render(input), date);
  }
  input.now_unix_seconds = INT64_MAX;
  EXPECT_FALSE((*parsed)->Render(input).ok());
}

std::string Repeat(const std::string& text, size_t times) {
  std::string out;
  for (size_t i = 0; i < times; ++i) out += text;
  return out;
}

// Each would run away in an unbounded interpreter.
TEST(ChatTemplateTest, HostileTemplatesEndSoon) {
  const std::string fill = "{% for a in range(100000) %}";
  const std::vector<std::string> hostile = {
      "{{ range(10**9) }}",
      "{{ range(99999999999) }}",
      "{{ 'a' * 10**12 }}",
      "{{ ('a' * 10**6) * 10**6 }}",
      "{{ [1] * 10**10 }}",
      "{% for a in range(1000) %}{{ 'x' * 10**6 }}{% endfor %}",
      Repeat(fill, 3) + "x" + Repeat("{% endfor %}", 3),
      "{% set ns = namespace(s='a') %}" + fill +
          "{% set ns.s = ns.s + ns.s %}{% endfor %}",
      "{% set ns = namespace(s=[1]) %}" + fill +
          "{% set ns.s = [ns.s, ns.s] %}{% endfor %}",
      "{% set ns = namespace(s=[1]) %}{% for i in range(60) %}"
      "{% set ns.s = [ns.s, ns.s] %}{% endfor %}{{ ns.s | tojson }}",
      "{% set ns = namespace(s=[1]) %}{% for i in range(60) %}"
      "{% set ns.s = [ns.s, ns.s] %}{% endfor %}{{ ns.s == ns.s[0] + [1] }}",
      "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
      "{% macro m(n) %}{{ m(n) }}{{ m(n) }}{% endmacro %}{{ m(1) }}",
      Repeat("(", 20000) + "1",
      "{{ " + Repeat("(", 20000) + "1" + Repeat(")", 20000) + " }}",
      "{{ " + Repeat("[", 20000),
      "{{ " + Repeat("not ", 16000) + "1 }}",
      "{{ " + Repeat("-", 60000) + "1 }}",
      "{{ " + Repeat("1 if 1 else ", 5000) + "1 }}",
      "{{ " + Repeat("a.b", 20000) + " }}",
      "{{ 1" + Repeat("+1", 30000) + " }}",
      "{{ 'a'" + Repeat("|upper", 10000) + " }}",
      Repeat("{% if 1 %}", 6000),
      Repeat("{% for a in b %}", 4000),
      Repeat("{% raw %}", 7000),
      Repeat("{#", 32000),
      Repeat("{{", 32000),
      Repeat("{%", 32000),
      Repeat("{%- raw %}{% endraw", 3400),
      "{{ '" + std::string(60000, 'a') +
          "' | replace('', 'aaaaaaaaaa') | "
          "replace('a', 'bbbbbbbbbbbb') | length }}",
      "{% set s = 'é' * 60000 %}" + fill + "{{ s[59999] }}{% endfor %}",
      "{% set ns = namespace() %}{% set ns.x = ns %}{{ ns.x.x.x == ns }}",
      "{% set ns = namespace(m=none) %}" + fill +
          "{% set ns.m = namespace(m=ns.m) %}{% endfor %}",
      fill + "{% macro m() %}{{ m }}{% endmacro %}{% set k = m %}{% endfor %}",
      "{{ 'a' | indent(10**9) }}",
      "{{ 'a'.ljust(10**12) }}",
      "{{ 9 ** 9 ** 9 ** 9 }}",
      "{{ 2 ** 99999999 }}",
  };
  for (const std::string& source : hostile) {
    const auto start = std::chrono::steady_clock::now();
    const Status status = StatusOf(source);
    const std::chrono::duration<double> took =
        std::chrono::steady_clock::now() - start;
    EXPECT_LT(took.count(), 10.0)  // sanitizers; a release takes below 1
        << source.substr(0, 120) << status;
    if (took.count() > 0.3) {
      std::cout << took.count() << " s: " << source.substr(0, 80) << "\n";
    }
  }
}

TEST(ChatTemplateTest, LimitsAreKept) {
  TemplateLimits limits;
  limits.max_output_bytes = 10;
  EXPECT_TRUE(StatusOf("0123456789", limits).ok());
  EXPECT_EQ(StatusOf("0123456789a", limits).code(),
            absl::StatusCode::kResourceExhausted);
  limits = {};
  limits.max_steps = 100;
  EXPECT_EQ(StatusOf("{% for i in range(90) %}x{% endfor %}", limits).code(),
            absl::StatusCode::kResourceExhausted);
  limits = {};
  limits.max_value_bytes = 10000;
  EXPECT_EQ(StatusOf("{{ 'x' * 9999 }}", limits).code(),
            absl::StatusCode::kResourceExhausted);
  limits = {};
  limits.max_source_bytes = 10;
  EXPECT_EQ(StatusOf("01234567890", limits).code(),
            absl::StatusCode::kResourceExhausted);
  limits = {};
  limits.max_depth = 4;
  EXPECT_TRUE(StatusOf("{{ ((1)) }}", limits).ok());
  EXPECT_EQ(StatusOf("{{ (((((1))))) }}", limits).code(),
            absl::StatusCode::kResourceExhausted);
}

TEST(ChatTemplateTest, RendersOnManyThreads) {
  auto parsed = ChatTemplate::Parse(
      "{% for m in messages %}{{ 'x' + m.role | upper }}{% endfor %}");
  ASSERT_TRUE(parsed.ok());
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 200; ++k) {
        ChatInput input;
        input.messages_json = R"([{"role":"a"},{"role":"b"}])";
        EXPECT_EQ(*(*parsed)->Render(input), "xAxB");
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace inlay::text
