// Literals, names, arguments, subscripts and tests.

#include <charconv>
#include <limits>

#include "absl/strings/str_cat.h"
#include "cpp/base/hash_map.h"
#include "cpp/text/jinja_library.h"
#include "cpp/text/jinja_parse_expr.h"

namespace inlay::text::jinja {

bool ExprParser::AtTupleEnd(std::string_view end) const {
  return tokens_.IsKind(TokenKind::kVariableEnd) ||
         tokens_.IsKind(TokenKind::kBlockEnd) || tokens_.IsOperator(")") ||
         (!end.empty() && tokens_.IsName(end));
}

StatusOr<ExprPtr> ExprParser::Tuple(bool conditions, std::string_view end) {
  ExprPtr tuple = Make(ExprKind::kTuple);
  bool comma = false;
  while (!AtTupleEnd(end)) {
    INLAY_RETURN_IF_ERROR(Enter());
    StatusOr<ExprPtr> item = conditions ? Condition() : Logical(true);
    Leave();
    INLAY_RETURN_IF_ERROR(item.status());
    tuple->children.push_back(*std::move(item));
    if (!tokens_.SkipOperator(",")) break;
    comma = true;
  }
  if (comma) return tuple;
  if (tuple->children.empty()) return tokens_.Unexpected("an expression");
  return std::move(tuple->children[0]);
}

StatusOr<ExprPtr> ExprParser::Primary() {
  switch (tokens_.Look().kind) {
    case TokenKind::kName:
      return Name();
    case TokenKind::kString:
      return Text();
    case TokenKind::kInteger:
    case TokenKind::kFloat:
      return Number();
    case TokenKind::kOperator:
      if (tokens_.IsOperator("(")) return Parenthesized();
      if (tokens_.IsOperator("[")) return ListLiteral();
      if (tokens_.IsOperator("{")) return DictLiteral();
      break;
    default:
      break;
  }
  return tokens_.Unexpected("an expression");
}

StatusOr<ExprPtr> ExprParser::Name() {
  ExprPtr node = Make(ExprKind::kConstant);
  const std::string name = tokens_.Take().text;
  if (name == "true" || name == "True") {
    node->constant = Value::Bool(true);
  } else if (name == "false" || name == "False") {
    node->constant = Value::Bool(false);
  } else if (name == "none" || name == "None") {
    node->constant = Value::None();
  } else {
    node->kind = ExprKind::kName;
    node->name = name;
    uses.varargs |= name == "varargs";
    uses.kwargs |= name == "kwargs";
    uses.caller |= name == "caller";
  }
  return node;
}

StatusOr<ExprPtr> ExprParser::Text() {
  ExprPtr node = Make(ExprKind::kConstant);
  std::string text;
  while (tokens_.IsKind(TokenKind::kString)) {
    absl::StrAppend(&text, tokens_.Take().text);
  }
  INLAY_ASSIGN_OR_RETURN(node->constant, budget_.String(std::move(text)));
  return node;
}

StatusOr<ExprPtr> ExprParser::Number() {
  ExprPtr node = Make(ExprKind::kConstant);
  const Token token = tokens_.Take();
  std::string_view text = token.text;
  const char* end = text.data() + text.size();
  if (token.kind == TokenKind::kFloat) {
    double value = 0;
    auto result = std::from_chars(text.data(), end, value);
    if (result.ptr != end) return ErrorAt(token.position, "a bad number");
    if (result.ec != std::errc()) {  // too large or too small for a double
      const bool tiny = text.find("e-") != std::string_view::npos ||
                        text.find("E-") != std::string_view::npos;
      value = tiny ? 0 : std::numeric_limits<double>::infinity();
    }
    node->constant = Value::Float(value);
    return node;
  }
  int base = 10;
  if (text.size() > 2 && text[0] == '0' && text[1] > '9') {
    const char c = static_cast<char>(text[1] | 0x20);
    base = c == 'x' ? 16 : c == 'o' ? 8 : 2;
    text.remove_prefix(2);
  }
  int64_t value = 0;
  auto result = std::from_chars(text.data(), end, value, base);
  if (result.ec == std::errc::result_out_of_range) {
    return ErrorAt(token.position, "an integer beyond 63 bits",
                   absl::StatusCode::kUnimplemented);
  }
  if (result.ec != std::errc() || result.ptr != end) {
    return ErrorAt(token.position, "a bad number");
  }
  node->constant = Value::Int(value);
  return node;
}

StatusOr<ExprPtr> ExprParser::Parenthesized() {
  const Position position = tokens_.position();
  tokens_.Next();
  ExprPtr inner;
  if (tokens_.IsOperator(")")) {
    inner = Make(ExprKind::kTuple);
  } else {
    INLAY_ASSIGN_OR_RETURN(inner, Tuple());
  }
  INLAY_RETURN_IF_ERROR(tokens_.Expect(")"));
  inner->position = position;
  return inner;
}

StatusOr<ExprPtr> ExprParser::ListLiteral() {
  ExprPtr node = Make(ExprKind::kList);
  tokens_.Next();
  while (!tokens_.IsOperator("]")) {
    INLAY_ASSIGN_OR_RETURN(ExprPtr item, Expression());
    node->children.push_back(std::move(item));
    if (!tokens_.SkipOperator(",")) break;
  }
  INLAY_RETURN_IF_ERROR(tokens_.Expect("]"));
  return node;
}

StatusOr<ExprPtr> ExprParser::DictLiteral() {
  ExprPtr node = Make(ExprKind::kDict);
  tokens_.Next();
  while (!tokens_.IsOperator("}")) {
    INLAY_ASSIGN_OR_RETURN(ExprPtr key, Expression());
    INLAY_RETURN_IF_ERROR(tokens_.Expect(":"));
    INLAY_ASSIGN_OR_RETURN(ExprPtr value, Expression());
    node->children.push_back(std::move(key));
    node->children.push_back(std::move(value));
    if (!tokens_.SkipOperator(",")) break;
  }
  INLAY_RETURN_IF_ERROR(tokens_.Expect("}"));
  return node;
}

Status ExprParser::Attribute(std::vector<Suffix>* suffixes) {
  Suffix suffix{SuffixKind::kAttribute, tokens_.position()};
  if (tokens_.IsKind(TokenKind::kName)) {
    suffix.name = tokens_.Take().text;
  } else if (tokens_.IsKind(TokenKind::kInteger)) {
    suffix.kind = SuffixKind::kItem;
    INLAY_ASSIGN_OR_RETURN(ExprPtr index, Number());
    suffix.arguments.positional.push_back(std::move(index));
  } else {
    return tokens_.Unexpected("a name");
  }
  suffixes->push_back(std::move(suffix));
  return OkStatus();
}

// Behind "[": an index, a slice, or several indices as a tuple.
Status ExprParser::Subscript(Suffix* suffix) {
  std::vector<ExprPtr>& parts = suffix->arguments.positional;
  const Position position = tokens_.position();
  if (tokens_.IsOperator("]")) {
    parts.push_back(Make(ExprKind::kTuple));  // a[]: the empty tuple
  } else if (tokens_.IsOperator(":")) {
    parts.push_back(nullptr);
    INLAY_RETURN_IF_ERROR(SliceRest(suffix));
  } else {
    INLAY_ASSIGN_OR_RETURN(ExprPtr index, Expression());
    parts.push_back(std::move(index));
    if (tokens_.IsOperator(":")) INLAY_RETURN_IF_ERROR(SliceRest(suffix));
  }
  if (suffix->kind == SuffixKind::kItem && tokens_.IsOperator(",")) {
    ExprPtr tuple = Wrap(ExprKind::kTuple, std::move(parts[0]));
    while (tokens_.SkipOperator(",")) {
      INLAY_ASSIGN_OR_RETURN(ExprPtr next, Expression());
      tuple->children.push_back(std::move(next));
    }
    parts[0] = std::move(tuple);
  } else if (tokens_.IsOperator(",")) {
    return ErrorAt(position, "several slices",
                   absl::StatusCode::kUnimplemented);
  }
  return tokens_.Expect("]");
}

Status ExprParser::SliceRest(Suffix* suffix) {
  suffix->kind = SuffixKind::kSlice;
  std::vector<ExprPtr>& parts = suffix->arguments.positional;
  while (parts.size() < 3 && tokens_.SkipOperator(":")) {
    if (tokens_.IsOperator(":") || tokens_.IsOperator("]") ||
        tokens_.IsOperator(",")) {
      parts.push_back(nullptr);
      continue;
    }
    INLAY_ASSIGN_OR_RETURN(ExprPtr part, Expression());
    parts.push_back(std::move(part));
  }
  while (parts.size() < 3) parts.push_back(nullptr);
  return OkStatus();
}

Status ExprParser::CallArguments(Arguments* arguments) {
  INLAY_RETURN_IF_ERROR(tokens_.Expect("("));
  HashSet<std::string> names;
  while (!tokens_.IsOperator(")")) {
    if (tokens_.IsOperator("*") || tokens_.IsOperator("**")) {
      return ErrorAt(tokens_.position(), "unpacked arguments",
                     absl::StatusCode::kUnimplemented);
    }
    const Token& next = tokens_.Look(1);
    if (tokens_.IsKind(TokenKind::kName) && next.kind == TokenKind::kOperator &&
        next.text == "=") {
      const Position position = tokens_.position();
      std::string name = tokens_.Take().text;
      tokens_.Next();
      if (!names.insert(name).second) {
        return ErrorAt(position, absl::StrCat("'", name, "' is given twice"));
      }
      INLAY_ASSIGN_OR_RETURN(ExprPtr value, Expression());
      arguments->named.emplace_back(std::move(name), std::move(value));
    } else {
      if (!arguments->named.empty()) {
        return ErrorAt(tokens_.position(),
                       "a positional argument behind a named one");
      }
      INLAY_ASSIGN_OR_RETURN(ExprPtr value, Expression());
      arguments->positional.push_back(std::move(value));
    }
    if (!tokens_.SkipOperator(",")) break;
  }
  return tokens_.Expect(")");
}

// `is name`, `is not name`, with arguments in brackets or a bare one.
Status ExprParser::Test(std::vector<Suffix>* suffixes) {
  tokens_.Next();
  Suffix suffix{SuffixKind::kTest, tokens_.position()};
  suffix.negated = tokens_.SkipName("not");
  if (!tokens_.IsKind(TokenKind::kName)) return tokens_.Unexpected("a test");
  suffix.position = tokens_.position();
  suffix.name = tokens_.Take().text;
  if (FindTest(suffix.name) == nullptr) {
    return ErrorAt(suffix.position,
                   absl::StrCat("the test '", suffix.name, "'"),
                   absl::StatusCode::kUnimplemented);
  }
  if (tokens_.IsOperator("(")) {
    INLAY_RETURN_IF_ERROR(CallArguments(&suffix.arguments));
  } else if (tokens_.IsKind(TokenKind::kString) ||
             tokens_.IsKind(TokenKind::kInteger) ||
             tokens_.IsKind(TokenKind::kFloat) || tokens_.IsOperator("[") ||
             tokens_.IsOperator("{") ||
             (tokens_.IsKind(TokenKind::kName) && !tokens_.IsName("else") &&
              !tokens_.IsName("or") && !tokens_.IsName("and"))) {
    if (tokens_.IsName("is")) return tokens_.Unexpected("one test, not two");
    INLAY_RETURN_IF_ERROR(Enter());
    StatusOr<ExprPtr> argument = Primary();
    Leave();
    INLAY_RETURN_IF_ERROR(argument.status());
    INLAY_ASSIGN_OR_RETURN(argument, WithSuffixes(*std::move(argument), false));
    suffix.arguments.positional.push_back(*std::move(argument));
  }
  suffixes->push_back(std::move(suffix));
  return OkStatus();
}

}  // namespace inlay::text::jinja
