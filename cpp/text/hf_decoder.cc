#include "cpp/text/hf_decoder.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "cpp/text/byte_alphabet.h"
#include "cpp/text/hf_normalizer.h"
#include "cpp/text/hf_pre_tokenizer.h"
#include "cpp/text/hf_vocabulary.h"

namespace inlay::text {
namespace {

// A function on the text that says whether to go on.
template <typename Function>
class Simple final : public DecoderStep {
 public:
  explicit Simple(Function function) : function_(std::move(function)) {}
  StatusOr<bool> Apply(std::string* text) const override {
    return function_(text);
  }

 private:
  const Function function_;
};

template <typename Function>
void AddStep(Function function, HfDecoder* decoder) {
  decoder->steps.push_back(
      std::make_unique<Simple<Function>>(std::move(function)));
}

bool DecodeByteLevel(std::string* text) {
  std::string bytes;
  if (BytesOfLetters(*text, &bytes)) *text = std::move(bytes);
  return false;
}

bool DecodeByteToken(std::string* text) {
  const int byte = ByteOfHexToken(*text);
  if (byte < 0) return true;
  text->assign(1, static_cast<char>(byte));
  return false;
}

// The blanks that English takes back, as WordPiece's reference does.
std::string CleanUp(const std::string& text) {
  std::string out = text;
  constexpr std::pair<const char*, const char*> kRules[] = {
      {" .", "."},   {" ?", "?"},     {" !", "!"},     {" ,", ","},
      {" ' ", "'"},  {" n't", "n't"}, {" 'm", "'m"},   {" do not", " don't"},
      {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"},
  };
  for (const auto& [from, to] : kRules) {
    out = absl::StrReplaceAll(out, {{from, to}});
  }
  return out;
}

Status AddWordPiece(const json::Value& value, HfDecoder* decoder) {
  std::string prefix = "##";
  bool cleanup = true;
  INLAY_RETURN_IF_ERROR(value["prefix"].GetIfPresent(&prefix));
  INLAY_RETURN_IF_ERROR(value["cleanup"].GetIfPresent(&cleanup));
  AddStep(
      [prefix, cleanup](std::string* text) {
        if (absl::StartsWith(*text, prefix)) {
          text->erase(0, prefix.size());
        } else {
          text->insert(0, 1, ' ');
        }
        if (cleanup) *text = CleanUp(*text);
        return true;
      },
      decoder);
  decoder->strips_leading_space = true;
  return OkStatus();
}

Status AddMetaspace(const json::Value& value, HfDecoder* decoder) {
  std::string mark;
  INLAY_RETURN_IF_ERROR(value["replacement"].Get(&mark));
  if (mark.empty()) return value["replacement"].Wrong("one character");
  INLAY_ASSIGN_OR_RETURN(const PrependScheme scheme, ParsePrependScheme(value));
  AddStep(
      [mark](std::string* text) {
        *text = absl::StrReplaceAll(*text, {{mark, " "}});
        return true;
      },
      decoder);
  decoder->strips_leading_space = scheme != PrependScheme::kNever;
  return OkStatus();
}

Status AddReplace(const json::Value& value, HfDecoder* decoder) {
  // What it does is what the normaliser of that name does.
  INLAY_ASSIGN_OR_RETURN(std::unique_ptr<Normalizer> made,
                         ParseNormalizer(value));
  const std::shared_ptr<const Normalizer> replace = std::move(made);
  AddStep(
      [replace](std::string* text) -> StatusOr<bool> {
        INLAY_ASSIGN_OR_RETURN(*text, replace->Apply(*text));
        return true;
      },
      decoder);
  return OkStatus();
}

Status AddStrip(const json::Value& value, HfDecoder* decoder) {
  std::string content;
  int64_t start = 0, stop = 0;
  INLAY_RETURN_IF_ERROR(value["content"].Get(&content));
  INLAY_RETURN_IF_ERROR(value["start"].Get(&start));
  INLAY_RETURN_IF_ERROR(value["stop"].Get(&stop));
  if (start == 0 && stop == 0) return OkStatus();
  if (!decoder->fused || content != " " || start != 1 || stop != 0) {
    return absl::UnimplementedError(absl::StrCat(
        value.path(), ": Strip other than of one leading blank after Fuse is",
        " not supported"));
  }
  decoder->strips_leading_space = true;
  return OkStatus();
}

Status AddDecoder(const json::Value& value, HfDecoder* decoder) {
  std::string_view type;
  INLAY_RETURN_IF_ERROR(value["type"].Get(&type));
  if (type == "Sequence") {
    simdjson::dom::array items;
    INLAY_RETURN_IF_ERROR(value["decoders"].Get(&items));
    for (const simdjson::dom::element item : items) {
      INLAY_RETURN_IF_ERROR(
          AddDecoder(json::Value(item, value["decoders"].path()), decoder));
    }
    return OkStatus();
  }
  if (type == "Strip") return AddStrip(value, decoder);
  if (type == "Fuse") {
    decoder->fused = true;
    return OkStatus();
  }
  if (decoder->fused) {
    return absl::UnimplementedError(
        absl::StrCat(value.path(), ": ", type.substr(0, 100),
                     " after Fuse is not supported"));
  }
  if (type == "ByteLevel") {
    AddStep(DecodeByteLevel, decoder);
    return OkStatus();
  }
  if (type == "ByteFallback") {
    AddStep(DecodeByteToken, decoder);
    return OkStatus();
  }
  if (type == "Replace") return AddReplace(value, decoder);
  if (type == "Metaspace") return AddMetaspace(value, decoder);
  if (type == "WordPiece") return AddWordPiece(value, decoder);
  return absl::UnimplementedError(absl::StrCat(
      value.path(), ": decoder \"", type.substr(0, 100), "\" is not known"));
}

}  // namespace

std::string HfDecoder::Bytes(std::string_view token) const {
  std::string text(token);
  for (const auto& step : steps) {
    const StatusOr<bool> more = step->Apply(&text);
    if (!more.ok()) return std::string(token);
    if (!*more) break;
  }
  return text;
}

StatusOr<HfDecoder> ParseDecoder(const json::Value& value) {
  HfDecoder decoder;
  if (value.present()) {
    INLAY_RETURN_IF_ERROR(AddDecoder(value, &decoder));
    return decoder;
  }
  AddStep(
      [](std::string* text) {
        text->insert(0, 1, ' ');
        return true;
      },
      &decoder);
  decoder.strips_leading_space = true;
  return decoder;
}

}  // namespace inlay::text
