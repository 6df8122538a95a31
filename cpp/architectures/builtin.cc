#include "cpp/architectures/builtin.h"

namespace inlay::architectures {
namespace {

#include "cpp/architectures/builtin_data.inc"

}  // namespace

std::span<const BuiltinData> Builtins() { return kBuiltinData; }

}  // namespace inlay::architectures
