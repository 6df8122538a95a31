#include "tests/serving/load_model.h"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string_view>
#include <vector>

#include "cpp/io/source.h"

namespace inlay::serving {
namespace {

StatusOr<std::shared_ptr<std::vector<uint8_t>>> ReadTinyModel() {
  std::ifstream in(INLAY_SOURCE_DIR "/tests/goldens/models/tiny-llama.gguf",
                   std::ios::binary);
  auto bytes = std::make_shared<std::vector<uint8_t>>(
      std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  // In GGUF the value follows its key: a type of four bytes, then the number.
  constexpr std::string_view kKey = "llama.context_length";
  const auto key =
      std::search(bytes->begin(), bytes->end(), kKey.begin(), kKey.end());
  if (bytes->end() - key < static_cast<ptrdiff_t>(kKey.size()) + 8) {
    return absl::NotFoundError("the tiny model has no context length");
  }
  for (int i = 0; i < 4; ++i) {
    key[static_cast<ptrdiff_t>(kKey.size()) + 4 + i] =
        static_cast<uint8_t>(kContext >> (8 * i));
  }
  return bytes;
}

}  // namespace

StatusOr<std::shared_ptr<engine::Model>> OpenTinyModel(int threads,
                                                       uint64_t budget) {
  engine::ContextOptions options;
  options.thread_count = threads;
  options.memory_budget_bytes = budget;
  INLAY_ASSIGN_OR_RETURN(auto context,
                         engine::Context::Create(std::move(options)));
  INLAY_ASSIGN_OR_RETURN(auto bytes, ReadTinyModel());
  INLAY_ASSIGN_OR_RETURN(auto source, io::OpenMemory(*bytes, [bytes] {}));
  return engine::Model::Open(context, source, {});
}

StatusOr<engine::EngineOptions> WithPages(const engine::Model& model,
                                          engine::EngineOptions options,
                                          int32_t pages, int32_t swap_pages) {
  options.kv_cache_bytes = uint64_t{1} << 26;
  INLAY_ASSIGN_OR_RETURN(const engine::EngineConfig config,
                         engine::Engine::Choose(model, options));
  const uint64_t page =
      config.kv_cache_bytes / static_cast<uint64_t>(config.page_count);
  options.kv_cache_bytes = static_cast<uint64_t>(pages) * page;
  options.swap_bytes = static_cast<uint64_t>(swap_pages) * page;
  return options;
}

}  // namespace inlay::serving
