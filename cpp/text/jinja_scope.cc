#include "cpp/text/jinja_scope.h"

namespace inlay::text::jinja {
namespace {

constexpr size_t kIndexFrom = 12;

}  // namespace

const Value* Scope::Find(std::string_view name) const {
  if (!index.empty()) {
    auto found = index.find(name);
    return found == index.end() ? nullptr : &variables[found->second].second;
  }
  for (const auto& [key, value] : variables) {
    if (key == name) return &value;
  }
  return nullptr;
}

void Scope::Set(std::string_view name, Value value) {
  if (const Value* found = Find(name); found != nullptr) {
    *const_cast<Value*>(found) = std::move(value);
    return;
  }
  variables.emplace_back(name, std::move(value));
  if (variables.size() < kIndexFrom) return;
  if (index.empty()) {
    for (size_t i = 0; i < variables.size(); ++i) {
      index.emplace(variables[i].first, i);
    }
  } else {
    index.emplace(name, variables.size() - 1);
  }
}

Status ScopeChain::Enter(Scope* parent, Budget& budget) {
  auto scope = std::make_unique<Scope>();
  INLAY_RETURN_IF_ERROR(budget.Charge(scope.get(), sizeof(Scope)));
  scope->parent = parent;
  current_ = scope.get();
  live_.push_back(std::move(scope));
  return OkStatus();
}

void ScopeChain::Leave(Scope* back) {
  if (live_.back()->captured) kept_.push_back(std::move(live_.back()));
  live_.pop_back();
  current_ = back;
}

const Value* ScopeChain::Find(std::string_view name) const {
  for (Scope* scope = current_; scope != nullptr; scope = scope->parent) {
    if (const Value* value = scope->Find(name); value != nullptr) {
      return value;
    }
  }
  return nullptr;
}

void ScopeChain::Capture() {
  for (Scope* scope = current_; scope != nullptr && !scope->captured;
       scope = scope->parent) {
    scope->captured = true;
  }
}

}  // namespace inlay::text::jinja
