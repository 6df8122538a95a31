// What the parts of the interpreter share.
#ifndef INLAY_TEXT_JINJA_GUARDS_H_
#define INLAY_TEXT_JINJA_GUARDS_H_

#include "cpp/text/jinja_interpreter.h"

namespace inlay::text::jinja {

// Counts one level of evaluation.
class Interpreter::DepthGuard {
 public:
  explicit DepthGuard(Interpreter& interpreter) : depth_(interpreter.depth_) {
    ok_ = ++depth_ <= interpreter.limits_.max_depth;
  }
  ~DepthGuard() { --depth_; }
  DepthGuard(const DepthGuard&) = delete;
  DepthGuard& operator=(const DepthGuard&) = delete;
  Status status() const {
    return ok_ ? OkStatus()
               : absl::ResourceExhaustedError("evaluation is nested too deep");
  }

 private:
  int& depth_;
  bool ok_;
};

// A scope of its own, inside `parent`, for as long as the guard lives.
class Interpreter::ScopeGuard {
 public:
  ScopeGuard(Interpreter& interpreter, Scope* parent)
      : scopes_(interpreter.scopes_), back_(scopes_.current()) {
    status_ = scopes_.Enter(parent, interpreter.budget_);
  }
  ~ScopeGuard() {
    if (status_.ok()) scopes_.Leave(back_);
  }
  ScopeGuard(const ScopeGuard&) = delete;
  ScopeGuard& operator=(const ScopeGuard&) = delete;
  const Status& status() const { return status_; }

 private:
  ScopeChain& scopes_;
  Scope* back_;
  Status status_;
};

}  // namespace inlay::text::jinja

#endif  // INLAY_TEXT_JINJA_GUARDS_H_
