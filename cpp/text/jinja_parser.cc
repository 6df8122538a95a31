#include "cpp/text/jinja_parser.h"

#include "absl/strings/str_cat.h"
#include "cpp/text/jinja_parse_expr.h"
#include "cpp/text/jinja_token_stream.h"

namespace inlay::text::jinja {
namespace {

class Parser {
 public:
  Parser(std::vector<Token> tokens, int max_depth, Budget& budget)
      : tokens_(std::move(tokens)), exprs_(tokens_, max_depth, budget) {}

  StatusOr<Block> Run();

 private:
  using Names = std::initializer_list<std::string_view>;

  // Statements up to a tag named in `ends`, whose name is taken.
  StatusOr<Block> Body(Names ends, std::string* end);
  // Up to the one tag `end`, all of it.
  StatusOr<Block> Closed(std::string_view end);
  StatusOr<StmtPtr> Statement(const Token& name);
  Status EndTag();
  StmtPtr Make(StmtKind kind, Position position) const;

  Status Output(Block* block);
  Status If(Stmt* stmt);
  Status For(Stmt* stmt);
  StatusOr<StmtPtr> Set(Position position);
  Status MacroStmt(Stmt* stmt);
  Status CallStmt(Stmt* stmt);
  Status Signature(Macro* macro);
  Status MacroBody(Macro* macro, std::string_view end);
  StatusOr<Target> OneTarget(bool attributes);
  StatusOr<Target> Targets(bool attributes, std::string_view end);

