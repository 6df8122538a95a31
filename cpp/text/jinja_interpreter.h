// Runs a parsed template.
#ifndef INLAY_TEXT_JINJA_INTERPRETER_H_
#define INLAY_TEXT_JINJA_INTERPRETER_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cpp/text/jinja_ast.h"
#include "cpp/text/jinja_budget.h"
#include "cpp/text/jinja_library.h"
#include "cpp/text/jinja_scope.h"

namespace inlay::text::jinja {

struct RunLimits {
  uint64_t max_output_bytes;
  int max_depth;  // of evaluation
};

class Interpreter : public Runtime {
 public:
  Interpreter(Budget& budget, const RunLimits& limits,
              std::optional<int64_t> now);

  // A variable the template sees. `name` must outlive the interpreter.
  Status SetVariable(std::string_view name, Value value);
  StatusOr<std::string> Run(const Block& block);

  Budget& budget() override { return budget_; }
  StatusOr<Value> Call(const Value& callee, const CallArgs& args) override;
  bool Now(int64_t* unix_seconds) const override;

 private:
  enum class Flow { kNext, kBreak, kContinue };
  class DepthGuard;
  class ScopeGuard;

  // Statements.
  StatusOr<Flow> Execute(const Block& block);
  StatusOr<Flow> ExecuteStmt(const Stmt& stmt);
  StatusOr<Flow> DoStmt(const Stmt& stmt);
  StatusOr<Flow> DoIf(const Stmt& stmt);
  StatusOr<Flow> DoScope(const Stmt& stmt);
  Status DoOutput(const Stmt& stmt);
  Status DoFor(const Stmt& stmt);
  Status DoCapture(const Stmt& stmt);
  Status DoMacro(const Stmt& stmt);
  Status DoCall(const Stmt& stmt);
  StatusOr<std::vector<Value>> LoopItems(const Stmt& stmt,
                                         const Value& iterable);
  Status RunLoop(const Stmt& stmt, const Value& iterable, int depth0);
  StatusOr<Flow> RunPass(const Stmt& stmt, const Value& loop,
                         const Value& item);
  Status Assign(const Target& target, const Value& value);
  Status Unpack(const Target& target, const Value& value);
  StatusOr<Value> Capture(const Block& body);
  Status Emit(std::string_view text);

  // Expressions.
  StatusOr<Value> Eval(const Expr& expr);
  StatusOr<Value> DoEval(const Expr& expr);
  StatusOr<Value> EvalName(const Expr& expr);
  StatusOr<Value> EvalItems(const Expr& expr);
  StatusOr<Value> EvalDict(const Expr& expr);
  StatusOr<Value> EvalLogical(const Expr& expr);
  StatusOr<Value> EvalConcat(const Expr& expr);
  StatusOr<Value> EvalBinary(const Expr& expr);
  StatusOr<Value> EvalCompare(const Expr& expr);
  StatusOr<Value> EvalCondition(const Expr& expr);
  StatusOr<Value> EvalPostfix(const Expr& expr, const Value* caller = nullptr);
  StatusOr<Value> Apply(const Suffix& suffix, const Value& value,
                        const Value* caller);
  StatusOr<Value> ApplySlice(const Suffix& suffix, const Value& value);
  StatusOr<Value> Attribute(const Value& value, std::string_view name);
  StatusOr<CallArgs> EvalArguments(const Arguments& arguments);
  StatusOr<Value> Filtered(const std::vector<Suffix>& suffixes, Value value);
  StatusOr<Value> CallMacro(const Value& callee, const CallArgs& args);
  Status BindParameters(const Macro& macro, const CallArgs& args);
  Status BindExtras(const Macro& macro, const CallArgs& args,
                    const std::vector<bool>& used);
  StatusOr<Value> MakeMacro(const Macro& macro);

  // Adds the place to the first error.
  Status Locate(Status status, Position position);

  Budget& budget_;
  const RunLimits limits_;
  const std::optional<int64_t> now_;
  int depth_ = 0;
  bool located_ = false;
  std::string* out_ = nullptr;
  ScopeChain scopes_;
};

}  // namespace inlay::text::jinja

#endif  // INLAY_TEXT_JINJA_INTERPRETER_H_
