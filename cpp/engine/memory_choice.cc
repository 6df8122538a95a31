#include "cpp/engine/memory_choice.h"

#include <algorithm>
#include <limits>
#include <string>

#include "absl/strings/str_cat.h"
#include "cpp/cache/page_cache.h"
#include "cpp/engine/number_text.h"

namespace inlay::engine {
namespace {

constexpr int32_t kMaxConcurrency = 4096;
constexpr int32_t kMaxStepTokens = 65536;
constexpr int32_t kMaxQueue = 1 << 20;
constexpr int32_t kMaxPending = 1 << 20;
constexpr int32_t kMinContext = 2;
// Logits rows of a scoring step; more would be memory without speed.
constexpr int32_t kScoreRows = 32;
// Positions and page counts stay far below 2^31.
constexpr int64_t kMaxCacheTokens = int64_t{1} << 30;

Status CheckBound(int32_t value, int32_t most, std::string_view name) {
  if (value >= 0 && value <= most) return OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(name, " is ", value, "; it must be in [0, ", most, "]"));
}

std::string Mib(uint64_t bytes) {
  const double mib = static_cast<double>(bytes) / (1024.0 * 1024.0);
  return absl::StrCat(FixedText(mib, 1), " MiB");
}

Status TooSmall(int32_t context, uint64_t need, uint64_t have) {
  return absl::ResourceExhaustedError(
      absl::StrCat("a context of ", context, " tokens needs a cache of ", need,
                   " bytes (", cache::PagesFor(context, kPageTokens),
                   " pages); ", have, " bytes are at hand"));
}

// All requests together have no more tokens than this to compute at once.
int32_t UsefulStepTokens(const EngineConfig& config) {
  const int64_t most = int64_t{config.context_length} * config.max_concurrency;
  return static_cast<int32_t>(std::min<int64_t>(kDefaultStepTokens, most));
}

}  // namespace

Status CheckOptions(const EngineOptions& options, int32_t model_context) {
  INLAY_RETURN_IF_ERROR(
      CheckBound(options.max_concurrency, kMaxConcurrency, "max_concurrency"));
  INLAY_RETURN_IF_ERROR(
      CheckBound(options.max_step_tokens, kMaxStepTokens, "max_step_tokens"));
  INLAY_RETURN_IF_ERROR(CheckBound(options.max_queue, kMaxQueue, "max_queue"));
  INLAY_RETURN_IF_ERROR(CheckBound(options.max_pending_events, kMaxPending,
                                   "max_pending_events"));
  if (!(options.stall_factor == 0 ||
        (options.stall_factor >= 1 && options.stall_factor <= 1000))) {
    return absl::InvalidArgumentError(
        absl::StrCat("stall_factor is ", options.stall_factor,
                     "; it must be 0 or in [1, 1000]"));
  }
  if (options.max_queue_tokens < 0 || options.ageing_ns < 0 ||
      options.starvation_ns < 0) {
    return absl::InvalidArgumentError(
        "max_queue_tokens, ageing and starvation must not be negative");
  }
  if (options.context_length < 0 || options.context_length == 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("context_length is ", options.context_length,
                     "; it must be 0 or at least ", kMinContext));
  }
  if (options.context_length > model_context) {
    return absl::OutOfRangeError(
        absl::StrCat("context_length is ", options.context_length,
                     "; the model was made for ", model_context));
  }
  if (options.max_step_tokens > 0 &&
      options.max_concurrency > options.max_step_tokens) {
    return absl::InvalidArgumentError(
        absl::StrCat("max_concurrency ", options.max_concurrency,
                     " is more than max_step_tokens ", options.max_step_tokens,
                     "; each request needs one token of a step"));
  }
  if (model_context < kMinContext) {
    return absl::FailedPreconditionError(
        absl::StrCat("the model's context is ", model_context, " tokens"));
  }
  return OkStatus();
}

