#include "cpp/formats/quantized.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cpp/formats/gguf_reader.h"
#include "cpp/formats/quantized_methods.h"

namespace inlay::formats {
namespace {

constexpr struct {
  const char* name;
  Status (*expand)(QuantizedFile* file);
} kMethods[] = {
    {"awq", ExpandAwq},
    {"bitsandbytes", ExpandBitsandbytes},
    {"compressed-tensors", ExpandCompressed},
    {"fbgemm_fp8", ExpandFp8},
    {"fp8", ExpandFp8},
    {"gptq", ExpandGptq},
    {"mxfp4", ExpandMxfp4},
};

// The key that the configuration stands under; null: there is none.
const char* FindPrefix(const ModelFile& file) {
  for (const char* prefix : {"quantization_config.", "compression_config."}) {
    for (const MetadataEntry& entry : file.metadata()) {
      if (absl::StartsWith(entry.key, prefix)) return prefix;
    }
  }
  return nullptr;
}

// Early files of bitsandbytes do not name their method.
StatusOr<std::string> MethodOf(const QuantizedFile& file) {
  INLAY_ASSIGN_OR_RETURN(const bool four, file.Flag("load_in_4bit", false));
  INLAY_ASSIGN_OR_RETURN(const bool eight, file.Flag("load_in_8bit", false));
  INLAY_ASSIGN_OR_RETURN(
      std::string method,
      file.Text("quant_method", four || eight ? "bitsandbytes" : ""));
  if (!method.empty()) return method;
  return absl::InvalidArgumentError(absl::StrCat(
      "config.json key ", file.Key("quant_method"), " is missing"));
}

}  // namespace

std::string Expansion::Warning() const {
  if (expanded == 0) return "";
  return absl::StrCat(method, ": no kernel computes with ", expanded,
                      " of the quantised weights as they are stored; they are "
                      "expanded, and take ",
                      expanded_bytes, " bytes instead of ", stored_bytes);
}

StatusOr<std::shared_ptr<const ModelFile>> ExpandQuantized(
    std::shared_ptr<const ModelFile> file, Expansion* expansion) {
  *expansion = Expansion();
  const char* prefix = FindPrefix(*file);
  if (prefix == nullptr) return file;
  QuantizedFile quantized(std::move(file), prefix);
  INLAY_ASSIGN_OR_RETURN(std::string method, MethodOf(quantized));
  std::string known;
  for (const auto& entry : kMethods) {
    absl::StrAppend(&known, known.empty() ? "" : ", ", entry.name);
    if (method != entry.name) continue;
    INLAY_RETURN_IF_ERROR(entry.expand(&quantized));
    auto made = std::move(quantized).Finish(expansion);
    expansion->method = std::move(method);
    return made;
  }
  return absl::UnimplementedError(
      absl::StrCat("config.json key ", quantized.Key("quant_method"), " = ",
                   Quoted(method.substr(0, 100)), ": known are ", known));
}

}  // namespace inlay::formats
