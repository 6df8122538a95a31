// libFuzzer target: any bytes as a GGUF file. Parses, then reads the metadata
// and expands the first row of every tensor that can be computed with.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "cpp/formats/gguf.h"
#include "cpp/io/source.h"
#include "kernels/common/dtype.h"

namespace {

using inlay::formats::ModelFile;
using inlay::formats::TensorInfo;

void Require(bool condition) {
  if (!condition) __builtin_trap();
}

void UseTensors(const ModelFile& file, std::span<const uint8_t> bytes) {
  for (const TensorInfo& tensor : file.tensors()) {
    Require(tensor.rank >= 1 && tensor.rank <= 4);
    Require(tensor.elements() >= 1 && tensor.rows() >= 1);
    Require(tensor.offset <= bytes.size());
    Require(tensor.bytes <= bytes.size() - tensor.offset);
    Require(file.FindTensor(tensor.name) == &tensor);
    if (!inlay::kernels::GetDTypeInfo(tensor.type).computable) continue;
    std::vector<float> row(static_cast<size_t>(tensor.columns()));
    inlay::kernels::Dequantize(tensor.type, bytes.data() + tensor.offset,
                               tensor.columns(), row.data());
  }
}

void UseMetadata(const ModelFile& file) {
  for (const auto& entry : file.metadata()) {
    Require(file.Find(entry.key) == &entry.value);
    (void)file.Get<int64_t>(entry.key);
    (void)file.Get<uint64_t>(entry.key);
    (void)file.Get<double>(entry.key);
    (void)file.Get<std::string>(entry.key);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span<const uint8_t> bytes(data, size);
  auto source = inlay::io::OpenMemory(bytes, {});
  Require(source.ok());
  const auto parsed = inlay::formats::ParseGguf(*std::move(source));
  if (!parsed.ok()) {
    Require(!parsed.status().message().empty());
    return 0;
  }
  UseTensors(**parsed, bytes);
  UseMetadata(**parsed);
  return 0;
}
