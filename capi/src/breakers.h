// Texts that break a repetition (DRY), as tokens.
#ifndef INLAY_CAPI_SRC_BREAKERS_H_
#define INLAY_CAPI_SRC_BREAKERS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "cpp/base/mutex.h"
#include "cpp/base/status.h"
#include "cpp/text/tokenizer.h"

namespace inlay::capi {

// Thread-safe. Remembers the last answer, because it reads the vocabulary and
// an application rarely has more than one set.
class BreakerCache {
 public:
  // Every token whose text contains one of `texts`, and each text as the
  // tokens it becomes when it stands alone, if those are several.
  Status Find(const text::Tokenizer& tokenizer, std::vector<std::string> texts,
              std::vector<std::vector<int32_t>>* out);

 private:
  Mutex mutex_;
  std::vector<std::string> texts_ INLAY_GUARDED_BY(mutex_);
  std::vector<std::vector<int32_t>> tokens_ INLAY_GUARDED_BY(mutex_);
};

}  // namespace inlay::capi

#endif  // INLAY_CAPI_SRC_BREAKERS_H_
