// A golden encoder as a GGUF file: other names for the same weights. What
// tests/goldens/compare_encoders.py writes for llama.cpp.
#ifndef INLAY_TESTS_ORACLE_ENCODER_GGUF_H_
#define INLAY_TESTS_ORACLE_ENCODER_GGUF_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/formats/gguf_builder.h"
#include "tests/oracle/weights.h"

namespace inlay::oracle {

inline std::string GgufBase(const std::string& base) {
  static const std::map<std::string, std::string> kNames = {
      {"embeddings.word_embeddings", "token_embd"},
      {"embeddings.tok_embeddings", "token_embd"},
      {"embeddings.position_embeddings", "position_embd"},
      {"embeddings.token_type_embeddings", "token_types"},
      {"embeddings.LayerNorm", "token_embd_norm"},
      {"embeddings.norm", "token_embd_norm"},
      {"encoder.layer.#.attention.self.query", "blk.#.attn_q"},
      {"encoder.layer.#.attention.self.key", "blk.#.attn_k"},
      {"encoder.layer.#.attention.self.value", "blk.#.attn_v"},
      {"encoder.layer.#.attention.output.dense", "blk.#.attn_output"},
      {"encoder.layer.#.attention.output.LayerNorm", "blk.#.attn_output_norm"},
      {"encoder.layer.#.intermediate.dense", "blk.#.ffn_up"},
      {"encoder.layer.#.output.dense", "blk.#.ffn_down"},
      {"encoder.layer.#.output.LayerNorm", "blk.#.layer_output_norm"},
      {"classifier.dense", "cls"},
      {"classifier.out_proj", "cls.output"},
      {"layers.#.attn_norm", "blk.#.attn_norm"},
      {"layers.#.attn.Wqkv", "blk.#.attn_qkv"},
      {"layers.#.attn.Wo", "blk.#.attn_output"},
      {"layers.#.mlp_norm", "blk.#.ffn_norm"},
      {"layers.#.mlp.Wi", "blk.#.ffn_up"},
      {"layers.#.mlp.Wo", "blk.#.ffn_down"},
      {"final_norm", "output_norm"}};
  const auto found = kNames.find(base);
  return found == kNames.end() ? "" : found->second;
}

// Empty for what GGUF leaves out. Layers have one digit.
inline std::string GgufName(std::string name) {
  if (name.rfind("roberta.", 0) == 0) name = name.substr(8);
  const size_t dot = name.rfind('.');
  std::string base = name.substr(0, dot), layer;
  for (char& c : base) {
    if (c < '0' || c > '9') continue;
    layer = std::string(1, c);
    c = '#';
  }
  std::string out = GgufBase(base);
  if (out.empty()) return out;
  const size_t at = out.find('#');
  if (at != out.npos) out.replace(at, 1, layer);
  return out + name.substr(dot);
}

// `skipped`: positions that RoBERTa's padding takes, which GGUF leaves out.
inline std::vector<uint8_t> MakeEncoderGguf(
    uint64_t seed, const std::vector<StoredTensor>& tensors, bool modern,
    size_t skipped, uint32_t pooling) {
  const std::string arch = modern ? "modern-bert" : "bert";
  formats::GgufBuilder gguf;
  gguf.String("general.architecture", arch);
  gguf.U32(arch + ".context_length", 300);
  gguf.U32(arch + ".embedding_length", 48);
  gguf.U32(arch + ".feed_forward_length", 80);
  gguf.U32(arch + ".block_count", modern ? 5 : 3);
  gguf.U32(arch + ".attention.head_count", 6);
  gguf.F32(arch + ".attention.layer_norm_epsilon", modern ? 1e-5f : 1e-12f);
  gguf.Bool(arch + ".attention.causal", false);
  gguf.U32(arch + ".pooling_type", pooling);
  if (modern) {
    gguf.F32(arch + ".rope.freq_base", 160000.0f);
    gguf.F32(arch + ".rope.freq_base_swa", 10000.0f);
    gguf.U32(arch + ".attention.sliding_window", 16);
    gguf.U32(arch + ".attention.sliding_window_pattern", 3);
  }
  for (const StoredTensor& tensor : tensors) {
    const std::string name = GgufName(tensor.name);
    if (name.empty()) continue;
    std::vector<float> values = TensorValues(seed, tensor.name, tensor.shape);
    std::vector<uint64_t> dimensions(tensor.shape.rbegin(),
                                     tensor.shape.rend());
    if (name == "position_embd.weight" && skipped > 0) {
      values.erase(
          values.begin(),
          values.begin() + static_cast<int64_t>(skipped * dimensions[0]));
      dimensions[1] -= skipped;
    }
    gguf.FloatTensor(name, dimensions, values);
  }
  return gguf.Build();
}

}  // namespace inlay::oracle

#endif  // INLAY_TESTS_ORACLE_ENCODER_GGUF_H_
