#include "cpp/text/hf_normalizer.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cpp/text/byte_alphabet.h"
#include "cpp/text/hf_characters.h"
#include "cpp/text/hf_regex.h"
#include "cpp/text/hf_split.h"
#include "cpp/text/nfc.h"

namespace inlay::text {
namespace {

using Made = StatusOr<std::unique_ptr<Normalizer>>;

Status CheckSize(size_t bytes) {
  if (bytes <= kMaxNormalizedBytes) return OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat(
      "normalising the text gives more than ", kMaxNormalizedBytes, " bytes"));
}

// A function of the text and nothing else.
template <typename Function>
class Simple final : public Normalizer {
 public:
  explicit Simple(Function function) : function_(std::move(function)) {}
  StatusOr<std::string> Apply(std::string_view text) const override {
    return function_(text);
  }

 private:
  const Function function_;
};

template <typename Function>
Made Make(Function function) {
  return std::make_unique<Simple<Function>>(std::move(function));
}

class Sequence final : public Normalizer {
 public:
  explicit Sequence(std::vector<std::unique_ptr<Normalizer>> steps)
      : steps_(std::move(steps)) {}
  StatusOr<std::string> Apply(std::string_view text) const override {
    std::string out(text);
    for (const auto& step : steps_) {
      INLAY_ASSIGN_OR_RETURN(out, step->Apply(out));
      INLAY_RETURN_IF_ERROR(CheckSize(out.size()));
    }
    return out;
  }

 private:
  const std::vector<std::unique_ptr<Normalizer>> steps_;
};

class Replace final : public Normalizer {
 public:
  Replace(Pattern pattern, std::string content)
      : pattern_(std::move(pattern)), content_(std::move(content)) {}
  StatusOr<std::string> Apply(std::string_view text) const override {
    INLAY_ASSIGN_OR_RETURN(MatchScratch scratch, MatchScratch::Create());
    std::vector<Stretch> stretches;
    INLAY_RETURN_IF_ERROR(FindStretches(pattern_, text, &scratch, &stretches));
    std::string out;
    for (const Stretch& stretch : stretches) {
      out.append(stretch.match
                     ? std::string_view(content_)
                     : text.substr(stretch.begin, stretch.end - stretch.begin));
      INLAY_RETURN_IF_ERROR(CheckSize(out.size()));
    }
    return out;
  }

 private:
  const Pattern pattern_;
  const std::string content_;
};

std::string Strip(std::string_view text, bool left, bool right) {
  size_t begin = text.size(), end = 0;
  ForEachCharacter(text, [&](char32_t c, size_t at, size_t next) {
    if (IsWhiteSpace(c)) return;
    if (begin == text.size()) begin = at;
    end = next;
  });
  if (!left) begin = 0;
  if (!right) end = text.size();
  return begin < end ? std::string(text.substr(begin, end - begin))
                     : std::string();
}

std::string WithoutMarks(std::string_view text) {
  std::string out;
  ForEachCharacter(text, [&](char32_t c, size_t at, size_t next) {
    if (!IsMark(c)) out.append(text.substr(at, next - at));
  });
  return out;
}

Made ParseSequence(const json::Value& value) {
  simdjson::dom::array items;
  INLAY_RETURN_IF_ERROR(value["normalizers"].Get(&items));
  std::vector<std::unique_ptr<Normalizer>> steps;
  for (const simdjson::dom::element item : items) {
    INLAY_ASSIGN_OR_RETURN(
        std::unique_ptr<Normalizer> step,
        ParseNormalizer(json::Value(item, value["normalizers"].path())));
    if (step != nullptr) steps.push_back(std::move(step));
  }
  return std::make_unique<Sequence>(std::move(steps));
}

Made ParseReplace(const json::Value& value) {
  INLAY_ASSIGN_OR_RETURN(Pattern pattern, ParsePattern(value["pattern"]));
  std::string content;
  INLAY_RETURN_IF_ERROR(value["content"].Get(&content));
  return std::make_unique<Replace>(std::move(pattern), std::move(content));
}

Made ParseStrip(const json::Value& value) {
  bool left = true, right = true;
  INLAY_RETURN_IF_ERROR(value["strip_left"].GetIfPresent(&left));
  INLAY_RETURN_IF_ERROR(value["strip_right"].GetIfPresent(&right));
  return Make([left, right](std::string_view text) {
    return Strip(text, left, right);
  });
}

Made ParsePrepend(const json::Value& value) {
  std::string prefix;
  INLAY_RETURN_IF_ERROR(value["prepend"].Get(&prefix));
  return Make([prefix](std::string_view text) {
    return text.empty() ? std::string() : absl::StrCat(prefix, text);
  });
}

Made MakeForm(UnicodeForm form) {
  return Make(
      [form](std::string_view text) { return NormalizeUnicode(text, form); });
}

}  // namespace

std::string LowerCase(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  ForEachCharacter(text, [&](char32_t c, size_t, size_t) {
    // The one character whose lower case is two (SpecialCasing.txt).
    if (c == 0x130) {
      out.append("i\xCC\x87");
    } else {
      AppendUtf8(ToLower(c), &out);
    }
  });
  return out;
}

Made ParseNormalizer(const json::Value& value) {
  if (!value.present()) return nullptr;
  std::string_view type;
  INLAY_RETURN_IF_ERROR(value["type"].Get(&type));
  if (type == "Sequence") return ParseSequence(value);
  if (type == "NFC") return MakeForm(UnicodeForm::kNfc);
  if (type == "NFD") return MakeForm(UnicodeForm::kNfd);
  if (type == "NFKC") return MakeForm(UnicodeForm::kNfkc);
  if (type == "NFKD") return MakeForm(UnicodeForm::kNfkd);
  if (type == "Lowercase") return Make(LowerCase);
  if (type == "StripAccents") return Make(WithoutMarks);
  if (type == "Strip") return ParseStrip(value);
  if (type == "Prepend") return ParsePrepend(value);
  if (type == "Replace") return ParseReplace(value);
  if (type == "BertNormalizer") return ParseBertNormalizer(value);
  if (type == "Precompiled") return ParsePrecompiled(value);
  if (type == "ByteLevel") {
    return Make([](std::string_view text) {
      std::string out;
      AppendByteLetters(text, &out);
      return out;
    });
  }
  return absl::UnimplementedError(absl::StrCat(
      value.path(), ": normalizer \"", type.substr(0, 100), "\" is not known"));
}

}  // namespace inlay::text
