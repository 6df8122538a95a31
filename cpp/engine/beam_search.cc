#include "cpp/engine/beam_search.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

namespace inlay::engine {
namespace {

// One way to go on.
struct Continuation {
  size_t parent = 0;
  int32_t token = -1;
  float logprob = 0;
  double sum = 0;  // of the whole sequence
};

// What one beam owns; moved from beam to beam.
struct BeamState {
  std::vector<int32_t> tokens;
  cache::PageTable table;
  int32_t cached = 0;
  std::optional<TextStream> text;
  Withheld output;
  double sum = 0;
};

class Search {
 public:
  Search(Book& book, ChoiceGroup& group)
      : book_(book),
        group_(group),
        width_(static_cast<size_t>(group.choices.beam_width)) {}
  ~Search() {
    for (BeamState& state : next_) book_.pages().Release(state.table);
  }

  // True if the search is over.
  bool Advance() {
    Rank();
    Select();
    if (Over()) return true;
    Branch();
    return !Continue();
  }

 private:
  const LiveRequest& Parent(const Continuation& way) const {
    return *group_.members[way.parent];
  }
  double Score(double sum, size_t generated) const {
    return sum / std::pow(static_cast<double>(generated),
                          static_cast<double>(group_.choices.length_penalty));
  }

  // The best continuations of all beams, the best first.
  void Rank() {
    for (size_t i = 0; i < group_.members.size(); ++i) {
      const LiveRequest* member = group_.members[i];
      if (member == nullptr) continue;
      for (const sampling::TokenLogprob& way : group_.candidates[i]) {
        ways_.push_back(
            {i, way.token, way.logprob,
             member->sum_logprob + static_cast<double>(way.logprob)});
      }
    }
    std::stable_sort(ways_.begin(), ways_.end(),
                     [](const Continuation& a, const Continuation& b) {
                       return a.sum > b.sum;
                     });
    const LiveRequest& first = Parent(ways_.front());
    length_ = static_cast<size_t>(first.generated_count()) + 1;
    const size_t keep = static_cast<size_t>(
        BeamCandidates(group_.choices.beam_width, first.end_ids.size()));
    if (ways_.size() > keep) ways_.resize(keep);
  }

  void Select() {
    for (size_t rank = 0; rank < ways_.size(); ++rank) {
      const Continuation& way = ways_[rank];
      const LiveRequest& beam = Parent(way);
      if (!beam.EndsWith(way.token)) {
        if (chosen_.size() < width_) chosen_.push_back(way);
      } else if (rank < width_) {
        // Ranked lower, it would not have been a beam either. The end id is
        // not part of the answer, but counts in its length.
        Keep(beam, FinishReason::kStop, Score(way.sum, length_));
      }
    }
  }

  void Keep(const LiveRequest& beam, FinishReason reason, double score) {
    std::vector<Answer>& answers = group_.answers;
    const auto worst = std::min_element(
        answers.begin(), answers.end(),
        [](const Answer& a, const Answer& b) { return a.score < b.score; });
    if (answers.size() >= width_) {
      if (worst->score >= score) return;
      answers.erase(worst);
    }
    Answer answer;
    answer.output = *beam.withheld;
    answer.reason = reason;
    answer.score = score;
    answer.usage = beam.usage;
    answer.usage.generated_tokens = beam.generated_count();
    answers.push_back(std::move(answer));
  }

  bool Over() const {
    if (chosen_.empty()) return true;
    if (group_.answers.size() < width_) return false;
    double worst = group_.answers.front().score;
    for (const Answer& answer : group_.answers) {
      worst = std::min(worst, answer.score);
    }
    return worst >= Score(ways_.front().sum, length_);
  }

