// The bytes of a tiny model, opened through the host's reader or in memory.
#ifndef INLAY_TESTS_FAULTS_MODEL_BYTES_H_
#define INLAY_TESTS_FAULTS_MODEL_BYTES_H_

#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "inlay/inlay.h"

namespace inlay::faults {

inline std::string TinyModelPath(const char* name = "tiny-llama") {
  return std::string(INLAY_SOURCE_DIR) + "/tests/goldens/models/" + name +
         ".gguf";
}

inline std::vector<uint8_t> ReadAll(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

// A context of one thread and `budget` bytes.
inline inlay_context* NewContext(uint64_t budget) {
  inlay_context_options options = INLAY_CONTEXT_OPTIONS_INIT;
  options.thread_count = 1;
  options.memory_budget_bytes = budget;
  inlay_context* context = nullptr;
  inlay_context_create(&options, &context, nullptr);
  return context;
}

inline inlay_model_source MemorySource(const uint8_t* data, size_t size) {
  inlay_model_source source = INLAY_MODEL_SOURCE_INIT;
  source.kind = INLAY_SOURCE_MEMORY;
  source.data = data;
  source.size = size;
  return source;
}

// Creates a host-driven engine on `model` and generates two tokens from ids
// that every vocabulary has. The first status that is not INLAY_OK.
inline inlay_status GenerateTwo(inlay_model* model, inlay_error* error) {
  inlay_engine_options options = INLAY_ENGINE_OPTIONS_INIT;
  options.context_length = 32;
  options.max_concurrency = 1;
  options.flags = INLAY_ENGINE_HOST_DRIVEN;
  inlay_engine* engine = nullptr;
  inlay_status status = inlay_engine_create(model, &options, &engine, error);
  if (status != INLAY_OK) return status;
  const int32_t ids[] = {0, 1, 2};
  inlay_prompt_part part = INLAY_PROMPT_PART_INIT;
  part.kind = INLAY_PART_TOKENS;
  part.tokens = ids;
  part.token_count = 3;
  inlay_request request = INLAY_REQUEST_INIT;
  request.parts = &part;
  request.part_size = sizeof(part);
  request.part_count = 1;
  request.max_tokens = 2;
  request.flags = INLAY_REQUEST_IGNORE_END | INLAY_REQUEST_NO_SPECIAL;
  inlay_generation* generation = nullptr;
  status = inlay_generate(engine, &request, &generation, error);
  inlay_generation_release(generation);
  inlay_engine_release(engine);
  return status;
}

}  // namespace inlay::faults

#endif  // INLAY_TESTS_FAULTS_MODEL_BYTES_H_
