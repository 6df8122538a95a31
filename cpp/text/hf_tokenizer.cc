#include "cpp/text/hf_tokenizer.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp/text/end_tokens.h"
#include "cpp/text/hf_parts.h"
#include "cpp/text/utf8.h"

namespace inlay::text {
namespace {

// Offsets are 32 bits, and normalising may make a text larger.
constexpr size_t kMaxTextBytes = size_t{1} << 26;
// Pieces repeat: the ids of those seen in this text are copied, not computed.
constexpr size_t kCachedPieces = 1 << 14;
constexpr size_t kCachedPieceBytes = 64;

struct SpecialIds {
  TokenId bos = -1, eos = -1, unk = -1, pad = -1;
};

class HfTokenizer final : public Tokenizer {
 public:
  HfTokenizer(HfParts parts, const SpecialIds& special,
              const std::vector<TokenId>& end_ids)
      : parts_(std::move(parts)),
        special_(special),
        description_(
            absl::StrCat(parts_.model->description(), " (tokenizer.json)")) {
    end_ids_ = KnownEnds();
    end_ids_.insert(end_ids_.end(), end_ids.begin(), end_ids.end());
    std::sort(end_ids_.begin(), end_ids_.end());
    end_ids_.erase(std::unique(end_ids_.begin(), end_ids_.end()),
                   end_ids_.end());
  }

  StatusOr<std::vector<TokenId>> Encode(
      std::string_view text, const EncodeOptions& options) const override;
  std::string TokenBytes(TokenId id, bool special) const override;
  StatusOr<std::string> Decode(std::span<const TokenId> ids,
                               bool special) const override;

  int32_t size() const override { return parts_.vocabulary->size(); }
  std::string_view TokenText(TokenId id) const override {
    return parts_.vocabulary->Text(id);
  }
  TokenKind Kind(TokenId id) const override {
    return parts_.vocabulary->Kind(id);
  }
  TokenId Find(std::string_view text) const override {
    return parts_.vocabulary->Find(text);
  }
  TokenId bos() const override { return special_.bos; }
  TokenId eos() const override { return special_.eos; }
  TokenId unk() const override { return special_.unk; }
  TokenId pad() const override { return special_.pad; }
  std::span<const TokenId> end_ids() const override { return end_ids_; }
  StatusOr<TokenPair> EncodePair(std::string_view first,
                                 std::string_view second) const override {
    const HfFrame& frame = parts_.frame;
    if (frame.pair.empty()) return Tokenizer::EncodePair(first, second);
    TokenPair out;
    const std::string_view texts[] = {first, second};
    for (const HfPairStep& step : frame.pair) {
      if (step.text < 0) {
        out.ids.push_back(step.id);
      } else {
        INLAY_ASSIGN_OR_RETURN(
            const std::vector<TokenId> ids,
            Encode(texts[step.text], {.add_special = false}));
        out.ids.insert(out.ids.end(), ids.begin(), ids.end());
      }
      out.types.resize(out.ids.size(), step.type);
    }
    return out;
  }

  bool adds_bos() const override {
    return bos() >= 0 && !parts_.frame.before.empty() &&
           parts_.frame.before[0] == bos();
  }
  bool adds_eos() const override {
    return eos() >= 0 && !parts_.frame.after.empty() &&
           parts_.frame.after.back() == eos();
  }
  bool strips_leading_space() const override {
    return parts_.decoder.strips_leading_space;
  }
  std::string_view description() const override { return description_; }

 private:
  class Encoder;
  std::vector<TokenId> KnownEnds() const;

  const HfParts parts_;
  const SpecialIds special_;
  const std::string description_;
  std::vector<TokenId> end_ids_;
};

// One call of Encode.
class HfTokenizer::Encoder {
 public:
  Encoder(const HfParts& parts, bool parse_special, std::vector<TokenId>* ids)
      : parts_(parts), matcher_(parse_special ? 1 : 0), ids_(ids) {}

  Status Run(std::string_view text) {
    for (const AddedPart& part : parts_.added.raw[matcher_].Split(text)) {
      if (part.id >= 0) {
        ids_->push_back(part.id);
        continue;
      }
      const std::string_view stretch =
          text.substr(part.begin, part.end - part.begin);
      INLAY_RETURN_IF_ERROR(AddStretch(stretch, part.begin == 0));
    }
    return OkStatus();
  }

 private:
  Status AddStretch(std::string_view stretch, bool first) {
    std::string normalized;
    if (parts_.normalizer != nullptr) {
      INLAY_ASSIGN_OR_RETURN(normalized, parts_.normalizer->Apply(stretch));
      stretch = normalized;
    }
    for (const AddedPart& part :
         parts_.added.normalized[matcher_].Split(stretch)) {
      if (part.id >= 0) {
        ids_->push_back(part.id);
        continue;
      }
      std::vector<Piece> pieces;
      pieces.push_back(
          {std::string(stretch.substr(part.begin, part.end - part.begin)),
           first && part.begin == 0});
      if (parts_.pre_tokenizer != nullptr) {
        INLAY_RETURN_IF_ERROR(parts_.pre_tokenizer->Apply(&pieces));
      }
      for (const Piece& piece : pieces) {
        INLAY_RETURN_IF_ERROR(AddPiece(piece.text));
      }
    }
    return OkStatus();
  }

