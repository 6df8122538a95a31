// A vocabulary for tests: token i is the one byte 'a' + i % 26, the last two
// ids are an end token and a control token.
#ifndef INLAY_TESTS_ENGINE_FAKE_TOKENIZER_H_
#define INLAY_TESTS_ENGINE_FAKE_TOKENIZER_H_

#include <span>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cpp/text/tokenizer.h"
#include "cpp/text/utf8.h"

namespace inlay::engine {

class FakeTokenizer final : public text::Tokenizer {
 public:
  explicit FakeTokenizer(int32_t size, bool adds_bos = false)
      : size_(size), adds_bos_(adds_bos), ends_{size - 1} {}

  StatusOr<std::vector<int32_t>> Encode(
      std::string_view text, const text::EncodeOptions&) const override {
    if (const size_t bad = text::FindInvalidUtf8(text);
        bad != std::string_view::npos) {
      return absl::InvalidArgumentError(absl::StrCat("not UTF-8 at ", bad));
    }
    std::vector<int32_t> ids;
    for (char c : text) ids.push_back((c - 'a' + 26) % 26);
    return ids;
  }
  std::string TokenBytes(int32_t id, bool special) const override {
    if (id >= size_ - 2) return special ? absl::StrCat("<", id, ">") : "";
    return std::string(1, static_cast<char>('a' + id % 26));
  }
  StatusOr<std::string> Decode(std::span<const int32_t> ids,
                               bool special) const override {
    std::string text;
    for (int32_t id : ids) text += TokenBytes(id, special);
    return text;
  }
  int32_t size() const override { return size_; }
  std::string_view TokenText(int32_t) const override { return ""; }
  text::TokenKind Kind(int32_t id) const override {
    return id >= size_ - 2 ? text::TokenKind::kControl
                           : text::TokenKind::kNormal;
  }
  int32_t Find(std::string_view) const override { return -1; }
  int32_t bos() const override { return size_ - 2; }
  int32_t eos() const override { return size_ - 1; }
  int32_t unk() const override { return -1; }
  int32_t pad() const override { return -1; }
  std::span<const int32_t> end_ids() const override { return ends_; }
  bool adds_bos() const override { return adds_bos_; }
  bool adds_eos() const override { return false; }
  bool strips_leading_space() const override { return false; }
  std::string_view description() const override { return "fake"; }

 private:
  const int32_t size_;
  const bool adds_bos_;
  const std::vector<int32_t> ends_;
};

}  // namespace inlay::engine

#endif  // INLAY_TESTS_ENGINE_FAKE_TOKENIZER_H_
