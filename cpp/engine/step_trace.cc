#include "cpp/engine/step_trace.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp/engine/number_text.h"

namespace inlay::engine {

std::string_view StepPartName(StepPart part) {
  constexpr std::array<std::string_view, kStepParts> kNames = {
      "plan", "reserve", "transfer", "compute", "sample", "commit", "publish"};
  return kNames[static_cast<size_t>(part)];
}

int64_t StepRecord::total_ns() const {
  return std::accumulate(part_ns.begin(), part_ns.end(), int64_t{0});
}

void StepTrace::Start(int32_t max_steps) {
  steps_.clear();
  steps_.reserve(static_cast<size_t>(max_steps));
  recording_ = started_ = true;
}

bool StepTrace::Stop(std::vector<StepRecord>* steps) noexcept {
  recording_ = false;
  steps->swap(steps_);
  steps_ = std::vector<StepRecord>();
  return std::exchange(started_, false);
}

void StepTrace::Begin() {
  record_ = StepRecord();
  record_.begin_ns = last_ns_ = clock_->NowNs();
}

void StepTrace::Mark(StepPart part) {
  const int64_t now = clock_->NowNs();
  record_.part_ns[static_cast<size_t>(part)] += now - last_ns_;
  last_ns_ = now;
}

void StepTrace::Split(StepPart from, StepPart to, int64_t ns) {
  int64_t& source = record_.part_ns[static_cast<size_t>(from)];
  ns = std::clamp<int64_t>(ns, 0, source);
  source -= ns;
  record_.part_ns[static_cast<size_t>(to)] += ns;
}

void StepTrace::End() noexcept {
  if (!recording_) return;
  if (steps_.size() < steps_.capacity()) steps_.push_back(record_);
}

namespace {

// A "complete" event but for its end.
void AppendSlice(std::string_view name, double at, double length,
                 std::string* out) {
  absl::StrAppend(out, ",\n{\"name\":\"", name,
                  "\",\"ph\":\"X\",\"pid\":1,\"tid\":1,\"ts\":",
                  FixedText(at, 3), ",\"dur\":", FixedText(length, 3));
}

}  // namespace

// The "complete" and "counter" events of the Trace Event Format, times in
// microseconds from the first step.
std::string FormatTrace(const std::vector<StepRecord>& steps) {
  std::string out = "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[";
  out +=
      "{\"name\":\"process_name\",\"ph\":\"M\",\"pid\":1,\"tid\":1,"
      "\"args\":{\"name\":\"inlay engine\"}}";
  const int64_t origin = steps.empty() ? 0 : steps.front().begin_ns;
  for (size_t i = 0; i < steps.size(); ++i) {
    const StepRecord& step = steps[i];
    double at = static_cast<double>(step.begin_ns - origin) / 1e3;
    AppendSlice("step", at, static_cast<double>(step.total_ns()) / 1e3, &out);
    absl::StrAppend(&out, ",\"args\":{\"step\":", i,
                    ",\"requests\":", step.requests, ",\"rows\":", step.rows,
                    ",\"decodes\":", step.decodes,
                    ",\"waiting\":", step.waiting,
                    ",\"pages_used\":", step.pages_used, "}}");
    absl::StrAppend(&out,
                    ",\n{\"name\":\"requests\",\"ph\":\"C\",\"pid\":1,"
                    "\"ts\":",
                    FixedText(at, 3), ",\"args\":{\"running\":", step.requests,
                    ",\"waiting\":", step.waiting, "}}");
    for (size_t part = 0; part < kStepParts; ++part) {
      const double length = static_cast<double>(step.part_ns[part]) / 1e3;
      if (step.part_ns[part] == 0) continue;
      AppendSlice(StepPartName(static_cast<StepPart>(part)), at, length, &out);
      out += '}';
      at += length;
    }
  }
  out += "]}\n";
  return out;
}

}  // namespace inlay::engine
