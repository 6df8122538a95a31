// The normaliser of BERT (Devlin et al., 2019).
#include "cpp/text/hf_characters.h"
#include "cpp/text/hf_normalizer.h"
#include "cpp/text/nfc.h"

namespace inlay::text {
namespace {

struct BertOptions {
  bool clean = true;
  bool cjk = true;
  bool strip_accents = true;
  bool lower = true;
};

bool IsLineSpace(char32_t c) { return c == '\t' || c == '\n' || c == '\r'; }

// Drops control characters, makes every white space a blank.
std::string Clean(std::string_view text) {
  std::string out;
  ForEachCharacter(text, [&](char32_t c, size_t at, size_t next) {
    if (IsLineSpace(c)) {
      out.push_back(' ');
    } else if (c == 0 || c == 0xFFFD || IsControlOrOther(c)) {
      return;
    } else if (IsWhiteSpace(c)) {
      out.push_back(' ');
    } else {
      out.append(text.substr(at, next - at));
    }
  });
  return out;
}

std::string PadIdeographs(std::string_view text) {
  std::string out;
  ForEachCharacter(text, [&](char32_t c, size_t at, size_t next) {
    const bool pad = IsCjkIdeograph(c);
    if (pad) out.push_back(' ');
    out.append(text.substr(at, next - at));
    if (pad) out.push_back(' ');
  });
  return out;
}

StatusOr<std::string> StripAccents(std::string_view text) {
  INLAY_ASSIGN_OR_RETURN(const std::string apart,
                         NormalizeUnicode(text, UnicodeForm::kNfd));
  std::string out;
  ForEachCharacter(apart, [&](char32_t c, size_t at, size_t next) {
    if (!IsNonspacingMark(c)) {
      out.append(std::string_view(apart).substr(at, next - at));
    }
  });
  return out;
}

class BertNormalizer final : public Normalizer {
 public:
  explicit BertNormalizer(const BertOptions& options) : options_(options) {}
  StatusOr<std::string> Apply(std::string_view text) const override {
    std::string out(text);
    if (options_.clean) out = Clean(out);
    if (options_.cjk) out = PadIdeographs(out);
    if (options_.strip_accents) {
      INLAY_ASSIGN_OR_RETURN(out, StripAccents(out));
    }
    if (options_.lower) out = LowerCase(out);
    return out;
  }

 private:
  const BertOptions options_;
};

}  // namespace

StatusOr<std::unique_ptr<Normalizer>> ParseBertNormalizer(
    const json::Value& value) {
  BertOptions options;
  INLAY_RETURN_IF_ERROR(value["clean_text"].GetIfPresent(&options.clean));
  INLAY_RETURN_IF_ERROR(
      value["handle_chinese_chars"].GetIfPresent(&options.cjk));
  INLAY_RETURN_IF_ERROR(value["lowercase"].GetIfPresent(&options.lower));
  options.strip_accents = options.lower;  // unless it is said
  INLAY_RETURN_IF_ERROR(
      value["strip_accents"].GetIfPresent(&options.strip_accents));
  return std::make_unique<BertNormalizer>(options);
}

}  // namespace inlay::text
