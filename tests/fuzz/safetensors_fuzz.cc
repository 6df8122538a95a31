// libFuzzer target: any bytes as a safetensors file. What is accepted must lie
// in the file and not overlap.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "cpp/formats/safetensors.h"
#include "cpp/io/source.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto source = inlay::io::OpenMemory({data, size}, {});
  if (!source.ok()) return 0;
  std::vector<inlay::formats::TensorInfo> tensors;
  const auto status =
      inlay::formats::ReadSafetensors(**source, 0, size, "fuzz", &tensors);
  if (!status.ok()) return 0;
  std::sort(tensors.begin(), tensors.end(),
            [](const auto& a, const auto& b) { return a.offset < b.offset; });
  uint64_t at = 8;
  for (const auto& tensor : tensors) {
    const auto& type = inlay::kernels::GetDTypeInfo(tensor.type);
    const bool fits = tensor.offset >= at && tensor.bytes <= size &&
                      tensor.offset <= size - tensor.bytes &&
                      static_cast<uint64_t>(tensor.elements()) *
                              static_cast<uint64_t>(type.block_bytes) ==
                          tensor.bytes;
    if (!fits) __builtin_trap();
    at = tensor.offset + tensor.bytes;
  }
  return 0;
}
