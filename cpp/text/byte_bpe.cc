#include "cpp/text/byte_bpe.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp/text/byte_alphabet.h"

namespace inlay::text {
namespace {

// Pieces repeat: the ids of those seen in this text are copied, not computed.
constexpr size_t kCachedPieces = 1 << 14;
constexpr size_t kCachedPieceBytes = 64;

uint64_t PairKey(TokenId left, TokenId right) {
  return uint64_t{static_cast<uint32_t>(left)} << 32 |
         static_cast<uint32_t>(right);
}

struct IdRange {
  size_t begin, count;
};

}  // namespace

ByteBpe::ByteBpe(Vocabulary vocabulary, PreTokenizer pre_tokenizer)
    : BaseTokenizer(std::move(vocabulary),
                    absl::StrCat("BPE (", pre_tokenizer.spec().name, ")")),
      pre_tokenizer_(std::move(pre_tokenizer)) {
  for (int byte = 0; byte < 256; ++byte) {
    std::string letter;
    AppendByteLetters(std::string(1, static_cast<char>(byte)), &letter);
    byte_ids_[byte] = Find(letter);
  }
}

StatusOr<std::shared_ptr<const ByteBpe>> ByteBpe::Create(
    Vocabulary vocabulary, PreTokenizer pre_tokenizer) {
  const std::vector<std::string> merges = std::move(vocabulary.merges);
  std::shared_ptr<ByteBpe> result(
      new ByteBpe(std::move(vocabulary), std::move(pre_tokenizer)));
  INLAY_RETURN_IF_ERROR(result->AddMerges(merges));
  return result;
}

Status ByteBpe::AddMerges(const std::vector<std::string>& merges) {
  merges_.reserve(merges.size());
  for (size_t rank = 0; rank < merges.size(); ++rank) {
    const std::string_view merge = merges[rank];
    // A token is never empty, so the separator is not the first byte.
    const size_t space = merge.find(' ', 1);
    if (space == std::string_view::npos) {
      return absl::DataLossError(absl::StrCat("merge ", rank, " is no pair"));
    }
    const std::string_view left = merge.substr(0, space);
    const std::string_view right = merge.substr(space + 1);
    const TokenId left_id = Find(left), right_id = Find(right);
    const TokenId id = Find(absl::StrCat(left, right));
    if (left_id < 0 || right_id < 0 || id < 0) {
      return absl::DataLossError(absl::StrCat(
          "merge ", rank, " names a token that is not in the vocabulary"));
    }
    // User text must not turn into a control token.
    if (Kind(id) == TokenKind::kControl) continue;
    merges_.try_emplace(PairKey(left_id, right_id),
                        BpeMerge{static_cast<double>(rank), id});
  }
  return OkStatus();
}

TokenId ByteBpe::WholePiece(std::string_view piece,
                            std::string* letters) const {
  if ((pre_tokenizer_.spec().flags & kIgnoreMerges) == 0) return -1;
  letters->clear();
  AppendByteLetters(piece, letters);
  const TokenId id = Find(*letters);
  return id >= 0 && Kind(id) != TokenKind::kControl ? id : -1;
}

void ByteBpe::EncodePiece(std::string_view piece, Scratch* scratch,
                          std::vector<TokenId>* ids) const {
  const TokenId whole = WholePiece(piece, &scratch->letters);
  if (whole >= 0) {
    ids->push_back(whole);
    return;
  }
  std::vector<BpeSymbol>& symbols = scratch->symbols;
  symbols.clear();
  for (size_t i = 0; i < piece.size(); ++i) {
    const TokenId id = byte_ids_[static_cast<uint8_t>(piece[i])];
    // As in the reference, a byte without a token leaves no trace.
    if (id < 0) continue;
    symbols.push_back({static_cast<uint32_t>(i), 1, id, -1, -1});
  }
  LinkSymbols(&symbols);
  const auto find = [this](const BpeSymbol& left,
                           const BpeSymbol& right) -> std::optional<BpeMerge> {
    const auto merge = merges_.find(PairKey(left.id, right.id));
    if (merge == merges_.end()) return std::nullopt;
    return merge->second;
  };
  MergeSymbols(find, &symbols, &scratch->heap);
  for (const BpeSymbol& symbol : symbols) {
    if (symbol.length > 0) ids->push_back(symbol.id);
  }
}

Status ByteBpe::EncodeStretch(std::string_view text, bool /*first*/,
                              std::vector<TokenId>* ids) const {
  std::string normalized;
  if (pre_tokenizer_.normalizes()) {
    INLAY_ASSIGN_OR_RETURN(normalized, pre_tokenizer_.Normalize(text));
    text = normalized;
  }
  std::vector<std::string_view> pieces;
  INLAY_RETURN_IF_ERROR(pre_tokenizer_.Split(text, &pieces));
  Scratch scratch;
  HashMap<std::string_view, IdRange> seen;
  for (const std::string_view piece : pieces) {
    const bool cached = piece.size() <= kCachedPieceBytes;
    const auto known = cached ? seen.find(piece) : seen.end();
    if (known != seen.end()) {
      const IdRange range = known->second;
      for (size_t i = 0; i < range.count; ++i) {
        ids->push_back((*ids)[range.begin + i]);
      }
      continue;
    }
    const size_t begin = ids->size();
    EncodePiece(piece, &scratch, ids);
    if (cached && seen.size() < kCachedPieces) {
      seen.try_emplace(piece, IdRange{begin, ids->size() - begin});
    }
  }
  return OkStatus();
}

std::string ByteBpe::PlainBytes(TokenId id) const {
  std::string bytes;
  if (BytesOfLetters(TokenText(id), &bytes)) return bytes;
  return std::string(TokenText(id));
}

}  // namespace inlay::text
