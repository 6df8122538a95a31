// "Tell me once when you are done with my user_data."
#ifndef INLAY_CAPI_SRC_HOST_RELEASE_H_
#define INLAY_CAPI_SRC_HOST_RELEASE_H_

#include <inlay/inlay.h>

#include <atomic>

namespace inlay::capi {

// Calls the host's release function when it is destroyed, if it was armed: a
// call that fails leaves the ownership with the host.
class HostRelease {
 public:
  HostRelease(inlay_release_fn release, void* user_data)
      : release_(release), user_data_(user_data) {}
  ~HostRelease() {
    if (armed_.load() && release_ != nullptr) release_(user_data_);
  }
  HostRelease(const HostRelease&) = delete;
  HostRelease& operator=(const HostRelease&) = delete;

  void Arm() { armed_.store(true); }
  void Disarm() { armed_.store(false); }

 private:
  const inlay_release_fn release_;
  void* const user_data_;
  std::atomic<bool> armed_{false};
};

}  // namespace inlay::capi

#endif  // INLAY_CAPI_SRC_HOST_RELEASE_H_
