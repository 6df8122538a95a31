// Calls of abi_fuzz on the model's text: tokenizer, vocabulary, templates,
// and what the file says.
#ifndef INLAY_TESTS_FUZZ_ABI_TEXT_H_
#define INLAY_TESTS_FUZZ_ABI_TEXT_H_

#include <inlay/inlay.h>

#include <cstdint>
#include <string>

#include "tests/fuzz/abi_world.h"

namespace inlay::abi_fuzz {

inline void Tokenize(World& world) {
  Bytes& bytes = world.bytes;
  const std::string text = bytes.Text();
  int32_t ids[64];
  size_t count = 0;
  const size_t room = bytes.Next() % 64;
  const uint64_t flags = bytes.Next() % 8;
  if (inlay_tokenize(world.model, text.data(), text.size(), flags, ids, room,
                     &count, world.Error()) != INLAY_OK ||
      count > room) {
    return;
  }
  char back[512];
  size_t size = 0;
  if (count != 0 && bytes.Next() > 200) ids[0] = bytes.Number();
  const uint64_t back_flags = bytes.Next() % 4;
  inlay_detokenize(world.model, ids, count, back_flags, back, sizeof(back),
                   &size, world.Error());
}

inline void Chat(World& world) {
  Bytes& bytes = world.bytes;
  inlay_chat_input input = INLAY_CHAT_INPUT_INIT;
  const std::string messages =
      bytes.Next() < 128
          ? "[{\"role\":\"user\",\"content\":\"" + bytes.Text() + "\"}]"
          : bytes.Text();
  const std::string text =
      "{% for m in messages %}{{ m." + bytes.Text() + " }}{% endfor %}";
  input.messages_json = messages.data();
  input.messages_json_size = messages.size();
  input.template_text = text.data();
  input.template_text_size = text.size();
  char buffer[256];
  size_t size = 0;
  inlay_chat_render(world.model, &input, buffer, sizeof(buffer), &size,
                    world.Error());
}

inline void AskModel(World& world) {
  Bytes& bytes = world.bytes;
  inlay_token_info info = INLAY_TOKEN_INFO_INIT;
  const int32_t token = bytes.Number();
  inlay_model_token_info(world.model, token, &info, world.Error());
  inlay_tensor_info tensor = INLAY_TENSOR_INFO_INIT;
  const size_t index = bytes.Next();
  inlay_model_tensor_get_info(world.model, index, &tensor, world.Error());
  char buffer[64];
  size_t size = 0;
  const std::string key = bytes.Text();
  const size_t room = bytes.Next() % 64;
  inlay_model_metadata_get(world.model, key.data(), key.size(), buffer, room,
                           &size, world.Error());
}

inline void AskVocabulary(World& world) {
  Bytes& bytes = world.bytes;
  char buffer[64];
  size_t size = 0;
  const int32_t token = bytes.Number();
  const uint64_t flags = bytes.Next() % 4;
  const size_t room = bytes.Next() % 64;
  inlay_model_token_bytes(world.model, token, flags, buffer, room, &size,
                          world.Error());
  const std::string text = bytes.Text();
  int32_t found = 0;
  inlay_model_find_token(world.model, text.data(), text.size(), &found,
                         world.Error());
}

inline void AskFile(World& world) {
  Bytes& bytes = world.bytes;
  inlay_model_info info = INLAY_MODEL_INFO_INIT;
  info.struct_size = bytes.Next() < 128 ? info.struct_size : bytes.Next();
  inlay_model_get_info(world.model, &info, world.Error());
  size_t count = 0;
  inlay_model_metadata_count(world.model, &count, world.Error());
  const char* key = nullptr;
  size_t size = 0;
  const size_t index = static_cast<size_t>(bytes.Number());
  if (inlay_model_metadata_key(world.model, index, &key, &size,
                               world.Error()) == INLAY_OK) {
    Require(index < count && key[size] == '\0', "a key does not end");
  }
  inlay_model_tensor_count(world.model, &count, world.Error());
}

inline void Estimate(World& world) {
  Bytes& bytes = world.bytes;
  inlay_engine_options options = INLAY_ENGINE_OPTIONS_INIT;
  options.context_length = bytes.Number();
  options.max_concurrency = bytes.Number();
  options.kv_cache_bytes = bytes.Next() < 128 ? 0 : bytes.Next32();
  options.options = world.options.Pick(bytes);
  inlay_memory_needs needs = INLAY_MEMORY_NEEDS_INIT;
  if (inlay_memory_estimate(world.model, &options, &needs, world.Error()) ==
      INLAY_OK) {
    Require(needs.total >= needs.weights && needs.total >= needs.kv_cache,
            "the estimate does not add up");
  }
}

}  // namespace inlay::abi_fuzz

#endif  // INLAY_TESTS_FUZZ_ABI_TEXT_H_
