// The architectures that are compiled into the library.
#ifndef INLAY_ARCHITECTURES_BUILTIN_H_
#define INLAY_ARCHITECTURES_BUILTIN_H_

#include <cstddef>
#include <span>

namespace inlay::architectures {

// One encoded inlay.architectures.Architecture message.
struct BuiltinData {
  const char* name;  // of the data file
  const unsigned char* bytes;
  size_t size;
};

std::span<const BuiltinData> Builtins();

}  // namespace inlay::architectures

#endif  // INLAY_ARCHITECTURES_BUILTIN_H_
