// What the engine keeps of a conversation between its requests.
#ifndef INLAY_ENGINE_SESSION_STATE_H_
#define INLAY_ENGINE_SESSION_STATE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace inlay::engine {

// A part of the page cache. One that sessions have for themselves is
// forgotten with the last of them.
struct SessionDomain {
  std::string key;
  bool own = false;
  int32_t sessions = 0;
};

// Guarded by the engine's lock. Its pages are where those of its last request
// went: in the prefix index, under its domain.
struct SessionState {
  std::vector<int32_t> tokens;
  std::shared_ptr<SessionDomain> domain;
  bool busy = false;     // a request continues it
  uint64_t request = 0;  // which one, once it was accepted
};

}  // namespace inlay::engine

#endif  // INLAY_ENGINE_SESSION_STATE_H_
