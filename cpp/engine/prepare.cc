#include "cpp/engine/prepare.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp/engine/beam_search.h"
#include "cpp/engine/choice_group.h"
#include "cpp/engine/prepare_parts.h"
#include "cpp/text/utf8.h"

namespace inlay::engine {
namespace {

Status CheckStops(const RequestLimits& limits, const Request& request) {
  if (request.stop_strings.size() > kMaxStopStrings) {
    return absl::InvalidArgumentError(absl::StrCat(request.stop_strings.size(),
                                                   " stop strings; at most ",
                                                   kMaxStopStrings));
  }
  if (request.stop_tokens.size() > kMaxStopTokens) {
    return absl::InvalidArgumentError(absl::StrCat(
        request.stop_tokens.size(), " stop tokens; at most ", kMaxStopTokens));
  }
  for (size_t i = 0; i < request.stop_strings.size(); ++i) {
    const std::string& stop = request.stop_strings[i];
    if (stop.empty() || stop.size() > kMaxStopBytes) {
      return absl::InvalidArgumentError(
          absl::StrCat("stop string ", i, " has ", stop.size(),
                       " bytes; it must have 1 to ", kMaxStopBytes));
    }
    if (const size_t bad = text::FindInvalidUtf8(stop);
        bad != std::string_view::npos) {
      return absl::InvalidArgumentError(
          absl::StrCat("stop string ", i, " is not UTF-8 at byte ", bad));
    }
  }
  for (int32_t id : request.stop_tokens) {
    INLAY_RETURN_IF_ERROR(CheckId(id, limits.vocabulary_size, "stop token"));
  }
  if (!request.stop_strings.empty() && limits.tokenizer == nullptr) {
    return absl::FailedPreconditionError(
        "stop strings need a vocabulary, and this model has none");
  }
  return OkStatus();
}

Status CheckBeams(const RequestLimits& limits, const Request& request) {
  const Choices& choices = request.choices;
  if (choices.beam_width > limits.max_concurrency) {
    return absl::OutOfRangeError(
        absl::StrCat("beam_width is ", choices.beam_width, "; a step takes ",
                     limits.max_concurrency, " sequences"));
  }
  if (choices.best_of > 0) {
    return absl::InvalidArgumentError("best_of and beam_width exclude another");
  }
  if (choices.beam_width < choices.count) {
    return absl::InvalidArgumentError(
        absl::StrCat("beam_width ", choices.beam_width, " gives no ",
                     choices.count, " answers"));
  }
  sampling::SamplingParams plain;
  plain.logprobs = std::min(request.sampling.logprobs, 0);
  plain.seed = request.sampling.seed;
  if (request.sampling != plain) {
    return absl::InvalidArgumentError(
        "beam search takes no sampling parameters, and no top logprobs");
  }
  return OkStatus();
}

Status CheckChoices(const RequestLimits& limits, const Request& request) {
  const Choices& choices = request.choices;
  const auto in_range = [](int32_t value, int32_t least) {
    return value >= least && value <= kMaxChoices;
  };
  if (!in_range(choices.count, 1) || !in_range(choices.best_of, 0) ||
      !in_range(choices.beam_width, 0)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "choices ", choices.count, ", best_of ", choices.best_of,
        " and beam_width ", choices.beam_width, " must be at most ",
        kMaxChoices, ", and choices at least 1"));
  }
  if (choices.best_of > 0 && choices.best_of < choices.count) {
    return absl::InvalidArgumentError(absl::StrCat(
        "best_of ", choices.best_of, " gives no ", choices.count, " answers"));
  }
  if (!std::isfinite(choices.length_penalty)) {
    return absl::InvalidArgumentError("length_penalty is not finite");
  }
  if (request.session != nullptr &&
      std::max({choices.count, choices.best_of, choices.beam_width}) > 1) {
    return absl::InvalidArgumentError("a session takes one choice");
  }
  return choices.beam_width > 1 ? CheckBeams(limits, request) : OkStatus();
}

Status CheckNumbers(const RequestLimits& limits, const Request& request) {
  if (request.max_tokens < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("max_tokens is ", request.max_tokens));
  }
  if (request.deadline_ns < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("deadline is ", request.deadline_ns, " ns"));
  }
  if (request.priority < -kMaxPriority || request.priority > kMaxPriority) {
    return absl::InvalidArgumentError(absl::StrCat(
        "priority is ", request.priority, "; it must be in [-100, 100]"));
  }
  INLAY_RETURN_IF_ERROR(CheckName(request.tenant, "tenant"));
  INLAY_RETURN_IF_ERROR(CheckName(request.cache_domain, "cache_domain"));
  INLAY_RETURN_IF_ERROR(CheckChoices(limits, request));
  return sampling::Validate(request.sampling, limits.vocabulary_size);
}

