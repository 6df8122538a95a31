// What all handles share: a tag, a reference count, the process they belong
// to.
#ifndef INLAY_CAPI_SRC_HANDLE_H_
#define INLAY_CAPI_SRC_HANDLE_H_

#include <atomic>
#include <cstdint>
#include <string_view>

#include "capi/src/outcome.h"
#include "capi/src/records.h"
#include "cpp/base/os_process.h"

namespace inlay::capi {

// Its address tells this copy of the library from another one in the process,
// which has its own request table and threads and may be of another version.
inline constexpr char kThisCopy = 0;

template <typename Kind>
uint64_t LiveTag() noexcept {
  return Kind::kTag ^ reinterpret_cast<uintptr_t>(&kThisCopy);
}

// `Kind` names the handle and tells it from others: kTag, kName.
template <typename Kind>
struct Handle {
  using Traits = Kind;
  std::atomic<uint64_t> tag{LiveTag<Kind>()};
  std::atomic<uint64_t> references{1};
  const int64_t process = CurrentProcess();
};

// Catches NULL, pointers to something else, handles of another copy of the
// library, and most stale pointers. A tag is cheap; it does not make use after
// release defined.
template <typename H>
Outcome CheckLive(const H* handle) noexcept {
  constexpr std::string_view kName = H::Traits::kName;
  if (handle == nullptr) return Outcome::Invalid(kName, "is NULL");
  if (Misaligned(handle) || handle->tag.load(std::memory_order_relaxed) !=
                                LiveTag<typename H::Traits>()) {
    return Outcome::Invalid(kName, "is not a live handle");
  }
  return {};
}

// The same, and refuses a handle of the parent process: its threads and locks
// did not survive fork().
template <typename H>
Outcome CheckHandle(const H* handle) noexcept {
  INLAY_RETURN_IF_BAD(CheckLive(handle));
  if (handle->process != CurrentProcess()) {
    return Outcome::Abi(INLAY_ERR_FORKED, H::Traits::kName,
                        "was created before fork()");
  }
  return {};
}

template <typename H>
Outcome Retain(H* handle) noexcept {
  INLAY_RETURN_IF_BAD(CheckLive(handle));
  handle->references.fetch_add(1, std::memory_order_relaxed);
  return {};
}

// Drops a reference; the last one runs destroy(handle). In a forked child the
// memory is left alone, because destroying would wait for threads that do not
// exist there.
template <typename H, typename Destroy>
void Release(H* handle, Destroy&& destroy) {
  if (!CheckLive(handle).ok()) return;
  if (handle->references.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  handle->tag.store(0, std::memory_order_relaxed);
  if (handle->process == CurrentProcess()) destroy(handle);
}

}  // namespace inlay::capi

#endif  // INLAY_CAPI_SRC_HANDLE_H_
