#include "cpp/engine/tenants.h"

#include "absl/strings/str_cat.h"

namespace inlay::engine {

Tenants::Tenants() {
  const auto name = by_name_.emplace("", 0).first;
  entries_.push_back({.name = name, .weighted = true});
  views_.push_back({.id = next_id_++});
}

StatusOr<int32_t> Tenants::FindOrAdd(const std::string& name) {
  if (const auto found = by_name_.find(name); found != by_name_.end()) {
    return found->second;
  }
  if (by_name_.size() >= kMaxTenants) {
    return absl::ResourceExhaustedError(
        absl::StrCat("there are ", kMaxTenants, " tenants already"));
  }
  // Room first, so that what changes below cannot fail halfway.
  const size_t wanted = entries_.size() + 1;
  if (wanted > entries_.capacity()) entries_.reserve(2 * wanted);
  if (wanted > views_.capacity()) views_.reserve(2 * wanted);
  if (wanted > vacant_.capacity()) vacant_.reserve(2 * wanted);
  int32_t index = static_cast<int32_t>(entries_.size());
  if (!vacant_.empty()) index = vacant_.back();
  const auto place = by_name_.emplace(name, index).first;
  if (static_cast<size_t>(index) == entries_.size()) {
    entries_.emplace_back();
    views_.emplace_back();
  } else {
    vacant_.pop_back();
  }
  entries_[static_cast<size_t>(index)] = {.name = place};
  views_[static_cast<size_t>(index)] = {.id = next_id_++};
  return index;
}

StatusOr<int32_t> Tenants::Enter(const std::string& name) {
  INLAY_ASSIGN_OR_RETURN(const int32_t index, FindOrAdd(name));
  ++entries_[static_cast<size_t>(index)].requests;
  return index;
}

void Tenants::Leave(int32_t index) noexcept {
  --entries_[static_cast<size_t>(index)].requests;
  ForgetIfUnused(index);
}

void Tenants::ForgetIfUnused(int32_t index) noexcept {
  Entry& entry = entries_[static_cast<size_t>(index)];
  if (entry.requests > 0 || entry.weighted) return;
  by_name_.erase(entry.name);
  vacant_.push_back(index);  // room was made when it came
}

Status Tenants::SetWeight(const std::string& name, double weight) {
  if (!(weight > 0 && weight <= kMaxTenantWeight)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "a tenant's weight is ", weight, "; it must be in (0, 1e6]"));
  }
  INLAY_ASSIGN_OR_RETURN(const int32_t index, FindOrAdd(name));
  views_[static_cast<size_t>(index)].weight = weight;
  // A weight of 1 is what an unknown tenant has.
  entries_[static_cast<size_t>(index)].weighted = index == 0 || weight != 1;
  ForgetIfUnused(index);
  return OkStatus();
}

}  // namespace inlay::engine
