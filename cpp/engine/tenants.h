// Who shares an engine: names and weights of the callers' tenants.
#ifndef INLAY_ENGINE_TENANTS_H_
#define INLAY_ENGINE_TENANTS_H_

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "cpp/base/status.h"
#include "cpp/scheduler/policy.h"

namespace inlay::engine {

// Tenant 0 has no name and is for requests that name none. A tenant exists
// while it has requests or a weight of its own. One thread at a time.
class Tenants {
 public:
  Tenants();

  // The index of a tenant for one more live request, which Leave gives back.
  // kResourceExhausted beyond kMaxTenants.
  StatusOr<int32_t> Enter(const std::string& name);
  void Leave(int32_t index) noexcept;
  // kInvalidArgument: not in (0, 1e6].
  Status SetWeight(const std::string& name, double weight);
  std::span<const scheduler::TenantView> views() const { return views_; }

 private:
  struct Entry {
    std::map<std::string, int32_t>::iterator name;
    int64_t requests = 0;
    bool weighted = false;
  };
  StatusOr<int32_t> FindOrAdd(const std::string& name);
  void ForgetIfUnused(int32_t index) noexcept;

  std::map<std::string, int32_t> by_name_;
  std::vector<Entry> entries_;
  std::vector<scheduler::TenantView> views_;  // of entries_
  std::vector<int32_t> vacant_;
  uint64_t next_id_ = 0;
};

inline constexpr size_t kMaxTenants = 65536;
inline constexpr double kMaxTenantWeight = 1e6;

}  // namespace inlay::engine

#endif  // INLAY_ENGINE_TENANTS_H_