StatusOr<std::vector<int32_t>> PromptTokens(
    const RequestLimits& limits, const Request& request,
    const std::vector<int32_t>& before) {
  std::vector<int32_t> tokens = before;
  for (size_t i = 0; i < request.parts.size(); ++i) {
    const PromptPart& part = request.parts[i];
    if (part.kind == PromptPart::Kind::kTokens) {
      for (int32_t id : part.tokens) {
        INLAY_RETURN_IF_ERROR(
            CheckId(id, limits.vocabulary_size, "prompt token"));
      }
      tokens.insert(tokens.end(), part.tokens.begin(), part.tokens.end());
    } else {
      INLAY_RETURN_IF_ERROR(AppendText(limits, part, &tokens));
    }
  }
  // A chat template may have written BOS already; EOS would end the sequence
  // that the model is to continue, so it is never added.
  const text::Tokenizer* tokenizer = limits.tokenizer;
  if (before.empty() && request.add_special && tokenizer != nullptr &&
      tokenizer->adds_bos() && tokenizer->bos() >= 0 &&
      (tokens.empty() || tokens[0] != tokenizer->bos())) {
    INLAY_RETURN_IF_ERROR(
        CheckId(tokenizer->bos(), limits.vocabulary_size, "BOS"));
    tokens.insert(tokens.begin(), tokenizer->bos());
  }
  if (tokens.empty()) {
    return absl::InvalidArgumentError(
        "the prompt is empty, and the model has no token to begin with");
  }
  // At least one place is left for an answer.
  if (tokens.size() >= static_cast<size_t>(limits.context_length)) {
    return absl::OutOfRangeError(absl::StrCat(
        "the prompt has ", tokens.size(), " tokens; the context holds ",
        limits.context_length, ", of which one is for the answer"));
  }
  return tokens;
}

// What the request may come to, and whether the cache can hold it by itself.
Status CheckPages(const RequestLimits& limits, const LiveRequest& live) {
  const int64_t places = int64_t{limits.page_count} * limits.page_tokens;
  const int64_t least =
      int64_t{live.known()} + (live.max_generated == LiveRequest::kNoLimit
                                   ? 1
                                   : int64_t{live.max_generated});
  const int64_t most = std::min<int64_t>(least, live.context_length);
  if (most <= places) return OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat(
      "the request needs ",
      cache::PagesFor(static_cast<int32_t>(most), limits.page_tokens),
      " pages of the cache, for prompt and answer; it has ",
      limits.page_count));
}

std::vector<int32_t> EndIds(const RequestLimits& limits,
                            const Request& request) {
  std::vector<int32_t> ids = request.stop_tokens;
  if (!request.ignore_end && limits.tokenizer != nullptr) {
    const auto end_ids = limits.tokenizer->end_ids();
    ids.insert(ids.end(), end_ids.begin(), end_ids.end());
  }
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

}  // namespace

Status CheckId(int32_t id, int32_t vocabulary_size, std::string_view what) {
  if (id >= 0 && id < vocabulary_size) return OkStatus();
  return absl::OutOfRangeError(absl::StrCat(what, " ", id, " is not in [0, ",
                                            vocabulary_size,
                                            "), the model's vocabulary"));
}

Status AppendText(const RequestLimits& limits, const PromptPart& part,
                  std::vector<int32_t>* tokens) {
  if (limits.tokenizer == nullptr) {
    return absl::FailedPreconditionError(
        absl::StrCat("this model takes token ids only: ",
                     limits.tokenizer_status.message()));
  }
  // Parts join into one sequence, so special tokens are not each part's own.
  const text::EncodeOptions options{.add_special = false,
                                    .parse_special = part.parse_special};
  INLAY_ASSIGN_OR_RETURN(std::vector<int32_t> ids,
                         limits.tokenizer->Encode(part.text, options));
  for (int32_t id : ids) {
    INLAY_RETURN_IF_ERROR(
        CheckId(id, limits.vocabulary_size, "the text has token"));
  }
  tokens->insert(tokens->end(), ids.begin(), ids.end());
  return OkStatus();
}