  Status AddPiece(const std::string& piece) {
    const bool cached = piece.size() <= kCachedPieceBytes;
    const auto known = cached ? seen_.find(piece) : seen_.end();
    if (known != seen_.end()) {
      const auto [begin, count] = known->second;
      for (size_t i = 0; i < count; ++i) ids_->push_back((*ids_)[begin + i]);
      return OkStatus();
    }
    const size_t begin = ids_->size();
    INLAY_RETURN_IF_ERROR(parts_.model->Encode(piece, ids_));
    if (cached && seen_.size() < kCachedPieces) {
      seen_.try_emplace(piece, std::pair(begin, ids_->size() - begin));
    }
    return OkStatus();
  }

  const HfParts& parts_;
  const int matcher_;
  std::vector<TokenId>* const ids_;
  HashMap<std::string, std::pair<size_t, size_t>> seen_;  // begin and count
};

// The control tokens whose text is known to end a turn, and EOS.
std::vector<TokenId> HfTokenizer::KnownEnds() const {
  Vocabulary specials;
  specials.eos = special_.eos;
  specials.tokens.resize(static_cast<size_t>(size()));
  specials.kinds.resize(specials.tokens.size(), TokenKind::kUnused);
  for (TokenId id = 0; id < size(); ++id) {
    if (Kind(id) != TokenKind::kControl) continue;
    specials.tokens[static_cast<size_t>(id)] = TokenText(id);
    specials.kinds[static_cast<size_t>(id)] = TokenKind::kControl;
  }
  return FindEndTokens(specials);
}

StatusOr<std::vector<TokenId>> HfTokenizer::Encode(
    std::string_view text, const EncodeOptions& options) const {
  if (text.size() > kMaxTextBytes) {
    return absl::OutOfRangeError(absl::StrCat(
        "text of ", text.size(), " bytes; the limit is ", kMaxTextBytes));
  }
  const size_t invalid = FindInvalidUtf8(text);
  if (invalid != std::string_view::npos) {
    return absl::InvalidArgumentError(
        absl::StrCat("the text is not valid UTF-8 at byte ", invalid));
  }
  std::vector<TokenId> ids;
  const HfFrame& frame = parts_.frame;
  if (options.add_special) ids = frame.before;
  INLAY_RETURN_IF_ERROR(Encoder(parts_, options.parse_special, &ids).Run(text));
  if (options.add_special) {
    ids.insert(ids.end(), frame.after.begin(), frame.after.end());
  }
  return ids;
}

std::string HfTokenizer::TokenBytes(TokenId id, bool special) const {
  switch (Kind(id)) {
    case TokenKind::kControl:
    case TokenKind::kUnused:
      return special ? std::string(TokenText(id)) : std::string();
    case TokenKind::kUserDefined:
      return std::string(TokenText(id));
    default:
      return parts_.decoder.Bytes(TokenText(id));
  }
}

StatusOr<std::string> HfTokenizer::Decode(std::span<const TokenId> ids,
                                          bool special) const {
  std::string bytes;
  bool at_start = strips_leading_space();
  for (size_t i = 0; i < ids.size(); ++i) {
    if (!parts_.vocabulary->Contains(ids[i])) {
      return absl::OutOfRangeError(
          absl::StrCat("token id ", ids[i], " at position ", i,
                       " is outside the vocabulary of ", size()));
    }
    const std::string piece = TokenBytes(ids[i], special);
    if (piece.empty()) continue;
    bytes.append(piece, at_start && piece[0] == ' ' ? 1 : 0);
    at_start = false;
  }
  std::string out;
  if (AppendRepaired(bytes, &out) > 0) out.append(kReplacement);
  return out;
}

// A token that the file does not have is none.
TokenId FindIn(const HfVocabulary& vocabulary,
               const std::optional<std::string>& text) {
  return text.has_value() ? vocabulary.Find(*text) : -1;
}

}  // namespace

StatusOr<std::shared_ptr<const Tokenizer>> BuildHfTokenizer(
    std::string_view json, const HfConfig& config,
    const std::vector<int64_t>& end_ids) {
  INLAY_ASSIGN_OR_RETURN(HfParts parts, ParseHfParts(json));
  const HfVocabulary& vocabulary = *parts.vocabulary;
  SpecialIds special;
  special.bos = FindIn(vocabulary, config.bos);
  special.eos = FindIn(vocabulary, config.eos);
  special.unk = FindIn(vocabulary, config.unk);
  special.pad = FindIn(vocabulary, config.pad);
  if (special.unk < 0) special.unk = parts.model->unknown();
  std::vector<TokenId> ends;
  for (const int64_t id : end_ids) {
    if (id < 0 || id >= vocabulary.size()) continue;  // padding of the head
    ends.push_back(static_cast<TokenId>(id));
    if (special.eos < 0) special.eos = ends.back();
  }
  return std::make_shared<const HfTokenizer>(std::move(parts), special, ends);
}

}  // namespace inlay::text