  TokenStream tokens_;
  ExprParser exprs_;
  int loops_ = 0;  // around this statement, inside its macro
};

StmtPtr Parser::Make(StmtKind kind, Position position) const {
  auto stmt = std::make_unique<Stmt>();
  stmt->kind = kind;
  stmt->position = position;
  return stmt;
}

Status Parser::EndTag() {
  return tokens_.ExpectKind(TokenKind::kBlockEnd, "the end of the tag");
}

Status Parser::Output(Block* block) {
  StmtPtr stmt = Make(StmtKind::kOutput, tokens_.position());
  tokens_.Next();
  INLAY_ASSIGN_OR_RETURN(stmt->expr, exprs_.Tuple());
  INLAY_RETURN_IF_ERROR(
      tokens_.ExpectKind(TokenKind::kVariableEnd, "the end of the tag"));
  block->push_back(std::move(stmt));
  return OkStatus();
}

StatusOr<Block> Parser::Body(Names ends, std::string* end) {
  INLAY_RETURN_IF_ERROR(exprs_.Enter());
  Block block;
  while (!tokens_.IsKind(TokenKind::kEnd)) {
    if (tokens_.IsKind(TokenKind::kText)) {
      StmtPtr stmt = Make(StmtKind::kText, tokens_.position());
      stmt->text = tokens_.Take().text;
      block.push_back(std::move(stmt));
      continue;
    }
    if (tokens_.IsKind(TokenKind::kVariableBegin)) {
      INLAY_RETURN_IF_ERROR(Output(&block));
      continue;
    }
    tokens_.Next();  // {%
    if (!tokens_.IsKind(TokenKind::kName)) {
      return tokens_.Unexpected("a statement");
    }
    const Token name = tokens_.Take();
    for (std::string_view candidate : ends) {
      if (name.text != candidate) continue;
      exprs_.Leave();
      *end = name.text;
      return block;
    }
    INLAY_ASSIGN_OR_RETURN(StmtPtr stmt, Statement(name));
    block.push_back(std::move(stmt));
  }
  exprs_.Leave();
  if (ends.size() == 0) return block;
  return ErrorAt(tokens_.position(),
                 absl::StrCat("expected '", *ends.begin(), "', found the end"));
}

StatusOr<Block> Parser::Closed(std::string_view end) {
  std::string found;
  INLAY_ASSIGN_OR_RETURN(Block block, Body({end}, &found));
  INLAY_RETURN_IF_ERROR(EndTag());
  return block;
}

StatusOr<StmtPtr> Parser::Statement(const Token& name) {
  const std::string& word = name.text;
  if (word == "set") return Set(name.position);
  StmtPtr stmt = Make(StmtKind::kScope, name.position);
  if (word == "if") {
    INLAY_RETURN_IF_ERROR(If(stmt.get()));
  } else if (word == "for") {
    INLAY_RETURN_IF_ERROR(For(stmt.get()));
  } else if (word == "macro") {
    INLAY_RETURN_IF_ERROR(MacroStmt(stmt.get()));
  } else if (word == "call") {
    INLAY_RETURN_IF_ERROR(CallStmt(stmt.get()));
  } else if (word == "filter") {
    stmt->kind = StmtKind::kFilter;
    INLAY_RETURN_IF_ERROR(exprs_.Filters(&stmt->suffixes, true));
    INLAY_RETURN_IF_ERROR(EndTag());
    INLAY_ASSIGN_OR_RETURN(Block body, Closed("endfilter"));
    stmt->blocks.push_back(std::move(body));
  } else if (word == "generation") {  // marks the answer for training
    INLAY_RETURN_IF_ERROR(EndTag());
    INLAY_ASSIGN_OR_RETURN(Block body, Closed("endgeneration"));
    stmt->blocks.push_back(std::move(body));
  } else if (word == "break" || word == "continue") {
    if (loops_ == 0) return ErrorAt(name.position, word + " outside a loop");
    stmt->kind = word == "break" ? StmtKind::kBreak : StmtKind::kContinue;
    INLAY_RETURN_IF_ERROR(EndTag());
  } else if (word.rfind("end", 0) == 0 || word == "else" || word == "elif") {
    return ErrorAt(name.position, absl::StrCat("unexpected '", word, "'"));
  } else {
    return ErrorAt(name.position, absl::StrCat("the statement '", word, "'"),
                   absl::StatusCode::kUnimplemented);
  }
  return stmt;
}

Status Parser::If(Stmt* stmt) {
  stmt->kind = StmtKind::kIf;
  std::string end = "elif";
  while (end == "elif") {
    INLAY_ASSIGN_OR_RETURN(ExprPtr test, exprs_.Tuple(false));
    INLAY_RETURN_IF_ERROR(EndTag());
    INLAY_ASSIGN_OR_RETURN(Block body, Body({"endif", "elif", "else"}, &end));
    stmt->tests.push_back(std::move(test));
    stmt->blocks.push_back(std::move(body));
  }
  INLAY_RETURN_IF_ERROR(EndTag());
  if (end == "endif") return OkStatus();
  INLAY_ASSIGN_OR_RETURN(Block body, Closed("endif"));
  stmt->blocks.push_back(std::move(body));
  return OkStatus();
}

Status Parser::For(Stmt* stmt) {
  stmt->kind = StmtKind::kFor;
  INLAY_ASSIGN_OR_RETURN(stmt->target, Targets(false, "in"));
  if (!tokens_.SkipName("in")) return tokens_.Unexpected("'in'");
  INLAY_ASSIGN_OR_RETURN(stmt->expr, exprs_.Tuple(false, "recursive"));
  if (tokens_.SkipName("if")) {
    INLAY_ASSIGN_OR_RETURN(ExprPtr test, exprs_.Expression());
    stmt->tests.push_back(std::move(test));
  }
  stmt->recursive = tokens_.SkipName("recursive");
  INLAY_RETURN_IF_ERROR(EndTag());
  ++loops_;
  std::string end;
  INLAY_ASSIGN_OR_RETURN(Block body, Body({"endfor", "else"}, &end));
  --loops_;
  stmt->blocks.push_back(std::move(body));
  INLAY_RETURN_IF_ERROR(EndTag());
  if (end == "endfor") return OkStatus();
  INLAY_ASSIGN_OR_RETURN(Block otherwise, Closed("endfor"));
  stmt->blocks.push_back(std::move(otherwise));
  return OkStatus();
}

StatusOr<StmtPtr> Parser::Set(Position position) {
  StmtPtr stmt = Make(StmtKind::kSet, position);
  INLAY_ASSIGN_OR_RETURN(stmt->target, Targets(true, ""));
  if (tokens_.SkipOperator("=")) {
    INLAY_ASSIGN_OR_RETURN(stmt->expr, exprs_.Tuple());
    INLAY_RETURN_IF_ERROR(EndTag());
    return stmt;
  }
  stmt->kind = StmtKind::kSetBlock;
  INLAY_RETURN_IF_ERROR(exprs_.Filters(&stmt->suffixes));
  INLAY_RETURN_IF_ERROR(EndTag());
  INLAY_ASSIGN_OR_RETURN(Block body, Closed("endset"));
  stmt->blocks.push_back(std::move(body));
  return stmt;
}

Status Parser::Signature(Macro* macro) {
  INLAY_RETURN_IF_ERROR(tokens_.Expect("("));
  while (!tokens_.IsOperator(")")) {
    Parameter parameter;
    if (!tokens_.IsKind(TokenKind::kName)) {
      return tokens_.Unexpected("a parameter");
    }
    parameter.name = tokens_.Take().text;
    if (tokens_.SkipOperator("=")) {
      INLAY_ASSIGN_OR_RETURN(parameter.fallback, exprs_.Expression());
    } else if (!macro->parameters.empty() &&
               macro->parameters.back().fallback != nullptr) {
      return tokens_.Unexpected("a default");
    }
    macro->parameters.push_back(std::move(parameter));
    if (!tokens_.SkipOperator(",")) break;
  }
  return tokens_.Expect(")");
}

Status Parser::MacroBody(Macro* macro, std::string_view end) {
  INLAY_RETURN_IF_ERROR(EndTag());
  const int loops = std::exchange(loops_, 0);
  const ExprParser::Uses uses = std::exchange(exprs_.uses, {});
  INLAY_ASSIGN_OR_RETURN(macro->body, Closed(end));
  macro->uses_varargs = exprs_.uses.varargs;
  macro->uses_kwargs = exprs_.uses.kwargs;
  macro->uses_caller = exprs_.uses.caller;
  loops_ = loops;
  exprs_.uses.varargs |= uses.varargs;  // what is nested counts outside too
  exprs_.uses.kwargs |= uses.kwargs;
  exprs_.uses.caller |= uses.caller;
  return OkStatus();
}

Status Parser::MacroStmt(Stmt* stmt) {
  stmt->kind = StmtKind::kMacro;
  stmt->macro = std::make_unique<Macro>();
  if (!tokens_.IsKind(TokenKind::kName)) {
    return tokens_.Unexpected("the name of the macro");
  }
  stmt->macro->name = tokens_.Take().text;
  INLAY_RETURN_IF_ERROR(Signature(stmt->macro.get()));
  return MacroBody(stmt->macro.get(), "endmacro");
}

Status Parser::CallStmt(Stmt* stmt) {
  stmt->kind = StmtKind::kCall;
  stmt->macro = std::make_unique<Macro>();
  stmt->macro->name = "caller";
  if (tokens_.IsOperator("(")) {
    INLAY_RETURN_IF_ERROR(Signature(stmt->macro.get()));
  }
  INLAY_ASSIGN_OR_RETURN(stmt->expr, exprs_.Expression());
  if (stmt->expr->kind != ExprKind::kPostfix ||
      stmt->expr->suffixes.back().kind != SuffixKind::kCall) {
    return ErrorAt(stmt->position, "expected a call");
  }
  return MacroBody(stmt->macro.get(), "endcall");
}

StatusOr<Target> Parser::OneTarget(bool attributes) {
  Target target;
  target.position = tokens_.position();
  if (tokens_.SkipOperator("(")) {
    INLAY_RETURN_IF_ERROR(exprs_.Enter());
    INLAY_ASSIGN_OR_RETURN(target, Targets(attributes, ""));
    exprs_.Leave();
    INLAY_RETURN_IF_ERROR(tokens_.Expect(")"));
    return target;
  }
  if (!tokens_.IsKind(TokenKind::kName)) return tokens_.Unexpected("a name");
  target.name = tokens_.Take().text;
  for (std::string_view word :
       {"true", "false", "none", "True", "False", "None"}) {
    if (target.name == word) {
      return ErrorAt(target.position, "cannot assign to a constant");
    }
  }
  if (attributes && tokens_.SkipOperator(".")) {
    if (!tokens_.IsKind(TokenKind::kName)) return tokens_.Unexpected("a name");
    target.attribute = tokens_.Take().text;
  }
  return target;
}

StatusOr<Target> Parser::Targets(bool attributes, std::string_view end) {
  INLAY_ASSIGN_OR_RETURN(Target first, OneTarget(attributes));
  if (!tokens_.IsOperator(",")) return first;
  Target all;
  all.position = first.position;
  all.several.push_back(std::move(first));
  while (tokens_.SkipOperator(",")) {
    if (tokens_.IsOperator("=") || tokens_.IsOperator(")") ||
        (!end.empty() && tokens_.IsName(end))) {
      break;
    }
    INLAY_ASSIGN_OR_RETURN(Target next, OneTarget(attributes));
    all.several.push_back(std::move(next));
  }
  return all;
}

StatusOr<Block> Parser::Run() {
  std::string end;
  return Body({}, &end);
}

}  // namespace

StatusOr<Block> ParseTemplate(std::string_view source, int max_depth,
                              Budget& budget) {
  INLAY_ASSIGN_OR_RETURN(std::vector<Token> tokens, Tokenize(source));
  return Parser(std::move(tokens), max_depth, budget).Run();
}

}  // namespace inlay::text::jinja