Status CheckName(const std::string& name, std::string_view what) {
  if (name.size() > kMaxNameBytes) {
    return absl::InvalidArgumentError(absl::StrCat(
        what, " has ", name.size(), " bytes; at most ", kMaxNameBytes));
  }
  if (const size_t bad = text::FindInvalidUtf8(name);
      bad != std::string_view::npos) {
    return absl::InvalidArgumentError(
        absl::StrCat(what, " is not UTF-8 at byte ", bad));
  }
  return OkStatus();
}

StatusOr<std::unique_ptr<LiveRequest>> PrepareRequest(
    const RequestLimits& limits, Request request,
    const std::vector<int32_t>& before) {
  INLAY_RETURN_IF_ERROR(CheckNumbers(limits, request));
  INLAY_RETURN_IF_ERROR(CheckStops(limits, request));
  auto live = std::make_unique<LiveRequest>();
  live->context_length = limits.context_length;
  if (limits.encoder_length > 0) {
    INLAY_RETURN_IF_ERROR(FillTwoParts(limits, request, live.get()));
  } else if (!request.decoder_tokens.empty()) {
    return absl::InvalidArgumentError(
        "tokens for a decoder beside its prompt, and the model has no encoder");
  } else {
    INLAY_ASSIGN_OR_RETURN(live->tokens, PromptTokens(limits, request, before));
  }
  live->user_data = request.user_data;
  live->sink = request.sink;
  live->prompt_count = live->known();
  live->usage.prompt_tokens = live->given(live->prompt_count);
  live->max_generated =
      request.max_tokens > 0 ? request.max_tokens : LiveRequest::kNoLimit;
  live->end_ids = EndIds(limits, request);
  live->deadline_ns = request.deadline_ns > 0 ? request.deadline_ns : kNever;
  const bool only_bos = live->encoder_count > 0
                            ? request.decoder_tokens.empty()
                            : limits.tokenizer != nullptr &&
                                  live->prompt_count == 1 &&
                                  live->tokens[0] == limits.tokenizer->bos();
  live->text.emplace(limits.tokenizer, /*continues=*/!only_bos,
                     request.report_special, std::move(request.stop_strings));
  live->priority = request.priority;
  live->prompt_logprobs = request.prompt_logprobs;
  live->report_logprobs = request.sampling.logprobs >= 0;
  live->params = std::move(request.sampling);
  live->params.end_ids = live->end_ids;
  INLAY_RETURN_IF_ERROR(CheckPages(limits, *live));
  // Without max_tokens an answer may fill the cache.
  const int64_t places = int64_t{limits.page_count} * limits.page_tokens;
  live->context_length =
      static_cast<int32_t>(std::min<int64_t>(live->context_length, places));
  return live;
}

std::vector<std::unique_ptr<LiveRequest>> PrepareChoices(
    const LiveRequest& first, int32_t vocabulary_size, ChoiceGroup* group) {
  std::vector<std::unique_ptr<LiveRequest>> members;
  const int32_t size = group->size();
  for (int32_t i = 0; i < size; ++i) {
    auto member = std::make_unique<LiveRequest>();
    member->request_id = group->id;
    member->user_data = first.user_data;
    member->choice = i;
    member->group = group;
    member->params = first.params;
    member->params.seed = first.params.seed + static_cast<uint64_t>(i);
    // Answers are ordered by what they are likely.
    member->params.logprobs = std::max(first.params.logprobs, 0);
    member->report_logprobs = first.report_logprobs;
    member->prompt_logprobs = first.prompt_logprobs && i == 0;
    member->prompt_count = first.prompt_count;
    member->encoder_count = first.encoder_count;
    member->encoder_places = first.encoder_places;
    member->max_generated = first.max_generated;
    member->context_length = first.context_length;
    member->end_ids = first.end_ids;
    member->sink = first.sink;
    member->deadline_ns = first.deadline_ns;
    member->priority = first.priority;
    member->tenant = first.tenant;
    member->domain = first.domain;
    member->shares = first.shares;
    member->tokens = first.tokens;
    member->text = first.text;
    member->usage = first.usage;
    if (group->withholds()) member->withheld.emplace();
    members.push_back(std::move(member));
  }
  group->members.reserve(members.size());
  group->member_ids.reserve(members.size());
  group->answers.reserve(members.size() + 1);
  if (!group->beams()) return members;
  group->candidates.resize(members.size());
  for (const auto& member : members) {
    // The first computes the prompt; then there is something to choose from.
    member->held = member->choice > 0;
    member->params.logprobs = std::min(
        vocabulary_size,
        BeamCandidates(group->choices.beam_width, first.end_ids.size()));
  }
  return members;
}

}  // namespace inlay::engine
