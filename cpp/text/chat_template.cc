#include "cpp/text/chat_template.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "cpp/text/jinja_interpreter.h"
#include "cpp/text/jinja_json.h"
#include "cpp/text/jinja_parser.h"
#include "cpp/text/jinja_text.h"

namespace inlay::text {
namespace {

using jinja::Budget;
using jinja::Interpreter;
using jinja::Kind;
using jinja::Value;

// Evaluation nests deeper than the source: operators between brackets, and
// macros that call themselves for nested schemas.
constexpr int kEvaluationFactor = 4;

class JinjaChatTemplate final : public ChatTemplate {
 public:
  JinjaChatTemplate(std::string_view source, const TemplateLimits& limits)
      : source_(source),
        limits_(limits),
        constants_(limits.max_source_bytes * 4, limits.max_source_bytes * 64) {}

  Status Init() {
    INLAY_ASSIGN_OR_RETURN(
        block_, jinja::ParseTemplate(source_, limits_.max_depth, constants_));
    return OkStatus();
  }

  StatusOr<std::string> Render(const ChatInput& input) const override;
  const std::string& source() const override { return source_; }

 private:
  Status Define(const ChatInput& input, Budget& budget,
                Interpreter& interpreter, std::vector<Value>* kept) const;

  const std::string source_;
  const TemplateLimits limits_;
  Budget constants_;  // before the tree, whose constants it charges
  jinja::Block block_;
};

StatusOr<Value> Text(std::string_view text, std::string_view what,
                     Budget& budget) {
  if (!jinja::IsValidUtf8(text)) {
    return absl::InvalidArgumentError(
        absl::StrCat(what, " is not valid UTF-8"));
  }
  INLAY_RETURN_IF_ERROR(budget.Check(text.size()));
  return budget.String(std::string(text));
}

// JSON of one kind, or none where the text is empty.
StatusOr<Value> Json(std::string_view json, std::string_view what, Kind kind,
                     int max_depth, Budget& budget) {
  if (json.empty()) return Value::None();
  INLAY_ASSIGN_OR_RETURN(Value value,
                         jinja::FromJson(json, what, max_depth, budget));
  if (value.is(kind) || value.is(Kind::kNone)) return value;
  return absl::InvalidArgumentError(absl::StrCat(
      what, ": expected ", kind == Kind::kList ? "an array" : "an object"));
}

Status JinjaChatTemplate::Define(const ChatInput& input, Budget& budget,
                                 Interpreter& interpreter,
                                 std::vector<Value>* kept) const {
  const int depth = limits_.max_depth;
  INLAY_ASSIGN_OR_RETURN(Value messages, Json(input.messages_json, "messages",
                                              Kind::kList, depth, budget));
  if (!messages.is(Kind::kList)) {
    return absl::InvalidArgumentError("messages: expected an array");
  }
  INLAY_ASSIGN_OR_RETURN(
      Value tools, Json(input.tools_json, "tools", Kind::kList, depth, budget));
  INLAY_ASSIGN_OR_RETURN(Value extra, Json(input.extra_json, "extra variables",
                                           Kind::kDict, depth, budget));
  INLAY_ASSIGN_OR_RETURN(Value bos, Text(input.bos_token, "bos_token", budget));
  INLAY_ASSIGN_OR_RETURN(Value eos, Text(input.eos_token, "eos_token", budget));
  const std::pair<std::string_view, Value> variables[] = {
      {"messages", messages},
      {"tools", tools},
      {"documents", Value::None()},
      {"bos_token", bos},
      {"eos_token", eos},
      {"add_generation_prompt", Value::Bool(input.add_generation_prompt)},
  };
  for (const auto& [name, value] : variables) {
    INLAY_RETURN_IF_ERROR(interpreter.SetVariable(name, value));
  }
  if (!extra.is(Kind::kDict)) return OkStatus();
  kept->push_back(extra);  // its keys are the names
  for (const auto& [name, value] : extra.dict().entries) {
    INLAY_RETURN_IF_ERROR(interpreter.SetVariable(name.text(), value));
  }
  return OkStatus();
}

StatusOr<std::string> JinjaChatTemplate::Render(const ChatInput& input) const {
  Budget budget(limits_.max_steps, limits_.max_value_bytes);
  std::vector<Value> kept;
  Interpreter interpreter(
      budget, {limits_.max_output_bytes, limits_.max_depth * kEvaluationFactor},
      input.has_now ? std::optional<int64_t>(input.now_unix_seconds)
                    : std::nullopt);
  INLAY_RETURN_IF_ERROR(Define(input, budget, interpreter, &kept));
  return interpreter.Run(block_);
}

}  // namespace

StatusOr<std::shared_ptr<const ChatTemplate>> ChatTemplate::Parse(
    std::string_view source, const TemplateLimits& limits) {
  if (limits.max_depth < 1 || limits.max_depth > 256 ||
      limits.max_source_bytes > (64u << 20)) {
    return absl::InvalidArgumentError("template limits are out of range");
  }
  if (source.size() > limits.max_source_bytes) {
    return absl::ResourceExhaustedError("the template is too long");
  }
  auto parsed = std::make_shared<JinjaChatTemplate>(source, limits);
  INLAY_RETURN_IF_ERROR(parsed->Init());
  return std::shared_ptr<const ChatTemplate>(std::move(parsed));
}

}  // namespace inlay::text
