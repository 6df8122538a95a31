// Byte-pair encoding over characters (Sennrich et al., 2016), with the options
// of tokenizer.json.
#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp/text/bpe_merge.h"
#include "cpp/text/hf_characters.h"
#include "cpp/text/hf_model.h"

namespace inlay::text {
namespace {

uint64_t PairKey(TokenId left, TokenId right) {
  return uint64_t{static_cast<uint32_t>(left)} << 32 |
         static_cast<uint32_t>(right);
}

struct BpeOptions {
  TokenId unknown = -1;
  std::string prefix, suffix;  // of parts that continue, or end, a word
  bool fuse_unknown = false;
  bool byte_fallback = false;
  bool ignore_merges = false;
};

class Bpe final : public HfModel {
 public:
  Bpe(const HfVocabulary& vocabulary, BpeOptions options)
      : vocabulary_(vocabulary), options_(std::move(options)) {}

  std::string_view description() const override { return "BPE"; }
  TokenId unknown() const override { return options_.unknown; }

  Status AddMerge(std::string_view left, std::string_view right, size_t rank,
                  const std::string& path) {
    std::string_view rest = right;
    if (!options_.prefix.empty() &&
        rest.substr(0, options_.prefix.size()) == options_.prefix) {
      rest.remove_prefix(options_.prefix.size());
    }
    const TokenId left_id = vocabulary_.Find(left);
    const TokenId right_id = vocabulary_.Find(right);
    const TokenId id = vocabulary_.Find(absl::StrCat(left, rest));
    if (left_id < 0 || right_id < 0 || id < 0) {
      return absl::DataLossError(
          absl::StrCat(path, ": merge ", rank,
                       " names a token that is not in the vocabulary"));
    }
    // User text must not turn into a special token.
    if (vocabulary_.Kind(id) == TokenKind::kControl) return OkStatus();
    merges_.try_emplace(PairKey(left_id, right_id),
                        BpeMerge{static_cast<double>(rank), id});
    return OkStatus();
  }

  Status Encode(std::string_view piece,
                std::vector<TokenId>* ids) const override {
    if (options_.ignore_merges) {
      const TokenId whole = vocabulary_.FindPlain(piece);
      if (whole >= 0) {
        ids->push_back(whole);
        return OkStatus();
      }
    }
    std::vector<BpeSymbol> symbols = Symbols(piece);
    LinkSymbols(&symbols);
    const auto find = [this](
                          const BpeSymbol& left,
                          const BpeSymbol& right) -> std::optional<BpeMerge> {
      const auto merge = merges_.find(PairKey(left.id, right.id));
      if (merge == merges_.end()) return std::nullopt;
      return merge->second;
    };
    std::vector<BpeCandidate> heap;
    MergeSymbols(find, &symbols, &heap);
    for (const BpeSymbol& symbol : symbols) {
      if (symbol.length > 0) ids->push_back(symbol.id);
    }
    return OkStatus();
  }

 private:
  TokenId FindCharacter(std::string_view piece, size_t at, size_t next) const {
    const std::string_view text = piece.substr(at, next - at);
    const bool begins = at == 0, ends = next == piece.size();
    if ((begins || options_.prefix.empty()) &&
        (!ends || options_.suffix.empty())) {
      return vocabulary_.FindPlain(text);
    }
    return vocabulary_.FindPlain(
        absl::StrCat(begins ? std::string_view() : options_.prefix, text,
                     ends ? options_.suffix : std::string_view()));
  }

  // One symbol per character; per byte where that is the fallback. What has no
  // token and no fallback leaves no trace if there is no unknown token.
  std::vector<BpeSymbol> Symbols(std::string_view piece) const {
    std::vector<BpeSymbol> symbols;
    bool after_unknown = false;
    std::vector<TokenId> bytes;
    ForEachCharacter(piece, [&](char32_t, size_t at, size_t next) {
      const auto begin = static_cast<uint32_t>(at);
      const auto length = static_cast<uint32_t>(next - at);
      const TokenId id = FindCharacter(piece, at, next);
      if (id >= 0) {
        symbols.push_back({begin, length, id, -1, -1});
        after_unknown = false;
        return;
      }
      bytes.clear();
      if (options_.byte_fallback &&
          vocabulary_.AppendBytes(piece.substr(at, next - at), &bytes)) {
        for (uint32_t i = 0; i < length; ++i) {
          symbols.push_back({begin + i, 1, bytes[i], -1, -1});
        }
        after_unknown = false;
        return;
      }
      if (options_.unknown < 0) return;
      if (after_unknown && options_.fuse_unknown) {
        symbols.back().length += length;
      } else {
        symbols.push_back({begin, length, options_.unknown, -1, -1});
      }
      after_unknown = true;
    });
    return symbols;
  }

  const HfVocabulary& vocabulary_;
  const BpeOptions options_;
  HashMap<uint64_t, BpeMerge> merges_;  // by left and right id
};

// "left right", or ["left", "right"].
Status AddMerge(const simdjson::dom::element& element, size_t rank,
                const std::string& path, Bpe* bpe) {
  std::string_view left, right, pair;
  if (element.get_string().get(pair) == simdjson::SUCCESS) {
    const size_t space = pair.find(' ', pair.empty() ? 0 : 1);
    if (space != std::string_view::npos) {
      return bpe->AddMerge(pair.substr(0, space), pair.substr(space + 1), rank,
                           path);
    }
  } else if (element.is_array()) {
    const simdjson::dom::array parts = element.get_array().value_unsafe();
    if (parts.size() == 2 &&
        parts.at(0).get_string().get(left) == simdjson::SUCCESS &&
        parts.at(1).get_string().get(right) == simdjson::SUCCESS) {
      return bpe->AddMerge(left, right, rank, path);
    }
  }
  return absl::InvalidArgumentError(
      absl::StrCat(path, ": merge ", rank, " is no pair"));
}

}  // namespace

StatusOr<std::unique_ptr<HfModel>> ParseBpe(const json::Value& model,
                                            const HfVocabulary& vocabulary) {
  BpeOptions options;
  double dropout = 0.0;
  INLAY_RETURN_IF_ERROR(model["dropout"].GetIfPresent(&dropout));
  if (dropout != 0.0) {
    return absl::UnimplementedError(
        absl::StrCat(model["dropout"].path(), " makes the ids random"));
  }
  INLAY_ASSIGN_OR_RETURN(options.unknown, ParseUnknown(model, vocabulary));
  INLAY_RETURN_IF_ERROR(
      model["continuing_subword_prefix"].GetIfPresent(&options.prefix));
  INLAY_RETURN_IF_ERROR(
      model["end_of_word_suffix"].GetIfPresent(&options.suffix));
  INLAY_RETURN_IF_ERROR(model["fuse_unk"].GetIfPresent(&options.fuse_unknown));
  INLAY_RETURN_IF_ERROR(
      model["byte_fallback"].GetIfPresent(&options.byte_fallback));
  INLAY_RETURN_IF_ERROR(
      model["ignore_merges"].GetIfPresent(&options.ignore_merges));
  auto bpe = std::make_unique<Bpe>(vocabulary, std::move(options));
  const json::Value merges = model["merges"];
  simdjson::dom::array pairs;
  INLAY_RETURN_IF_ERROR(merges.Get(&pairs));
  size_t rank = 0;
  for (const simdjson::dom::element pair : pairs) {
    INLAY_RETURN_IF_ERROR(AddMerge(pair, rank++, merges.path(), bpe.get()));
  }
  return bpe;
}

}  // namespace inlay::text
