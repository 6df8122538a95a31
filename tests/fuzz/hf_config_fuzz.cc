// libFuzzer target: any bytes as config.json beside the weights of a small
// Llama. Whatever compiles to a plan must view tensors of the file.
#include <cstddef>
#include <cstdint>

#include "cpp/formats/hugging_face.h"
#include "cpp/io/folder.h"
#include "cpp/model/derived_tensors.h"
#include "cpp/model/load.h"
#include "tests/fuzz/small_llama.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto folder = inlay::io::MakeMemoryFolder(
      {{"config.json", {data, data + size}},
       {"generation_config.json", {data, data + size}},
       {"model.safetensors", inlay::SmallLlamaWeights()}});
  const auto opened = inlay::formats::OpenHuggingFace(*folder);
  if (!opened.ok()) return 0;
  const auto file = inlay::model::DeriveTensors(*opened);
  if (!file.ok()) __builtin_trap();
  const auto plan = inlay::model::CompilePlan(**file);
  if (!plan.ok()) return 0;
  for (const auto& weight : (*plan)->weights) {
    const bool fits =
        weight.tensor != nullptr &&
        weight.rows * weight.columns == weight.tensor->elements() &&
        weight.tensor->offset + weight.tensor->bytes <=
            (*file)->source().size();
    if (!fits) __builtin_trap();
  }
  return 0;
}
