// libFuzzer target: any bytes as the text form of an architecture. What is
// accepted must compile, or say why not, with a small Llama as its file.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "cpp/formats/hugging_face.h"
#include "cpp/io/folder.h"
#include "cpp/model/derived_tensors.h"
#include "cpp/model/load.h"
#include "tests/fuzz/small_llama.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto added = inlay::model::Registered::Add(nullptr, text, true);
  if (!added.ok()) {
    if (added.status().message().empty()) __builtin_trap();
    return 0;
  }
  constexpr std::string_view kConfig =
      R"({"architectures":["LlamaForCausalLM"],"model_type":"llama",)"
      R"("max_position_embeddings":64,"hidden_size":4,"num_hidden_layers":1,)"
      R"("intermediate_size":8,"num_attention_heads":2,"rms_norm_eps":1e-5,)"
      R"("num_key_value_heads":2,"hidden_act":"silu"})";
  const auto folder = inlay::io::MakeMemoryFolder(
      {{"config.json", {kConfig.begin(), kConfig.end()}},
       {"model.safetensors", inlay::SmallLlamaWeights()}});
  const auto opened = inlay::formats::OpenHuggingFace(*folder);
  if (!opened.ok()) __builtin_trap();
  const auto file = inlay::model::DeriveTensors(*opened, added->get());
  if (!file.ok()) return 0;
  const auto plan = inlay::model::CompilePlan(**file, false, added->get());
  if (!plan.ok() && plan.status().message().empty()) __builtin_trap();
  return 0;
}
