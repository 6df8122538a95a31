// The weights of tests/goldens/hf_weights.py: the same values from the same
// counter.
#ifndef INLAY_TESTS_ORACLE_WEIGHTS_H_
#define INLAY_TESTS_ORACLE_WEIGHTS_H_

#include <cmath>
#include <cstdint>
#include <cstring>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "cpp/io/folder.h"

namespace inlay::oracle {

inline uint64_t NameHash(std::string_view name) {
  uint64_t value = 0xCBF29CE484222325;
  for (const char c : name) {
    value = (value ^ static_cast<uint8_t>(c)) * 0x100000001B3;
  }
  return value;
}

inline std::vector<float> Uniform(uint64_t seed, std::string_view name,
                                  size_t count) {
  const uint64_t start = NameHash(name) + seed * 0xD1B54A32D192ED03;
  std::vector<float> values(count);
  for (size_t i = 0; i < count; ++i) {
    uint64_t z = start + (i + 1) * 0x9E3779B97F4A7C15;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
    z = (z ^ z >> 27) * 0x94D049BB133111EB;
    z ^= z >> 31;
    values[i] = static_cast<float>(
        static_cast<double>(z >> 40) * (1.0 / (1 << 23)) - 1.0);
  }
  return values;
}

inline std::vector<float> TensorValues(uint64_t seed, const std::string& name,
                                       const std::vector<int64_t>& shape) {
  size_t count = 1;
  for (const int64_t size : shape) count *= static_cast<size_t>(size);
  std::vector<float> values = Uniform(seed, name, count);
  const bool weight =
      name.size() >= 6 && name.compare(name.size() - 6, 6, "weight") == 0;
  const float scale =
      static_cast<float>(2.5 / std::sqrt(static_cast<double>(shape.back())));
  for (float& value : values) {
    if (shape.size() >= 2) {
      value *= scale;
    } else if (weight) {
      value = 1.0f + value * 0.25f;
    } else {
      value *= 0.125f;
    }
  }
  return values;
}

struct StoredTensor {
  std::string name;
  std::vector<int64_t> shape;
};

// "name F32 size size..." by line.
inline std::vector<StoredTensor> ReadTensorList(const std::string& text) {
  std::vector<StoredTensor> tensors;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    StoredTensor tensor;
    std::string type;
    words >> tensor.name >> type;
    for (int64_t size; words >> size;) tensor.shape.push_back(size);
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

// Tensors [begin, end) of the list as a safetensors file.
inline std::vector<uint8_t> MakeSafetensors(
    uint64_t seed, const std::vector<StoredTensor>& tensors, size_t begin,
    size_t end) {
  std::string header = "{";
  std::vector<uint8_t> data;
  for (size_t i = begin; i < end; ++i) {
    const std::vector<float> values =
        TensorValues(seed, tensors[i].name, tensors[i].shape);
    const size_t at = data.size();
    data.resize(at + values.size() * sizeof(float));
    std::memcpy(data.data() + at, values.data(), data.size() - at);
    header += (i > begin ? ",\"" : "\"") + tensors[i].name +
              "\":{\"dtype\":\"F32\",\"shape\":[";
    for (size_t d = 0; d < tensors[i].shape.size(); ++d) {
      header += (d > 0 ? "," : "") + std::to_string(tensors[i].shape[d]);
    }
    header += "],\"data_offsets\":[" + std::to_string(at) + "," +
              std::to_string(data.size()) + "]}";
  }
  header += "}";
  while (header.size() % 8 != 0) header += ' ';
  const uint64_t length = header.size();
  std::vector<uint8_t> file(8 + header.size() + data.size());
  std::memcpy(file.data(), &length, 8);
  std::memcpy(file.data() + 8, header.data(), header.size());
  std::memcpy(file.data() + 8 + header.size(), data.data(), data.size());
  return file;
}

}  // namespace inlay::oracle

#endif  // INLAY_TESTS_ORACLE_WEIGHTS_H_
