// The parsed template. Chains (a + b - c, a.b[0]|f) are flat lists, so that
// the depth of the tree is the nesting a person sees.
#ifndef INLAY_TEXT_JINJA_AST_H_
#define INLAY_TEXT_JINJA_AST_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cpp/text/jinja_lexer.h"
#include "cpp/text/jinja_value.h"

namespace inlay::text::jinja {

struct Expr;
using ExprPtr = std::unique_ptr<Expr>;

enum class Op : uint8_t {
  kAdd,
  kSub,
  kMul,
  kDiv,
  kFloorDiv,
  kMod,
  kPow,
  kEq,
  kNe,
  kLt,
  kLe,
  kGt,
  kGe,
  kIn,
  kNotIn,
};

struct Arguments {
  std::vector<ExprPtr> positional;
  std::vector<std::pair<std::string, ExprPtr>> named;
};

enum class SuffixKind : uint8_t {
  kAttribute,
  kItem,
  kSlice,
  kCall,
  kFilter,
  kTest
};

struct Suffix {
  SuffixKind kind;
  Position position;
  std::string name;      // of an attribute, filter or test
  bool negated = false;  // is not
  Arguments arguments;   // the index of an item; three parts of a slice,
                         // nullptr where absent
};

enum class ExprKind : uint8_t {
  kConstant,
  kName,
  kList,
  kTuple,
  kDict,  // children: key, value, key, value
  kNot,
  kNegate,
  kPlus,
  kAnd,  // all children
  kOr,
  kConcat,     // ~
  kBinary,     // children[0] ops[0] children[1] ops[1] ..., from the left
  kCompare,    // a < b < c: and of the pairs
  kCondition,  // value, test, value, test, ..., else value or nullptr
  kPostfix,    // children[0] and suffixes
};

struct Expr {
  ExprKind kind;
  Position position;
  std::string name;
  Value constant;
  std::vector<ExprPtr> children;
  std::vector<Op> ops;
  std::vector<Suffix> suffixes;
};

struct Stmt;
using StmtPtr = std::unique_ptr<Stmt>;
using Block = std::vector<StmtPtr>;

// What a for, set or macro assigns to: a name, an attribute of a namespace,
// or several targets.
struct Target {
  std::string name;
  std::string attribute;        // not empty: of the namespace `name`
  std::vector<Target> several;  // not empty: unpack
  Position position;
};

enum class StmtKind : uint8_t {
  kText,
  kOutput,
  kIf,   // tests[i] guards blocks[i]; one more block is the else
  kFor,  // expr: iterable, tests[0]: filter; blocks: body, else
  kSet,
  kSetBlock,  // suffixes: filters over the body
  kMacro,
  kCall,    // expr: the call; macro: the body as caller
  kFilter,  // suffixes: filters over the body
  kScope,   // a body with names of its own
  kBreak,
  kContinue,
};

struct Parameter {
  std::string name;
  ExprPtr fallback;  // may be nullptr
};

struct Macro {
  std::string name;
  std::vector<Parameter> parameters;
  Block body;
  bool uses_varargs = false;
  bool uses_kwargs = false;
  bool uses_caller = false;
};

struct Stmt {
  StmtKind kind;
  Position position;
  std::string text;
  ExprPtr expr;
  std::vector<Suffix> suffixes;
  std::vector<ExprPtr> tests;
  std::vector<Block> blocks;
  Target target;
  bool recursive = false;
  std::unique_ptr<Macro> macro;
};

}  // namespace inlay::text::jinja

#endif  // INLAY_TEXT_JINJA_AST_H_