  // The chosen continuations become states. A parent's last child takes its
  // text and table; the others copy them and share its pages. The tokens stay
  // with the parent: if memory ends before all beams have gone on, its usage is
  // still counted by them.
  void Branch() {
    std::vector<size_t> left(group_.members.size(), 0);
    for (const Continuation& way : chosen_) ++left[way.parent];
    next_.reserve(chosen_.size());
    for (const Continuation& way : chosen_) {
      LiveRequest& from = *group_.members[way.parent];
      // What is in swap would go to one child only.
      if (!from.swap_slots.empty()) book_.Preempt(from);
      book_.Admit(from);
      BeamState& state = next_.emplace_back();
      state.cached = from.cached;
      state.sum = way.sum;
      state.tokens.reserve(from.tokens.size() + 1);
      state.tokens = from.tokens;
      if (--left[way.parent] > 0) {
        state.text = from.text;
        state.output = *from.withheld;
        book_.pages().Fork(from.table, state.table);
      } else {
        state.text = std::move(from.text);
        state.output = std::move(*from.withheld);
        state.table = std::move(from.table);
      }
    }
  }

  // Puts the states into the first members. False if no beam is left.
  bool Continue() {
    bool any = false;
    for (size_t i = 0; i < group_.members.size(); ++i) {
      group_.candidates[i].clear();
      LiveRequest* beam = group_.members[i];
      if (beam == nullptr) continue;
      beam->held = true;
      // What it was is given up, also where that waits in swap.
      book_.swap().Return(&beam->swap_slots);
      if (i < next_.size() && GoOn(*beam, next_[i], chosen_[i])) {
        beam->held = false;
        any = true;
      } else {
        book_.pages().Release(beam->table);
        beam->cached = 0;
      }
    }
    return any;
  }

  // False if the beam ends with this token.
  bool GoOn(LiveRequest& beam, BeamState& state, const Continuation& way) {
    book_.Admit(beam);
    book_.pages().Release(beam.table);
    beam.tokens = std::move(state.tokens);
    beam.table = std::move(state.table);
    beam.cached = state.cached;
    beam.text = std::move(state.text);
    beam.withheld = std::move(state.output);
    beam.sum_logprob = state.sum;
    std::string text;
    const FinishReason reason = beam.Append(way.token, &text);
    Withhold({.token = way.token, .logprob = way.logprob}, text,
             beam.report_logprobs, &*beam.withheld);
    ++book_.counters().generated_tokens;
    if (reason == FinishReason::kNone) return true;
    if (reason != FinishReason::kStop) beam.text->Finish(&beam.withheld->text);
    Keep(beam, reason, Score(beam.sum_logprob, length_));
    return false;
  }

  Book& book_;
  ChoiceGroup& group_;
  const size_t width_;
  size_t length_ = 0;  // generated tokens after this step
  std::vector<Continuation> ways_;
  std::vector<Continuation> chosen_;
  std::vector<BeamState> next_;  // of chosen_
};

bool AllWait(const ChoiceGroup& group) {
  bool any = false;
  for (size_t i = 0; i < group.members.size(); ++i) {
    const LiveRequest* member = group.members[i];
    if (member != nullptr && !member->held) return false;
    any = any || !group.candidates[i].empty();
  }
  return any;
}

}  // namespace

int32_t BeamCandidates(int32_t beam_width, size_t end_id_count) {
  return beam_width * std::max(2, 1 + static_cast<int32_t>(end_id_count));
}

void HoldBeam(LiveRequest& request, const sampling::SampleOutput& sample) {
  request.group->candidates[static_cast<size_t>(request.choice)] = sample.top;
  request.held = true;
}

void AdvanceBeams(Book& book, uint64_t group_id) noexcept {
  ChoiceGroup* group = book.FindGroup(group_id);
  if (group == nullptr || !group->beams() || !AllWait(*group)) return;
  bool over = true;
  Status failure;
  try {
    over = Search(book, *group).Advance();
  } catch (...) {
    failure = Status(absl::StatusCode::kResourceExhausted, "");
  }
  if (!over && failure.ok()) return;
  int32_t left = group->live;  // the group goes with its last member
  for (size_t i = 0; left > 0; ++i) {
    LiveRequest* member = group->members[i];
    if (member == nullptr) continue;
    --left;
    if (!failure.ok()) {
      book.Fail(*member, failure);
      return;  // its siblings went with it
    }
    book.End(*member, FinishReason::kStop);
  }
}

}  // namespace inlay::engine
