#include "capi/src/generation.h"

namespace inlay::capi {

void Generation::Append(const engine::Event& event) noexcept {
  whole_.request_id = event.request_id;
  try {
    whole_.text += event.text;
    whole_.tokens.insert(whole_.tokens.end(), event.tokens.begin(),
                         event.tokens.end());
    whole_.logprobs.insert(whole_.logprobs.end(), event.logprobs.begin(),
                           event.logprobs.end());
    whole_.top.insert(whole_.top.end(), event.top.begin(), event.top.end());
  } catch (...) {
    failed_ = true;  // only an allocation can fail here
  }
  if (event.kind != engine::EventKind::kFinished &&
      event.kind != engine::EventKind::kFailed) {
    return;
  }
  whole_.kind = event.kind;
  whole_.reason = event.reason;
  whole_.status = event.status;
  whole_.usage = event.usage;
  done_ = true;
}

}  // namespace inlay::capi
