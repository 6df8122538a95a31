#include "cpp/text/hf_pre_tokenizer.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp/text/byte_alphabet.h"
#include "cpp/text/hf_characters.h"
#include "cpp/text/hf_regex.h"
#include "cpp/text/hf_split.h"

namespace inlay::text {
namespace {

using Made = StatusOr<std::unique_ptr<HfPreTokenizer>>;

void AppendParts(const Piece& piece, const std::vector<Stretch>& stretches,
                 std::vector<Piece>* out) {
  for (const Stretch& stretch : stretches) {
    out->push_back(
        {piece.text.substr(stretch.begin, stretch.end - stretch.begin),
         piece.first && stretch.begin == 0});
  }
}

// Cuts at the matches of a pattern.
class RegexSplit final : public HfPreTokenizer {
 public:
  RegexSplit(Pattern pattern, SplitBehavior behavior, bool invert)
      : pattern_(std::move(pattern)), behavior_(behavior), invert_(invert) {}

  Status Apply(std::vector<Piece>* pieces) const override {
    INLAY_ASSIGN_OR_RETURN(MatchScratch scratch, MatchScratch::Create());
    std::vector<Piece> out;
    std::vector<Stretch> stretches;
    for (const Piece& piece : *pieces) {
      stretches.clear();
      INLAY_RETURN_IF_ERROR(
          FindStretches(pattern_, piece.text, &scratch, &stretches));
      if (invert_) {
        for (Stretch& stretch : stretches) stretch.match = !stretch.match;
      }
      AppendParts(piece, ApplyBehavior(stretches, behavior_), &out);
    }
    *pieces = std::move(out);
    return OkStatus();
  }

 private:
  const Pattern pattern_;
  const SplitBehavior behavior_;
  const bool invert_;
};

// Cuts at the characters of a class, each a match of its own.
template <typename Is>
class ClassSplit final : public HfPreTokenizer {
 public:
  ClassSplit(Is is, SplitBehavior behavior) : is_(is), behavior_(behavior) {}

  Status Apply(std::vector<Piece>* pieces) const override {
    std::vector<Piece> out;
    std::vector<Stretch> stretches;
    for (const Piece& piece : *pieces) {
      stretches.clear();
      ForEachCharacter(piece.text, [&](char32_t c, size_t at, size_t next) {
        const bool match = is_(c);
        if (!match && !stretches.empty() && !stretches.back().match) {
          stretches.back().end = next;
        } else {
          stretches.push_back({at, next, match});
        }
      });
      AppendParts(piece, ApplyBehavior(stretches, behavior_), &out);
    }
    *pieces = std::move(out);
    return OkStatus();
  }

 private:
  const Is is_;
  const SplitBehavior behavior_;
};

template <typename Is>
std::unique_ptr<HfPreTokenizer> MakeClassSplit(Is is, SplitBehavior behavior) {
  return std::make_unique<ClassSplit<Is>>(is, behavior);
}

class Sequence final : public HfPreTokenizer {
 public:
  explicit Sequence(std::vector<std::unique_ptr<HfPreTokenizer>> steps)
      : steps_(std::move(steps)) {}
  Status Apply(std::vector<Piece>* pieces) const override {
    for (const auto& step : steps_) {
      INLAY_RETURN_IF_ERROR(step->Apply(pieces));
    }
    return OkStatus();
  }

 private:
  const std::vector<std::unique_ptr<HfPreTokenizer>> steps_;
};

class ByteLevel final : public HfPreTokenizer {
 public:
  ByteLevel(std::unique_ptr<HfPreTokenizer> split, bool add_space)
      : split_(std::move(split)), add_space_(add_space) {}
  Status Apply(std::vector<Piece>* pieces) const override {
    if (add_space_) {
      for (Piece& piece : *pieces) {
        if (piece.text[0] != ' ') piece.text.insert(0, 1, ' ');
      }
    }
    if (split_ != nullptr) INLAY_RETURN_IF_ERROR(split_->Apply(pieces));
    for (Piece& piece : *pieces) {
      std::string letters;
      AppendByteLetters(piece.text, &letters);
      piece.text = std::move(letters);
    }
    return OkStatus();
  }

