#include "cpp/engine/model_identity.h"

#include <algorithm>
#include <array>
#include <bit>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "cpp/engine/checksum.h"

namespace inlay::engine {
namespace {

constexpr uint64_t kSampleBytes = 64;

void AddNumber(uint64_t value, Checksum* sum) {
  std::array<uint8_t, 8> bytes;
  for (size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<uint8_t>(value >> (8 * i));
  }
  sum->Add(bytes.data(), bytes.size());
}

void AddText(std::string_view text, Checksum* sum) {
  AddNumber(text.size(), sum);
  sum->Add(reinterpret_cast<const uint8_t*>(text.data()), text.size());
}

template <typename T>
void AddScalar(const T& value, Checksum* sum) {
  if constexpr (std::is_same_v<T, std::string>) {
    AddText(value, sum);
  } else if constexpr (std::is_same_v<T, double>) {
    AddNumber(std::bit_cast<uint64_t>(value), sum);
  } else {
    AddNumber(static_cast<uint64_t>(value), sum);
  }
}

template <typename T>
void AddValue(const T& value, Checksum* sum) {
  AddScalar(value, sum);
}
template <typename T>
void AddValue(const std::vector<T>& values, Checksum* sum) {
  AddNumber(values.size(), sum);
  for (const auto& value : values) AddScalar<T>(value, sum);
}

Status AddSample(const io::Source& source, uint64_t offset, uint64_t bytes,
                 Checksum* sum) {
  std::array<uint8_t, kSampleBytes> sample;
  const std::span<uint8_t> part(sample.data(), bytes);
  INLAY_RETURN_IF_ERROR(source.ReadAt(offset, part));
  sum->Add(part.data(), part.size());
  return OkStatus();
}

}  // namespace

StatusOr<uint64_t> ModelIdentity(const formats::ModelFile& file) {
  Checksum sum;
  AddText(file.format(), &sum);
  for (const formats::MetadataEntry& entry : file.metadata()) {
    AddText(entry.key, &sum);
    AddNumber(entry.value.index(), &sum);
    std::visit([&sum](const auto& value) { AddValue(value, &sum); },
               entry.value);
  }
  for (const formats::TensorInfo& tensor : file.tensors()) {
    AddText(tensor.name, &sum);
    AddNumber(static_cast<uint64_t>(tensor.type), &sum);
    for (int64_t size : tensor.shape) {
      AddNumber(static_cast<uint64_t>(size), &sum);
    }
    const uint64_t bytes = std::min(tensor.bytes, kSampleBytes);
    INLAY_RETURN_IF_ERROR(AddSample(file.source(), tensor.offset, bytes, &sum));
    INLAY_RETURN_IF_ERROR(AddSample(
        file.source(), tensor.offset + tensor.bytes - bytes, bytes, &sum));
  }
  return sum.value();
}

}  // namespace inlay::engine
