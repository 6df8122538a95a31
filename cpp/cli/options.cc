// Options that several commands share.

#include "cpp/cli/commands.h"

namespace inlay::cli {

OptionSpec ArchitectureOption() {
  return {"architecture", "FILE",
          "Adds an architecture, described as docs/add-a-model.md says. Can "
          "be given more than once."};
}

std::vector<OptionSpec> ModelOptions() {
  return {
      {"model", "FILE", "The model, a GGUF file. Needed."},
      ArchitectureOption(),
      {"threads", "N",
       "Compute threads. Default: one per physical core this process may use."},
      {"isa", "NAME",
       "Instruction set: auto, reference, avx2, avx_vnni, avx512, "
       "avx512_bf16, amx, amx_int8, neon or neon_i8mm. Default: auto."},
      {"in-place", "",
       "Compute straight from the mapped file: starts at once, shares the "
       "memory between processes, and is slower."},
      {"memory-budget", "BYTES",
       "Most memory for weights, cache and buffers, such as 500M or 2G. "
       "Default: none."},
  };
}

std::vector<OptionSpec> EngineOptions() {
  return {
      {"ctx", "N",
       "Most tokens of prompt and answer together. Default: chosen from the "
       "model and free memory."},
      {"kv-type", "NAME",
       "Elements of the key/value cache: auto, f32, f16, bf16, int8 or fp8. "
       "Default: auto."},
  };
}

std::vector<OptionSpec> SamplingOptions() {
  return {
      {"max-tokens", "N",
       "Most tokens to generate; 0: until the model ends or the context is "
       "full. Default: 512."},
      {"temperature", "X",
       "0: always the likeliest token; larger: more varied, up to 100."},
      {"top-k", "N", "Choose among the N likeliest. Default: 0, off."},
      {"top-p", "X",
       "Choose among the likeliest that together have this probability. "
       "Default: off."},
      {"min-p", "X",
       "Leave out what is less than X times as likely as the likeliest. "
       "Default: off."},
      {"repetition-penalty", "X",
       "Divide the odds of tokens that were seen. Default: 1, off."},
      {"mirostat", "V",
       "Mirostat sampling, version 1 or 2, in place of --top-k, --top-p, "
       "--min-p and XTC. Default: 0, off."},
      {"mirostat-tau", "X",
       "Wanted surprise of a token in bits, up to 100. Default: 5."},
      {"mirostat-eta", "X", "Learning rate, up to 1. Default: 0.1."},
      {"xtc-probability", "X",
       "Chance of leaving out all likely tokens but the least likely of them "
       "(XTC), up to 1. Default: 0, off."},
      {"xtc-threshold", "X", "What XTC calls likely. Default: 0.1."},
      {"dry-multiplier", "X",
       "Weight of the penalty on tokens that would continue a repeated "
       "sequence (DRY), up to 100. Default: 0, off."},
      {"dry-base", "X",
       "Its growth with each repeated token, 1 to 100. Default: 1.75."},
      {"dry-allowed-length", "N",
       "Shorter repeated sequences cost nothing. Default: 2."},
      {"no-repeat-ngram", "N",
       "Never repeat a sequence of N tokens of prompt and answer. Default: 0, "
       "off."},
      {"min-tokens", "N",
       "The answer does not end before so many tokens. Default: 0."},
      {"seed", "N", "Equal seeds give equal answers. Default: 0."},
      {"stop", "TEXT",
       "End the answer before this text. Can be given more than once."},
  };
}

std::vector<OptionSpec> Join(std::vector<std::vector<OptionSpec>> groups) {
  std::vector<OptionSpec> all;
  for (std::vector<OptionSpec>& group : groups) {
    for (OptionSpec& option : group) all.push_back(std::move(option));
  }
  return all;
}

}  // namespace inlay::cli
