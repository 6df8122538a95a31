// The part of a step that takes over its results and reports them.
#include <algorithm>
#include <new>
#include <utility>

#include "cpp/engine/beam_search.h"
#include "cpp/engine/stepper.h"

namespace inlay::engine {

void Stepper::Commit() {
  trace_.Split(StepPart::kCompute, StepPart::kTransfer, result_.transfer_ns);
  trace_.Split(StepPart::kCompute, StepPart::kSample, result_.sample_ns);
  trace_.record().pages_used = book_->pages().used_count();
  trace_.record().waiting = book_->queued();
  ++book_->counters().steps;
  outcomes_.clear();
  text_.clear();
  if (kind_ == Kind::kScore) return CommitScore();
  if (kind_ == Kind::kEmbed) return CommitEmbeds();
  if (kind_ == Kind::kTransfer) return FinishTransfer(OkStatus());
  for (LiveRequest* const request : encoded_) {
    outcomes_.push_back(CommitEncoder(*request));
    Share(*request, 0);
  }
  for (size_t i = 0; i < plan_.groups.size(); ++i) {
    LiveRequest& request = *planned_[i];
    const int32_t before = request.cached;
    // Room was reserved.
    outcomes_.push_back(CommitGroup(request, plan_.groups[i]));
    Share(request, before);
  }
}

Stepper::Outcome Stepper::CommitEncoder(LiveRequest& request) {
  Outcome outcome;
  outcome.id = request.id;
  request.in_flight = false;
  book_->counters().prompt_tokens +=
      static_cast<uint64_t>(request.encoder_count);
  request.cached = request.encoder_places;
  if (request.cancelled) outcome.reason = FinishReason::kCancelled;
  return outcome;
}

Stepper::Outcome Stepper::CommitGroup(LiveRequest& request,
                                      const scheduler::RowGroup& group) {
  Outcome outcome;
  outcome.id = request.id;
  request.in_flight = false;
  if (request.cached < request.prompt_count) {
    // The rest are generated ones, computed again.
    book_->counters().prompt_tokens += static_cast<uint64_t>(
        std::min(group.row_count, request.prompt_count - request.cached));
  }
  request.cached += group.row_count;
  if (request.cancelled) {
    outcome.reason = FinishReason::kCancelled;
    return outcome;
  }
  if (group.sample_count == 0) return outcome;
  try {
    const size_t last =
        static_cast<size_t>(group.sample_begin + group.sample_count) - 1;
    for (size_t i = static_cast<size_t>(group.sample_begin); i <= last; ++i) {
      if (!result_.sample_status[i].ok()) {
        outcome.status = std::move(result_.sample_status[i]);
        return outcome;
      }
    }
    CommitScores(request, group);
    if (plan_.samples[last].target < 0) {
      CommitToken(request, result_.samples[last], &outcome);
    }
  } catch (const std::bad_alloc&) {
    // Only this request is short of memory for what it says.
    outcome.status = Status(absl::StatusCode::kResourceExhausted, "");
  }
  return outcome;
}

void Stepper::CommitScores(LiveRequest& request,
                           const scheduler::RowGroup& group) {
  for (int32_t i = 0; i < group.sample_count; ++i) {
    const size_t entry = static_cast<size_t>(group.sample_begin + i);
    if (plan_.samples[entry].target < 0) continue;
    const sampling::SampleOutput& sample = result_.samples[entry];
    Withheld& scores = request.prompt_scores;
    scores.logprobs.push_back(sample.logprob);
    scores.top.insert(scores.top.end(), sample.top.begin(), sample.top.end());
    scores.tokens.push_back(plan_.samples[entry].target);
  }
}

void Stepper::CommitToken(LiveRequest& request, sampling::SampleOutput& sample,
                          Outcome* outcome) {
  if (request.generated_count() == 0 && request.usage.first_token_ns == 0) {
    request.usage.first_token_ns = book_->NowNs() - request.submit_ns;
  }
  if (request.group != nullptr && request.group->beams()) {
    HoldBeam(request, sample);
    return;
  }
  if (sample.token < 0 || sample.token >= vocabulary_size_) {
    outcome->status = absl::InternalError("the backend sampled no token");
    return;
  }
  request.sum_logprob += static_cast<double>(sample.logprob);
  ++request.ranked_count;
  if (request.EndsWith(sample.token)) {
    outcome->reason = FinishReason::kStop;
    return;
  }
  outcome->text_begin = text_.size();
  outcome->reason = request.Append(sample.token, &text_);
  outcome->text_end = text_.size();
  outcome->sampled = true;
  outcome->token = sample.token;
  outcome->sample = &sample;
  request.sampler = sample.state;
  ++book_->counters().generated_tokens;
}

// Whole pages as they fill, and what is left once the prompt is complete, so
// that other choices of the request find it.
void Stepper::Share(LiveRequest& request, int32_t cached_before) {
  if (!request.shares) return;
  const int32_t page = limits_.page_tokens;
  const bool filled = request.cached / page != cached_before / page;
  const bool prompt_done = cached_before < request.prompt_count &&
                           request.cached >= request.prompt_count;
  if (filled || prompt_done) book_->Publish(request, prompt_done);
}

void Stepper::Publish() {
  for (Outcome& outcome : outcomes_) PublishOutcome(outcome);
}

void Stepper::PublishOutcome(Outcome& outcome) {
  // It may have gone with another choice of its request.
  LiveRequest* const found = book_->Find(outcome.id);
  if (found == nullptr) return;
  LiveRequest& request = *found;
  try {
    if (!request.dropped) PublishOutput(request, outcome);
  } catch (const std::bad_alloc&) {
    outcome.status = Status(absl::StatusCode::kResourceExhausted, "");
  }
  ChoiceGroup* const group = request.group;
  const uint64_t group_id = group != nullptr ? group->id : 0;
  if (!outcome.status.ok()) {
    book_->Fail(request, std::move(outcome.status));
  } else if (outcome.reason != FinishReason::kNone) {
    book_->End(request, outcome.reason);
  }
  if (group_id != 0) AdvanceBeams(*book_, group_id);
}

void Stepper::PublishOutput(LiveRequest& request, const Outcome& outcome) {
  EventQueue& events = book_->events();
  // A request with several choices reports its beginning once.
  const uint64_t box =
      request.group == nullptr ? request.id : request.group->member_ids.front();
  if (!std::exchange(request.published_start, true) &&
      (request.group == nullptr ||
       !std::exchange(request.group->published_start, true))) {
    events.PublishStarted(box);
  }
  const bool prompt_known = request.cached >= request.prompt_count;
  if (prompt_known && !request.prompt_scores.tokens.empty() &&
      !std::exchange(request.published_prompt, true)) {
    Event prompt;
    prompt.tokens = request.prompt_scores.tokens;
    prompt.logprobs = request.prompt_scores.logprobs;
    prompt.top = request.prompt_scores.top;
    events.PublishPrompt(box, std::move(prompt));
  }
  if (outcome.sampled) {
    const std::string_view text = std::string_view(text_).substr(
        outcome.text_begin, outcome.text_end - outcome.text_begin);
    if (request.withheld.has_value()) {
      Withhold(*outcome.sample, text, request.report_logprobs,
               &*request.withheld);
      return;
    }
    events.PublishDelta(request.id, {.token = outcome.token,
                                     .text = text,
                                     .has_logprobs = request.report_logprobs,
                                     .logprob = outcome.sample->logprob,
                                     .top = &outcome.sample->top});
  } else if (!prompt_known && request.generated_count() == 0 &&
             (request.group == nullptr || request.choice == 0)) {
    // Not when a preempted one computes its prompt again after deltas.
    events.PublishProgress(box, request.given(request.cached),
                           request.given(request.prompt_count));
  }
}

}  // namespace inlay::engine
