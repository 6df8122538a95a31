// The expression half of the parser.
#ifndef INLAY_TEXT_JINJA_PARSE_EXPR_H_
#define INLAY_TEXT_JINJA_PARSE_EXPR_H_

#include <initializer_list>
#include <string_view>
#include <vector>

#include "cpp/text/jinja_ast.h"
#include "cpp/text/jinja_budget.h"
#include "cpp/text/jinja_token_stream.h"

namespace inlay::text::jinja {

class ExprParser {
 public:
  ExprParser(TokenStream& tokens, int max_depth, Budget& budget)
      : tokens_(tokens), max_depth_(max_depth), budget_(budget) {}

  StatusOr<ExprPtr> Expression();
  // One expression, or several with commas: a tuple. A name in `end` ends
  // it. Without conditions, `a if b` stops before the if.
  StatusOr<ExprPtr> Tuple(bool conditions = true, std::string_view end = "");
  StatusOr<ExprPtr> Primary();
  // `.name`, `[...]` and `(...)`.
  Status Postfix(std::vector<Suffix>* suffixes);
  // `| filter` chains; with `first`, a filter name comes without a bar.
  Status Filters(std::vector<Suffix>* suffixes, bool first = false);
  Status CallArguments(Arguments* arguments);

  // Nesting, counted with the blocks.
  Status Enter();
  void Leave() { --depth_; }

  // What names the current macro body mentions; the parser of macros reads it.
  struct Uses {
    bool varargs = false, kwargs = false, caller = false;
  };
  Uses uses;

 private:
  StatusOr<ExprPtr> Condition();
  StatusOr<ExprPtr> Logical(bool is_or);
  StatusOr<ExprPtr> Not();
  StatusOr<ExprPtr> Compare();
  StatusOr<ExprPtr> Binary(int level);
  StatusOr<ExprPtr> Concat();
  StatusOr<ExprPtr> Unary(bool with_filters);
  StatusOr<ExprPtr> WithSuffixes(ExprPtr base, bool with_filters);
  StatusOr<ExprPtr> Name();
  StatusOr<ExprPtr> Number();
  StatusOr<ExprPtr> Text();
  StatusOr<ExprPtr> ListLiteral();
  StatusOr<ExprPtr> DictLiteral();
  StatusOr<ExprPtr> Parenthesized();
  Status Subscript(Suffix* suffix);
  Status SubscriptPart(Suffix* suffix);
  Status SliceRest(Suffix* suffix);
  Status Attribute(std::vector<Suffix>* suffixes);
  Status Test(std::vector<Suffix>* suffixes);
  bool AtTupleEnd(std::string_view end) const;
  ExprPtr Make(ExprKind kind) const;
  static ExprPtr Wrap(ExprKind kind, ExprPtr child);

  TokenStream& tokens_;
  const int max_depth_;
  Budget& budget_;
  int depth_ = 0;
};

}  // namespace inlay::text::jinja

#endif  // INLAY_TEXT_JINJA_PARSE_EXPR_H_
