#include "capi/src/breakers.h"

#include <utility>

namespace inlay::capi {
namespace {

bool ContainsOne(const std::string& token,
                 const std::vector<std::string>& texts) {
  for (const std::string& text : texts) {
    if (token.find(text) != token.npos) return true;
  }
  return false;
}

}  // namespace

Status BreakerCache::Find(const text::Tokenizer& tokenizer,
                          std::vector<std::string> texts,
                          std::vector<std::vector<int32_t>>* out) {
  {
    MutexLock lock(mutex_);
    if (!texts_.empty() && texts == texts_) {
      *out = tokens_;
      return OkStatus();
    }
  }
  std::vector<std::vector<int32_t>> found;
  for (int32_t id = 0; id < tokenizer.size(); ++id) {
    if (ContainsOne(tokenizer.TokenBytes(id, /*special=*/false), texts)) {
      found.push_back({id});
    }
  }
  for (const std::string& text : texts) {
    INLAY_ASSIGN_OR_RETURN(auto ids,
                           tokenizer.Encode(text, {.add_special = false}));
    if (ids.size() > 1) found.push_back(std::move(ids));
  }
  *out = found;
  MutexLock lock(mutex_);
  texts_ = std::move(texts);
  tokens_ = std::move(found);
  return OkStatus();
}

}  // namespace inlay::capi
