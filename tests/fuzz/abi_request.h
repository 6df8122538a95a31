// Requests of every kind, good and hostile, from the input's bytes.
#ifndef INLAY_TESTS_FUZZ_ABI_REQUEST_H_
#define INLAY_TESTS_FUZZ_ABI_REQUEST_H_

#include <inlay/inlay.h>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "tests/fuzz/abi_world.h"

namespace inlay::abi_fuzz {

// Owns what the request points to; alive until the call returned.
class AnyRequest {
 public:
  AnyRequest(World& world, Releases& releases)
      : world_(world), bytes_(world.bytes) {
    Fill();
    request_.user_data = &releases;
    request_.release = Releases::Count;
  }
  AnyRequest(const AnyRequest&) = delete;
  AnyRequest& operator=(const AnyRequest&) = delete;
  const inlay_request& get() const { return request_; }

 private:
  static int32_t Hook(void* self, const int32_t* prompt, size_t prompt_count,
                      const int32_t* generated, size_t generated_count,
                      float* logits, size_t logit_count);

  void Fill() {
    text_ = bytes_.Text();
    stop_ = bytes_.Text();
    stops_[0] = stop_.c_str();
    const uint8_t odd = bytes_.Next();
    request_.max_tokens = odd == 1 ? bytes_.Number() : bytes_.Next() % 12;
    request_.flags = bytes_.Next();
    if (odd == 2) request_.flags = uint64_t{bytes_.Next32()} << 16;
    request_.prompt = text_.data();
    request_.prompt_size = text_.size();
    if (odd == 3) request_.prompt = nullptr;
    if (odd == 4) request_.struct_size = bytes_.Next32() % kMostBytes;
    if (odd == 5) request_.top_logprobs = bytes_.Number();
    if (odd == 6) request_.deadline_ns = bytes_.Number();
    if (odd < 32) FillSampling();
    if (bytes_.Next() < 64) {
      request_.stop_strings = stops_;
      request_.stop_string_count = 1;
    }
    if (bytes_.Next() < 100) FillParts();
    if (odd >= 64) FillMore(bytes_.Next());
  }

  // What came with 0.2, in any combination.
  void FillMore(uint8_t which) {
    if (which & 1) FillService();
    if (which & 2) FillChoices();
    if (which & 4) FillLaterSampling();
    if (which & 8) FillHook();
    if (which & 16) request_.session = world_.sessions.Pick(bytes_);
    if (which & 32) FillDry();
    if (which & 64) {
      stop_token_ = bytes_.Number();
      request_.stop_tokens = &stop_token_;
      request_.stop_token_count = 1;
    }
    if (which & 128) request_.top_logprobs = bytes_.Next() % 8;
  }

  void FillSampling() {
    request_.temperature = bytes_.Float();
    request_.top_p = bytes_.Float();
    request_.min_p = bytes_.Float();
    request_.typical_p = bytes_.Float();
    request_.repetition_penalty = bytes_.Float();
    request_.presence_penalty = bytes_.Float();
    request_.top_k = bytes_.Number();
    bias_token_ = bytes_.Number();
    bias_value_ = bytes_.Float();
    request_.bias_tokens = &bias_token_;
    request_.bias_values = &bias_value_;
    request_.bias_count = 1;
  }

  void FillParts() {
    tokens_.clear();
    for (int i = bytes_.Next() % 24; i > 0; --i) {
      tokens_.push_back(bytes_.Number());
    }
    for (inlay_prompt_part& part : parts_) part = INLAY_PROMPT_PART_INIT;
    parts_[0].kind = INLAY_PART_TOKENS;
    parts_[0].tokens = tokens_.data();
    parts_[0].token_count = tokens_.size();
    parts_[1].text = text_.data();
    parts_[1].text_size = text_.size();
    parts_[1].flags = bytes_.Next() & 1;
    request_.prompt = nullptr;
    request_.prompt_size = 0;
    request_.parts = parts_;
    request_.part_size = sizeof(parts_[0]);
    request_.part_count = 1 + bytes_.Next() % 2;
  }

  void FillService() {
    const uint8_t odd = bytes_.Next();
    request_.priority = odd == 1 ? bytes_.Number() : odd % 8 - 4;
    if (odd == 2) request_.deadline_ns = int64_t{bytes_.Number()} * 1000;
    tenant_ = odd == 3 ? std::string(bytes_.Next() * 2, 't')
                       : bytes_.Text().substr(0, 2);
    domain_ = bytes_.Text().substr(0, 2);
    request_.tenant = tenant_.c_str();
    request_.tenant_size = odd == 4 ? INLAY_NUL : tenant_.size();
    request_.cache_domain = domain_.c_str();
    request_.cache_domain_size = odd == 5 ? INLAY_NUL : domain_.size();
  }

