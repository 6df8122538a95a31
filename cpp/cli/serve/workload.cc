#include "cpp/cli/serve/workload.h"

#include <algorithm>
#include <cmath>

namespace inlay::cli {
namespace {

// Each kind of draw has its own stream, so that changing one option leaves
// the draws of the others as they were.
enum Stream : uint64_t {
  kArrivals = 1,
  kPrompts,
  kOutputs,
  kRows,
  kPriorities,
  kTenants,
  kCancels,
  kSharedTokens,
  kOwnTokens = 1 << 16  // and the requests' after it
};

constexpr size_t kMostRequests = 10'000'000;

int64_t ToNs(double seconds) {
  return static_cast<int64_t>(std::llround(seconds * 1e9));
}

int32_t PickPriority(const std::vector<PriorityShare>& shares, double total,
                     Random& random) {
  if (shares.empty()) return 0;
  double left = random.Uniform() * total;
  for (const PriorityShare& share : shares) {
    left -= share.share;
    if (left < 0) return share.priority;
  }
  return shares.back().priority;
}

std::vector<int64_t> DrawArrivals(const WorkloadSpec& spec) {
  std::vector<int64_t> times;
  const size_t most =
      spec.requests > 0 ? static_cast<size_t>(spec.requests) : kMostRequests;
  if (spec.rate <= 0) return std::vector<int64_t>(most, 0);
  Random random(spec.seed, kArrivals);
  double seconds = 0;
  while (times.size() < most) {
    seconds += random.Exponential() / spec.rate;
    if (spec.duration_s > 0 && seconds > spec.duration_s) break;
    times.push_back(ToNs(seconds));
  }
  return times;
}

int32_t TenantNamed(const std::string& name, std::vector<Tenant>* tenants) {
  if (name.empty()) return -1;
  for (size_t i = 0; i < tenants->size(); ++i) {
    if ((*tenants)[i].name == name) return static_cast<int32_t>(i);
  }
  tenants->push_back({name, 1});
  return static_cast<int32_t>(tenants->size()) - 1;
}

std::vector<PlannedRequest> Replayed(WorkloadSpec* spec) {
  std::vector<PlannedRequest> out;
  for (const ReplayRow& row : spec->replay) {
    PlannedRequest request;
    request.arrival_ns = ToNs(row.arrival_seconds);
    request.prompt_tokens = row.length.prompt_tokens;
    request.output_tokens = row.length.output_tokens;
    request.priority = row.priority;
    request.tenant = TenantNamed(row.tenant, &spec->tenants);
    out.push_back(request);
  }
  return out;
}

std::vector<PlannedRequest> Drawn(const WorkloadSpec& spec) {
  Random prompts(spec.seed, spec.prompt.FromRows() ? kRows : kPrompts);
  Random outputs(spec.seed, spec.output.FromRows() ? kRows : kOutputs);
  Random priorities(spec.seed, kPriorities);
  Random tenants(spec.seed, kTenants);
  double shares = 0;
  for (const PriorityShare& share : spec.priorities) shares += share.share;
  std::vector<PlannedRequest> out;
  for (const int64_t arrival : DrawArrivals(spec)) {
    PlannedRequest request;
    request.arrival_ns = arrival;
    request.prompt_tokens = spec.prompt.Draw(prompts);
    request.output_tokens = spec.output.Draw(outputs);
    request.priority = PickPriority(spec.priorities, shares, priorities);
    if (!spec.tenants.empty()) {
      request.tenant = static_cast<int32_t>(tenants.Below(spec.tenants.size()));
    }
    out.push_back(request);
  }
  return out;
}

void AppendTokens(uint64_t seed, uint64_t stream, int32_t count,
                  int32_t vocabulary, std::vector<int32_t>* out) {
  Random random(seed, stream);
  for (int32_t i = 0; i < count; ++i) {
    out->push_back(
        static_cast<int32_t>(random.Below(static_cast<uint64_t>(vocabulary))));
  }
}

}  // namespace

std::vector<PlannedRequest> PlanWorkload(WorkloadSpec* spec) {
  std::vector<PlannedRequest> out =
      spec->replay.empty() ? Drawn(*spec) : Replayed(spec);
  Random cancels(spec->seed, kCancels);
  for (PlannedRequest& request : out) {
    request.prompt_tokens += spec->shared_prefix;
    const bool cancelled = cancels.Uniform() < spec->cancel_fraction;
    const uint64_t after =
        cancels.Below(static_cast<uint64_t>(request.output_tokens));
    if (cancelled) request.cancel_after = static_cast<int32_t>(after);
  }
  return out;
}

std::vector<int32_t> PromptTokens(const WorkloadSpec& spec, size_t index,
                                  const PlannedRequest& request,
                                  int32_t vocabulary) {
  std::vector<int32_t> tokens;
  tokens.reserve(static_cast<size_t>(request.prompt_tokens));
  AppendTokens(spec.seed, kSharedTokens, spec.shared_prefix, vocabulary,
               &tokens);
  AppendTokens(spec.seed, kOwnTokens + index,
               request.prompt_tokens - spec.shared_prefix, vocabulary, &tokens);
  return tokens;
}

}  // namespace inlay::cli
