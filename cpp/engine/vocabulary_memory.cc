#include "cpp/engine/vocabulary_memory.h"

#include <string>
#include <variant>
#include <vector>

namespace inlay::engine {
namespace {

// A std::string holds this many bytes in itself; longer ones own a heap block
// with the allocator's header, rounded to 16.
constexpr uint64_t kInline = 15;

uint64_t StringBytes(const std::string& text) {
  if (text.size() <= kInline) return 0;
  return (text.size() + 1 + 8 + 15) / 16 * 16;
}

struct Size {
  template <typename T>
  uint64_t operator()(const T&) const {
    return 0;
  }
  uint64_t operator()(const std::string& text) const {
    return StringBytes(text);
  }
  template <typename T>
  uint64_t operator()(const std::vector<T>& values) const {
    return values.size() * sizeof(T);
  }
  uint64_t operator()(const std::vector<bool>& values) const {
    return values.size() / 8;
  }
  uint64_t operator()(const std::vector<std::string>& values) const {
    uint64_t bytes = values.size() * sizeof(std::string);
    for (const std::string& value : values) bytes += StringBytes(value);
    return bytes;
  }
};

uint64_t Count(const formats::ModelFile& file, std::string_view key) {
  const formats::MetadataValue* value = file.Find(key);
  const auto* strings =
      value == nullptr ? nullptr : std::get_if<std::vector<std::string>>(value);
  return strings == nullptr ? 0 : strings->size();
}

}  // namespace

uint64_t VocabularyMemory(const formats::ModelFile& file) {
  uint64_t bytes = 0;
  for (const formats::MetadataEntry& entry : file.metadata()) {
    bytes += std::visit(Size{}, entry.value);
  }
  // Round allowances, from the sizes of the types and not from measuring: per
  // token the string object of the tokenizer's own copy and its slot in the
  // table by text, per merge its slot in the table by pair, both tables half
  // full. On one model tests/checks/memory_estimate.py holds the whole estimate
  // to 10% of what a run takes.
  constexpr uint64_t kPerToken = 96;
  constexpr uint64_t kPerMerge = 48;
  return bytes + kPerToken * Count(file, "tokenizer.ggml.tokens") +
         kPerMerge * Count(file, "tokenizer.ggml.merges");
}

}  // namespace inlay::engine
