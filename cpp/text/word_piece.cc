#include "cpp/text/word_piece.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cpp/text/hf_tokenizer.h"
#include "cpp/text/sentencepiece_normalizer.h"
#include "cpp/text/utf8.h"

namespace inlay::text {
namespace {

// The token as a vocabulary of BERT spells it.
std::string Spelled(const std::string& token, TokenKind kind) {
  if (kind != TokenKind::kNormal) return token;
  if (absl::StartsWith(token, kSpaceMark)) {
    return token.substr(kSpaceMark.size());
  }
  // "[unused7]" and the like stand as they are.
  if (token.front() == '[' && token.back() == ']' && token.size() > 2) {
    return token;
  }
  return absl::StrCat("##", token);
}

std::string Quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (static_cast<uint8_t>(c) < 0x20) {
      absl::StrAppend(&out, "\\u", absl::Hex(c, absl::kZeroPad4));
    } else {
      if (c == '"' || c == '\\') out.push_back('\\');
      out.push_back(c);
    }
  }
  out.push_back('"');
  return out;
}

TokenId FindToken(const Vocabulary& vocabulary, std::string_view text) {
  const auto& tokens = vocabulary.tokens;
  const auto found = std::find(tokens.begin(), tokens.end(), text);
  return found == tokens.end() ? -1
                               : static_cast<TokenId>(found - tokens.begin());
}

// Takes the id that the file gives, else that of the usual name.
TokenId Special(const Vocabulary& vocabulary, TokenId id,
                std::string_view name) {
  return id >= 0 ? id : FindToken(vocabulary, name);
}

bool IsSpecial(const Vocabulary& vocabulary, size_t i) {
  const TokenKind kind = vocabulary.kinds[i];
  return kind == TokenKind::kControl || kind == TokenKind::kUnknown;
}

bool HasCapitals(const Vocabulary& vocabulary) {
  for (size_t i = 0; i < vocabulary.tokens.size(); ++i) {
    const std::string& token = vocabulary.tokens[i];
    if (vocabulary.kinds[i] != TokenKind::kNormal || token.empty() ||
        token.front() == '[') {
      continue;
    }
    for (const char c : token) {
      if (c >= 'A' && c <= 'Z') return true;
    }
  }
  return false;
}

// The tokens of the text, and those around it.
struct Ends {
  TokenId bos, eos, unk;
};

std::string Frame(const Vocabulary& vocabulary, const Ends& ends) {
  const bool adds_bos = vocabulary.add_bos.value_or(true) && ends.bos >= 0;
  const bool adds_eos = vocabulary.add_eos.value_or(true) && ends.eos >= 0;
  std::string steps, ids;
  const auto add = [&](TokenId id) {
    absl::StrAppend(&steps, steps.empty() ? "" : ",",
                    R"({"SpecialToken":{"id":")", id, R"("}})");
    absl::StrAppend(&ids, ids.empty() ? "" : ",", "\"", id, R"(":{"ids":[)", id,
                    "]}");
  };
  if (adds_bos) add(ends.bos);
  absl::StrAppend(&steps, steps.empty() ? "" : ",",
                  R"({"Sequence":{"id":"A"}})");
  if (adds_eos) add(ends.eos);
  return absl::StrCat(R"({"type":"TemplateProcessing","single":[)", steps,
                      R"(],"special_tokens":{)", ids, "}}");
}

// The whole as tokenizer.json, whose reader knows WordPiece.
std::string AsJson(const Vocabulary& vocabulary, const Ends& ends) {
  std::string vocab, added;
  for (size_t i = 0; i < vocabulary.tokens.size(); ++i) {
    const std::string text =
        Quoted(Spelled(vocabulary.tokens[i], vocabulary.kinds[i]));
    absl::StrAppend(&vocab, vocab.empty() ? "" : ",", text, ":", i);
    if (!IsSpecial(vocabulary, i)) continue;
    absl::StrAppend(&added, added.empty() ? "" : ",",
                    R"({"special":true,"id":)", i, R"(,"content":)", text, "}");
  }
  const std::string_view lower = HasCapitals(vocabulary) ? "false" : "true";
  return absl::StrCat(
      R"({"added_tokens":[)", added, R"(],"normalizer":{"type":)",
      R"("BertNormalizer","lowercase":)", lower, R"(,"strip_accents":)", lower,
      R"(},"pre_tokenizer":{"type":"BertPreTokenizer"},"decoder":)",
      R"({"type":"WordPiece"},"post_processor":)", Frame(vocabulary, ends),
      R"(,"model":{"type":"WordPiece","unk_token":)",
      Quoted(vocabulary.tokens[static_cast<size_t>(ends.unk)]), R"(,"vocab":{)",
      vocab, "}}}");
}

}  // namespace

StatusOr<std::shared_ptr<const Tokenizer>> BuildWordPiece(
    const Vocabulary& vocabulary) {
  Ends ends = {Special(vocabulary, vocabulary.bos, "[CLS]"),
               Special(vocabulary, vocabulary.eos, "[SEP]"),
               Special(vocabulary, vocabulary.unk, "[UNK]")};
  if (ends.unk < 0) {
    return absl::DataLossError("a WordPiece vocabulary needs an unknown token");
  }
  for (size_t i = 0; i < vocabulary.tokens.size(); ++i) {
    if (vocabulary.tokens[i].empty() ||
        FindInvalidUtf8(vocabulary.tokens[i]) != std::string_view::npos) {
      return absl::DataLossError(
          absl::StrCat("token ", i, " is empty or not valid UTF-8"));
    }
  }
  HfConfig config;
  const auto name = [&](TokenId id, std::optional<std::string>* out) {
    if (id >= 0) *out = vocabulary.tokens[static_cast<size_t>(id)];
  };
  name(ends.bos, &config.bos);
  name(ends.eos, &config.eos);
  name(ends.unk, &config.unk);
  name(vocabulary.pad, &config.pad);
  return BuildHfTokenizer(AsJson(vocabulary, ends), config, {});
}

}  // namespace inlay::text