 private:
  const std::unique_ptr<HfPreTokenizer> split_;
  const bool add_space_;
};

Made ParseSequence(const json::Value& value) {
  simdjson::dom::array items;
  INLAY_RETURN_IF_ERROR(value["pretokenizers"].Get(&items));
  std::vector<std::unique_ptr<HfPreTokenizer>> steps;
  for (const simdjson::dom::element item : items) {
    INLAY_ASSIGN_OR_RETURN(
        std::unique_ptr<HfPreTokenizer> step,
        ParsePreTokenizer(json::Value(item, value["pretokenizers"].path())));
    if (step != nullptr) steps.push_back(std::move(step));
  }
  return std::make_unique<Sequence>(std::move(steps));
}

Made ParseSplit(const json::Value& value) {
  INLAY_ASSIGN_OR_RETURN(Pattern pattern, ParsePattern(value["pattern"]));
  INLAY_ASSIGN_OR_RETURN(const SplitBehavior behavior,
                         ParseBehavior(value["behavior"]));
  bool invert = false;
  INLAY_RETURN_IF_ERROR(value["invert"].GetIfPresent(&invert));
  return std::make_unique<RegexSplit>(std::move(pattern), behavior, invert);
}

Made ParseByteLevel(const json::Value& value) {
  bool add_space = true, use_regex = true;
  INLAY_RETURN_IF_ERROR(value["add_prefix_space"].GetIfPresent(&add_space));
  INLAY_RETURN_IF_ERROR(value["use_regex"].GetIfPresent(&use_regex));
  std::unique_ptr<HfPreTokenizer> split;
  if (use_regex) {
    INLAY_ASSIGN_OR_RETURN(Pattern pattern,
                           CompileRegex(kGpt2Pattern, value.path()));
    split = std::make_unique<RegexSplit>(std::move(pattern),
                                         SplitBehavior::kIsolated, false);
  }
  return std::make_unique<ByteLevel>(std::move(split), add_space);
}

Made ParseDigits(const json::Value& value) {
  bool individual = false;
  INLAY_RETURN_IF_ERROR(value["individual_digits"].GetIfPresent(&individual));
  return MakeClassSplit(IsNumeric, individual ? SplitBehavior::kIsolated
                                              : SplitBehavior::kContiguous);
}

Made ParsePunctuation(const json::Value& value) {
  SplitBehavior behavior = SplitBehavior::kIsolated;
  if (value["behavior"].present()) {
    INLAY_ASSIGN_OR_RETURN(behavior, ParseBehavior(value["behavior"]));
  }
  return MakeClassSplit(IsPunctuationMark, behavior);
}

Made MakeBert() {
  std::vector<std::unique_ptr<HfPreTokenizer>> steps;
  steps.push_back(MakeClassSplit(IsWhiteSpace, SplitBehavior::kRemoved));
  steps.push_back(MakeClassSplit(IsPunctuationMark, SplitBehavior::kIsolated));
  return std::make_unique<Sequence>(std::move(steps));
}

Made ParseDelimiter(const json::Value& value) {
  std::string_view text;
  INLAY_RETURN_IF_ERROR(value["delimiter"].Get(&text));
  if (text.empty() || StepUtf8(text).length != text.size()) {
    return value["delimiter"].Wrong("one character");
  }
  const char32_t delimiter = StepUtf8(text).code_point;
  return MakeClassSplit([delimiter](char32_t c) { return c == delimiter; },
                        SplitBehavior::kRemoved);
}

// Runs of word characters, and runs of what is neither such nor white space.
Made MakeWhitespace(const json::Value& value) {
  INLAY_ASSIGN_OR_RETURN(Pattern pattern,
                         CompileRegex(R"(\w+|[^\w\s]+)", value.path()));
  return std::make_unique<RegexSplit>(std::move(pattern),
                                      SplitBehavior::kRemoved, true);
}

}  // namespace

Made ParsePreTokenizer(const json::Value& value) {
  if (!value.present()) return nullptr;
  std::string_view type;
  INLAY_RETURN_IF_ERROR(value["type"].Get(&type));
  if (type == "Sequence") return ParseSequence(value);
  if (type == "ByteLevel") return ParseByteLevel(value);
  if (type == "Metaspace") return ParseMetaspace(value);
  if (type == "Split") return ParseSplit(value);
  if (type == "Digits") return ParseDigits(value);
  if (type == "Punctuation") return ParsePunctuation(value);
  if (type == "BertPreTokenizer") return MakeBert();
  if (type == "Whitespace") return MakeWhitespace(value);
  if (type == "WhitespaceSplit") {
    return MakeClassSplit(IsWhiteSpace, SplitBehavior::kRemoved);
  }
  if (type == "CharDelimiterSplit") return ParseDelimiter(value);
  return absl::UnimplementedError(
      absl::StrCat(value.path(), ": pre-tokenizer \"", type.substr(0, 100),
                   "\" is not known"));
}

}  // namespace inlay::text
