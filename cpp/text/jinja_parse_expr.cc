#include "cpp/text/jinja_parse_expr.h"

#include "absl/strings/str_cat.h"
#include "cpp/text/jinja_library.h"

namespace inlay::text::jinja {
namespace {

struct Operator {
  std::string_view text;
  Op op;
};

constexpr Operator kAdditive[] = {{"+", Op::kAdd}, {"-", Op::kSub}};
constexpr Operator kMultiplicative[] = {
    {"*", Op::kMul}, {"/", Op::kDiv}, {"//", Op::kFloorDiv}, {"%", Op::kMod}};
constexpr Operator kPower[] = {{"**", Op::kPow}};
constexpr Operator kComparing[] = {{"==", Op::kEq}, {"!=", Op::kNe},
                                   {"<", Op::kLt},  {"<=", Op::kLe},
                                   {">", Op::kGt},  {">=", Op::kGe}};

template <size_t N>
bool Take(TokenStream& tokens, const Operator (&table)[N], Op* op) {
  if (!tokens.IsKind(TokenKind::kOperator)) return false;
  for (const Operator& entry : table) {
    if (tokens.SkipOperator(entry.text)) {
      *op = entry.op;
      return true;
    }
  }
  return false;
}

}  // namespace

Status ExprParser::Enter() {
  if (++depth_ <= max_depth_) return OkStatus();
  return ErrorAt(tokens_.position(), "the template is nested too deep",
                 absl::StatusCode::kResourceExhausted);
}

ExprPtr ExprParser::Make(ExprKind kind) const {
  auto expr = std::make_unique<Expr>();
  expr->kind = kind;
  expr->position = tokens_.position();
  return expr;
}

// A node of `kind` whose first child is `child`.
ExprPtr ExprParser::Wrap(ExprKind kind, ExprPtr child) {
  auto expr = std::make_unique<Expr>();
  expr->kind = kind;
  expr->position = child->position;
  expr->children.push_back(std::move(child));
  return expr;
}

StatusOr<ExprPtr> ExprParser::Expression() {
  INLAY_RETURN_IF_ERROR(Enter());
  StatusOr<ExprPtr> expr = Condition();
  Leave();
  return expr;
}

StatusOr<ExprPtr> ExprParser::Condition() {
  INLAY_ASSIGN_OR_RETURN(ExprPtr value, Logical(true));
  if (!tokens_.IsName("if")) return value;
  ExprPtr node = Wrap(ExprKind::kCondition, std::move(value));
  while (true) {
    tokens_.Next();
    INLAY_ASSIGN_OR_RETURN(ExprPtr test, Logical(true));
    node->children.push_back(std::move(test));
    if (!tokens_.SkipName("else")) {
      if (tokens_.IsName("if")) {
        return ErrorAt(tokens_.position(), "a chain of ifs without else",
                       absl::StatusCode::kUnimplemented);
      }
      node->children.push_back(nullptr);
      return node;
    }
    INLAY_ASSIGN_OR_RETURN(ExprPtr next, Logical(true));
    node->children.push_back(std::move(next));
    if (!tokens_.IsName("if")) return node;
  }
}

StatusOr<ExprPtr> ExprParser::Logical(bool is_or) {
  const std::string_view word = is_or ? "or" : "and";
  INLAY_ASSIGN_OR_RETURN(ExprPtr first, is_or ? Logical(false) : Not());
  if (!tokens_.IsName(word)) return first;
  ExprPtr node = Wrap(is_or ? ExprKind::kOr : ExprKind::kAnd, std::move(first));
  while (tokens_.SkipName(word)) {
    INLAY_ASSIGN_OR_RETURN(ExprPtr next, is_or ? Logical(false) : Not());
    node->children.push_back(std::move(next));
  }
  return node;
}

StatusOr<ExprPtr> ExprParser::Not() {
  if (!tokens_.IsName("not")) return Compare();
  INLAY_RETURN_IF_ERROR(Enter());
  ExprPtr node = Make(ExprKind::kNot);
  tokens_.Next();
  StatusOr<ExprPtr> child = Not();
  Leave();
  INLAY_RETURN_IF_ERROR(child.status());
  node->children.push_back(*std::move(child));
  return node;
}

StatusOr<ExprPtr> ExprParser::Compare() {
  INLAY_ASSIGN_OR_RETURN(ExprPtr first, Binary(0));
  ExprPtr node;
  while (true) {
    Op op;
    if (tokens_.SkipName("in")) {
      op = Op::kIn;
    } else if (tokens_.IsName("not") && tokens_.IsName("in", 1)) {
      tokens_.Next();
      tokens_.Next();
      op = Op::kNotIn;
    } else if (!Take(tokens_, kComparing, &op)) {
      break;
    }
    if (node == nullptr) node = Wrap(ExprKind::kCompare, std::move(first));
    INLAY_ASSIGN_OR_RETURN(ExprPtr next, Binary(0));
    node->ops.push_back(op);
    node->children.push_back(std::move(next));
  }
  return node == nullptr ? std::move(first) : std::move(node);
}

// Levels: + and -; (~ between); * / // %; **. All group from the left.
StatusOr<ExprPtr> ExprParser::Binary(int level) {
  auto operand = [&]() -> StatusOr<ExprPtr> {
    return level == 0 ? Concat() : level == 1 ? Binary(2) : Unary(true);
  };
  auto take = [&](Op* op) {
    return level == 0   ? Take(tokens_, kAdditive, op)
           : level == 1 ? Take(tokens_, kMultiplicative, op)
                        : Take(tokens_, kPower, op);
  };
  INLAY_ASSIGN_OR_RETURN(ExprPtr first, operand());
  Op op;
  if (!take(&op)) return first;
  ExprPtr node = Wrap(ExprKind::kBinary, std::move(first));
  do {
    INLAY_ASSIGN_OR_RETURN(ExprPtr next, operand());
    node->ops.push_back(op);
    node->children.push_back(std::move(next));
  } while (take(&op));
  return node;
}

StatusOr<ExprPtr> ExprParser::Concat() {
  INLAY_ASSIGN_OR_RETURN(ExprPtr first, Binary(1));
  if (!tokens_.IsOperator("~")) return first;
  ExprPtr node = Wrap(ExprKind::kConcat, std::move(first));
  while (tokens_.SkipOperator("~")) {
    INLAY_ASSIGN_OR_RETURN(ExprPtr next, Binary(1));
    node->children.push_back(std::move(next));
  }
  return node;
}

StatusOr<ExprPtr> ExprParser::Unary(bool with_filters) {
  const bool minus = tokens_.IsOperator("-");
  if (!minus && !tokens_.IsOperator("+")) {
    INLAY_ASSIGN_OR_RETURN(ExprPtr primary, Primary());
    return WithSuffixes(std::move(primary), with_filters);
  }
  INLAY_RETURN_IF_ERROR(Enter());
  ExprPtr node = Make(minus ? ExprKind::kNegate : ExprKind::kPlus);
  tokens_.Next();
  StatusOr<ExprPtr> child = Unary(false);
  Leave();
  INLAY_RETURN_IF_ERROR(child.status());
  node->children.push_back(*std::move(child));
  return WithSuffixes(std::move(node), with_filters);
}

StatusOr<ExprPtr> ExprParser::WithSuffixes(ExprPtr base, bool with_filters) {
  std::vector<Suffix> suffixes;
  INLAY_RETURN_IF_ERROR(Postfix(&suffixes));
  if (with_filters) INLAY_RETURN_IF_ERROR(Filters(&suffixes));
  if (suffixes.empty()) return base;
  ExprPtr node = Wrap(ExprKind::kPostfix, std::move(base));
  node->suffixes = std::move(suffixes);
  return node;
}

Status ExprParser::Postfix(std::vector<Suffix>* suffixes) {
  while (true) {
    const Position position = tokens_.position();
    if (tokens_.SkipOperator(".")) {
      INLAY_RETURN_IF_ERROR(Attribute(suffixes));
    } else if (tokens_.SkipOperator("[")) {
      Suffix suffix{SuffixKind::kItem, position};
      INLAY_RETURN_IF_ERROR(Subscript(&suffix));
      suffixes->push_back(std::move(suffix));
    } else if (tokens_.IsOperator("(")) {
      Suffix suffix{SuffixKind::kCall, position};
      INLAY_RETURN_IF_ERROR(CallArguments(&suffix.arguments));
      suffixes->push_back(std::move(suffix));
    } else {
      return OkStatus();
    }
  }
}

Status ExprParser::Filters(std::vector<Suffix>* suffixes, bool first) {
  while (true) {
    if (tokens_.IsName("is") && !first) {
      INLAY_RETURN_IF_ERROR(Test(suffixes));
      continue;
    }
    if (tokens_.IsOperator("(") && !first) {
      Suffix suffix{SuffixKind::kCall, tokens_.position()};
      INLAY_RETURN_IF_ERROR(CallArguments(&suffix.arguments));
      suffixes->push_back(std::move(suffix));
      continue;
    }
    if (!first && !tokens_.SkipOperator("|")) return OkStatus();
    first = false;
    Suffix suffix{SuffixKind::kFilter, tokens_.position()};
    if (!tokens_.IsKind(TokenKind::kName)) {
      return tokens_.Unexpected("a filter");
    }
    suffix.name = tokens_.Take().text;
    if (FindFilter(suffix.name) == nullptr) {
      return ErrorAt(suffix.position,
                     absl::StrCat("the filter '", suffix.name, "'"),
                     absl::StatusCode::kUnimplemented);
    }
    if (tokens_.IsOperator("(")) {
      INLAY_RETURN_IF_ERROR(CallArguments(&suffix.arguments));
    }
    suffixes->push_back(std::move(suffix));
  }
}

}  // namespace inlay::text::jinja