EngineConfig ChooseShape(const EngineOptions& options, int32_t model_context) {
  EngineConfig config;
  config.page_tokens = kPageTokens;
  config.context_length = options.context_length > 0
                              ? options.context_length
                              : std::min(model_context, kDefaultContext);
  config.max_concurrency = options.max_concurrency;
  if (config.max_concurrency == 0) {
    config.max_concurrency =
        options.max_step_tokens > 0
            ? std::min(kDefaultConcurrency, options.max_step_tokens)
            : kDefaultConcurrency;
  }
  config.max_step_tokens =
      options.max_step_tokens > 0
          ? options.max_step_tokens
          : std::max(config.max_concurrency, UsefulStepTokens(config));
  config.max_queue = options.max_queue > 0 ? options.max_queue : kDefaultQueue;
  config.kv_type = options.kv_type;
  return config;
}

StatusOr<EngineConfig> ChooseCache(const EngineOptions& options,
                                   const MemorySituation& situation,
                                   EngineConfig config) {
  const uint64_t per_page = std::max<uint64_t>(1, situation.kv_per_page);
  const bool given = options.kv_cache_bytes > 0;
  const uint64_t limit = given ? options.kv_cache_bytes : situation.available;
  const uint64_t most_pages =
      std::min<uint64_t>(limit / per_page, kMaxCacheTokens / kPageTokens);
  uint64_t context_pages = static_cast<uint64_t>(
      cache::PagesFor(config.context_length, kPageTokens) +
      situation.extra_pages);
  std::string why = options.context_length > 0 ? "as set"
                    : config.context_length < situation.model_context
                        ? "the most that is chosen"
                        : "the model's";
  if (most_pages == 0 ||
      (most_pages < context_pages && options.context_length > 0 && !given)) {
    return TooSmall(config.context_length, context_pages * per_page, limit);
  }
  if (most_pages < context_pages && options.context_length > 0) {
    // Both are the host's word: Submit refuses what does not fit.
    why = "as set, more than the cache holds";
    context_pages = most_pages;
  } else if (most_pages < context_pages) {
    config.context_length = static_cast<int32_t>(most_pages) * kPageTokens;
    context_pages = most_pages;
    why = absl::StrCat("the model's ", situation.model_context,
                       " cut to the cache");
  }
  uint64_t pages = most_pages;
  std::string cache_why = "as set";
  if (!given) {
    // One context, which all requests share; where the host says how many it
    // runs at once, one for each, within reason.
    const uint64_t reason = std::max<uint64_t>(
        context_pages,
        std::min<uint64_t>(most_pages / 2, kDefaultContext / kPageTokens));
    const int32_t least = situation.encoder ? kDefaultEncoderContexts : 1;
    const uint64_t wanted =
        static_cast<uint64_t>(std::max(least, options.max_concurrency)) *
        context_pages;
    pages = std::min(wanted, reason);
    cache_why = absl::StrCat("of ", Mib(situation.available), " free");
  }
  config.page_count = static_cast<int32_t>(pages);
  config.kv_cache_bytes = pages * per_page;
  config.kv_type = situation.kv_type;
  config.swap_pages = static_cast<int32_t>(std::min<uint64_t>(
      options.swap_bytes / per_page, kMaxCacheTokens / kPageTokens));
  config.swap_bytes = static_cast<uint64_t>(config.swap_pages) * per_page;
  config.explanation = absl::StrCat(
      "context ", config.context_length, " tokens (", why, "); cache ",
      Mib(config.kv_cache_bytes), ", ", pages, " pages of ", kPageTokens,
      " tokens (", cache_why, "); ", config.max_concurrency, " requests and ",
      config.max_step_tokens, " tokens in a step");
  if (config.swap_pages > 0) {
    absl::StrAppend(&config.explanation, "; swap ", config.swap_pages,
                    " pages");
  }
  return config;
}

backend::ExecutorOptions ExecutorOptionsFor(const EngineConfig& config) {
  backend::ExecutorOptions options;
  options.max_rows = config.max_step_tokens;
  options.max_logits_rows = std::max(
      config.max_concurrency, std::min(kScoreRows, config.max_step_tokens));
  options.page_tokens = config.page_tokens;
  options.page_count = config.page_count;
  options.kv_type = config.kv_type;
  return options;
}

}  // namespace inlay::engine
