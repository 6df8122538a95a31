// A tiny model with a context of 4,096 tokens on the real CPU backend.
#ifndef INLAY_TESTS_SERVING_LOAD_MODEL_H_
#define INLAY_TESTS_SERVING_LOAD_MODEL_H_

#include <cstdint>
#include <memory>

#include "cpp/engine/engine.h"

namespace inlay::serving {

inline constexpr int32_t kVocabulary = 289;
inline constexpr int32_t kContext = 4096;
inline constexpr int32_t kPageTokens = 32;

// tests/goldens/models/tiny-llama.gguf, which was made for 512 tokens, with a
// longer context written into its metadata.
StatusOr<std::shared_ptr<engine::Model>> OpenTinyModel(int threads,
                                                       uint64_t budget = 0);

// `options` with a cache of `pages` pages and room for `swap_pages` in swap.
StatusOr<engine::EngineOptions> WithPages(const engine::Model& model,
                                          engine::EngineOptions options,
                                          int32_t pages,
                                          int32_t swap_pages = 0);

}  // namespace inlay::serving

#endif  // INLAY_TESTS_SERVING_LOAD_MODEL_H_