  // Three wide requests are enough for one sequence to stay quick.
  int32_t Width() {
    const uint8_t width = bytes_.Next();
    if (width < 250 || world_.wide_requests >= 3) return width % 5;
    ++world_.wide_requests;
    return bytes_.Number();
  }
  void FillChoices() {
    const uint8_t kind = bytes_.Next();
    request_.choices = Width();
    if (kind & 1) request_.best_of = Width();
    if (kind & 2) request_.beam_width = Width();
    if (kind & 4) request_.length_penalty = bytes_.Float();
    if (kind & 8) request_.min_tokens = bytes_.Number();
    if (kind & 16) request_.temperature = 1;
    request_.seed = kind;
  }

  void FillLaterSampling() {
    const uint8_t kind = bytes_.Next();
    request_.temperature = bytes_.Float();
    request_.frequency_penalty = bytes_.Float();
    request_.penalty_last_n = bytes_.Number();
    request_.min_tokens = bytes_.Next() % 16;
    request_.no_repeat_ngram = kind & 1 ? bytes_.Number() : 0;
    if (kind & 2) {
      request_.mirostat = 1 + bytes_.Next() % 3;
      request_.mirostat_tau = bytes_.Float();
      request_.mirostat_eta = bytes_.Float();
    }
    if (kind & 4) {
      request_.xtc_probability = bytes_.Float();
      request_.xtc_threshold = bytes_.Float();
    }
  }

  void FillDry() {
    const uint8_t kind = bytes_.Next();
    request_.dry_multiplier = kind & 1 ? bytes_.Float() : 1;
    request_.dry_base = bytes_.Float();
    request_.dry_allowed_length = bytes_.Number();
    request_.dry_last_n = kind & 2 ? bytes_.Number() : 0;
    if (kind & 4) {
      breaker_ = bytes_.Text();
      breakers_[0] = breaker_.c_str();
      request_.dry_breakers = breakers_;
      request_.dry_breaker_count = kind & 8 ? 1 : 0;
    }
  }

  // The kind is all that the hook needs: it outlives the request.
  void FillHook() {
    static uint8_t kinds[8] = {0, 1, 2, 3, 4, 5, 6, 7};
    request_.logits_hook = Hook;
    request_.logits_user_data = &kinds[bytes_.Next() % 8];
  }

  static constexpr uint32_t kMostBytes = 1024;

  World& world_;
  Bytes& bytes_;
  inlay_request request_ = INLAY_REQUEST_INIT;
  // As many bytes as any size above may claim; follows request_.
  char tail_[kMostBytes] = {};
  std::string text_;
  std::string stop_;
  std::string tenant_;
  std::string domain_;
  std::string breaker_;
  const char* stops_[1] = {};
  const char* breakers_[1] = {};
  std::vector<int32_t> tokens_;
  inlay_prompt_part parts_[2] = {};
  int32_t stop_token_ = 0;
  int32_t bias_token_ = 0;
  float bias_value_ = 0;
};

inline int32_t AnyRequest::Hook(void* self, const int32_t* prompt,
                                size_t prompt_count, const int32_t* generated,
                                size_t generated_count, float* logits,
                                size_t logit_count) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  Require(logit_count > 0 && prompt_count > 0, "a hook without numbers");
  // Reads both ends, for the sanitizer.
  int32_t sum = prompt[0] ^ prompt[prompt_count - 1];
  if (generated_count > 0) sum ^= generated[generated_count - 1];
  const size_t at = static_cast<uint32_t>(sum) % logit_count;
  switch (*static_cast<const uint8_t*>(self)) {
    case 1:
      logits[at] = std::numeric_limits<float>::quiet_NaN();
      return 0;
    case 2:
      logits[at] = kInfinity;
      return 0;
    case 3:
      for (size_t i = 0; i < logit_count; ++i) logits[i] = -kInfinity;
      return 0;
    case 4:
      return generated_count > 1;
    case 5:
      for (size_t i = 0; i < logit_count; ++i) {
        logits[i] = i == at ? 1e38f : -1e38f;
      }
      return 0;
    case 6:
      for (size_t i = 0; i < logit_count; ++i) logits[i] = 0;
      return 0;
    case 7:
      for (size_t i = 1; i < logit_count; ++i) logits[i] = -kInfinity;
      return 0;
    default:
      return 0;
  }
}

}  // namespace inlay::abi_fuzz

#endif  // INLAY_TESTS_FUZZ_ABI_REQUEST_H_
