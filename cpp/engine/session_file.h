// The bytes of a saved conversation.
//
// All numbers are little-endian. A header of fixed size, the recipe's name, a
// checksum of both; the tokens; the pages, layer after layer as the executor
// gives them; a checksum of everything before it.
#ifndef INLAY_ENGINE_SESSION_FILE_H_
#define INLAY_ENGINE_SESSION_FILE_H_

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "cpp/base/status.h"
#include "cpp/engine/checksum.h"

namespace inlay::engine {

inline constexpr uint32_t kSessionVersion = 1;
inline constexpr uint32_t kMaxRecipeBytes = 1024;

struct SessionHeader {
  uint64_t model_identity = 0;
  int32_t kv_type = 0;
  int32_t page_tokens = 0;
  uint64_t page_bytes = 0;
  int32_t token_count = 0;
  int32_t cached_count = 0;  // of these, with pages; <= token_count
  std::string recipe;        // how the numbers were computed
};

// Counts what goes through.
class SessionWriter {
 public:
  using Write = std::function<Status(const uint8_t*, size_t)>;
  explicit SessionWriter(const Write& write) : write_(write) {}
  Status Header(const SessionHeader& header);
  Status Tokens(std::span<const int32_t> tokens);
  Status Bytes(std::span<const uint8_t> bytes);
  Status Finish();

 private:
  const Write& write_;
  Checksum sum_;
};

// kDataLoss: not a session, damaged, or absurd; kFailedPrecondition: another
// version. Errors of `read` are passed on.
class SessionReader {
 public:
  using Read = std::function<Status(uint8_t*, size_t)>;
  explicit SessionReader(const Read& read) : read_(read) {}
  StatusOr<SessionHeader> Header();
  // Each in [0, vocabulary_size).
  StatusOr<std::vector<int32_t>> Tokens(int32_t count, int32_t vocabulary_size);
  Status Bytes(std::span<uint8_t> bytes);
  Status Finish();

 private:
  Status CheckSum();
  const Read& read_;
  Checksum sum_;
};

// kFailedPrecondition, saying what differs, unless a session saved under
// `saved` can be continued under `own`.
Status CheckSameSetup(const SessionHeader& saved, const SessionHeader& own);

}  // namespace inlay::engine

#endif  // INLAY_ENGINE_SESSION_FILE_H_
