// The weights of a small Llama, for what reads them by a fuzzed description.
#ifndef INLAY_TESTS_FUZZ_SMALL_LLAMA_H_
#define INLAY_TESTS_FUZZ_SMALL_LLAMA_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace inlay {

// Tensors of one layer of width 4 with a vocabulary of 3, all zeros.
inline std::vector<uint8_t> SmallLlamaWeights() {
  struct Entry {
    const char* name;
    int rows, columns;  // no rows: a vector
  };
  constexpr Entry kEntries[] = {
      {"model.embed_tokens.weight", 3, 4},
      {"lm_head.weight", 3, 4},
      {"model.norm.weight", 0, 4},
      {"model.layers.0.input_layernorm.weight", 0, 4},
      {"model.layers.0.post_attention_layernorm.weight", 0, 4},
      {"model.layers.0.self_attn.q_proj.weight", 4, 4},
      {"model.layers.0.self_attn.k_proj.weight", 4, 4},
      {"model.layers.0.self_attn.v_proj.weight", 4, 4},
      {"model.layers.0.self_attn.o_proj.weight", 4, 4},
      {"model.layers.0.mlp.gate_proj.weight", 8, 4},
      {"model.layers.0.mlp.up_proj.weight", 8, 4},
      {"model.layers.0.mlp.down_proj.weight", 4, 8},
  };
  std::string header = "{";
  size_t at = 0;
  for (const Entry& entry : kEntries) {
    const int rows = entry.rows > 0 ? entry.rows : 1;
    const size_t end =
        at + static_cast<size_t>(rows) * static_cast<size_t>(entry.columns) * 4;
    header += std::string(at > 0 ? ",\"" : "\"") + entry.name +
              "\":{\"dtype\":\"F32\",\"shape\":[" +
              (entry.rows > 0 ? std::to_string(entry.rows) + "," : "") +
              std::to_string(entry.columns) + "],\"data_offsets\":[" +
              std::to_string(at) + "," + std::to_string(end) + "]}";
    at = end;
  }
  header += "}";
  std::vector<uint8_t> file(8 + header.size() + at);
  for (size_t i = 0; i < 8; ++i) {
    file[i] = static_cast<uint8_t>(header.size() >> (8 * i));
  }
  for (size_t i = 0; i < header.size(); ++i) {
    file[8 + i] = static_cast<uint8_t>(header[i]);
  }
  return file;
}

}  // namespace inlay

#endif  // INLAY_TESTS_FUZZ_SMALL_LLAMA_H_
