#include "cpp/text/sentencepiece_file.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

namespace inlay::text {
namespace {

constexpr size_t kMaxPieces = size_t{1} << 22;

// One field of a message; of the two values the one that its type has.
struct Field {
  uint64_t number = 0;
  uint64_t value = 0;      // varint, or the bits of a fixed one
  std::string_view bytes;  // a string or a message
};

// Walks the fields of a message (encoding: protobuf.dev).
class Fields {
 public:
  explicit Fields(std::string_view message) : rest_(message) {}

  bool done() const { return rest_.empty(); }

  StatusOr<Field> Next() {
    Field field;
    INLAY_ASSIGN_OR_RETURN(const uint64_t tag, Varint());
    field.number = tag >> 3;
    switch (tag & 7) {
      case 0: {
        INLAY_ASSIGN_OR_RETURN(field.value, Varint());
        return field;
      }
      case 1:
        return Fixed(8, field);
      case 2: {
        INLAY_ASSIGN_OR_RETURN(const uint64_t length, Varint());
        if (length > rest_.size()) return Broken();
        field.bytes = rest_.substr(0, length);
        rest_.remove_prefix(length);
        return field;
      }
      case 5:
        return Fixed(4, field);
      default:
        return Broken();
    }
  }

 private:
  static Status Broken() {
    return absl::DataLossError("the SentencePiece model is broken");
  }

  StatusOr<Field> Fixed(size_t bytes, Field field) {
    if (bytes > rest_.size()) return Broken();
    std::memcpy(&field.value, rest_.data(), bytes);
    rest_.remove_prefix(bytes);
    return field;
  }

  StatusOr<uint64_t> Varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
      const auto byte = static_cast<uint8_t>(rest_[0]);
      rest_.remove_prefix(1);
      value |= uint64_t{byte & 0x7Fu} << shift;
      if (byte < 0x80) return value;
    }
    return Broken();
  }

  std::string_view rest_;
};

// Calls visit(field) for each field of `message`.
template <typename Visit>
Status ForEachField(std::string_view message, const Visit& visit) {
  Fields fields(message);
  while (!fields.done()) {
    INLAY_ASSIGN_OR_RETURN(const Field field, fields.Next());
    INLAY_RETURN_IF_ERROR(visit(field));
  }
  return OkStatus();
}

StatusOr<TokenKind> KindOf(uint64_t type) {
  switch (type) {
    case 1:
    case 4:  // user-defined: found by the model, not before it
      return TokenKind::kNormal;
    case 2:
      return TokenKind::kUnknown;
    case 3:
      return TokenKind::kControl;
    case 5:
      return TokenKind::kUnused;
    case 6:
      return TokenKind::kByte;
    default:
      return absl::DataLossError(
          absl::StrCat("a SentencePiece piece of type ", type));
  }
}

Status AddPiece(std::string_view message, Vocabulary* vocabulary) {
  if (vocabulary->tokens.size() >= kMaxPieces) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "the SentencePiece model has more than ", kMaxPieces, " pieces"));
  }
  std::string_view text;
  float score = 0;
  uint64_t type = 1;
  INLAY_RETURN_IF_ERROR(ForEachField(message, [&](const Field& field) {
    if (field.number == 1) text = field.bytes;
    if (field.number == 2) {
      const auto bits = static_cast<uint32_t>(field.value);
      std::memcpy(&score, &bits, sizeof(score));
    }
    if (field.number == 3) type = field.value;
    return OkStatus();
  }));
  INLAY_ASSIGN_OR_RETURN(const TokenKind kind, KindOf(type));
  if (type == 4) {
    vocabulary->user_symbols.push_back(
        static_cast<TokenId>(vocabulary->tokens.size()));
  }
  vocabulary->tokens.emplace_back(text);
  vocabulary->scores.push_back(score);
  vocabulary->kinds.push_back(kind);
  return OkStatus();
}

struct Trainer {
  uint64_t model = 1;  // Unigram; 2: BPE
  int64_t unk = 0, bos = 1, eos = 2, pad = -1;
};

Status ReadTrainer(std::string_view message, Trainer* trainer,
                   Vocabulary* vocabulary) {
  return ForEachField(message, [&](const Field& field) {
    const auto id = static_cast<int64_t>(field.value);
    if (field.number == 3) trainer->model = field.value;
    if (field.number == 24) vocabulary->whitespace_as_suffix = id != 0;
    if (field.number == 40) trainer->unk = id;
    if (field.number == 41) trainer->bos = id;
    if (field.number == 42) trainer->eos = id;
    if (field.number == 43) trainer->pad = id;
    return OkStatus();
  });
}

Status ReadNormalizer(std::string_view message, Vocabulary* vocabulary) {
  return ForEachField(message, [&](const Field& field) {
    const bool on = field.value != 0;
    if (field.number == 2) vocabulary->charsmap = field.bytes;
    if (field.number == 3) vocabulary->add_space_prefix = on;
    if (field.number == 4) vocabulary->remove_extra_whitespaces = on;
    if (field.number == 5) vocabulary->escape_whitespaces = on;
    return OkStatus();
  });
}

// A negative number says that there is none. The defaults of the numbers may
// meet any piece, so what it is counts too.
TokenId IdOf(int64_t id, const Vocabulary& vocabulary) {
  if (id < 0 || static_cast<uint64_t>(id) >= vocabulary.tokens.size()) {
    return -1;
  }
  const auto token = static_cast<TokenId>(id);
  const auto& symbols = vocabulary.user_symbols;
  const TokenKind kind = vocabulary.kinds[static_cast<size_t>(id)];
  const bool ordinary =
      kind == TokenKind::kByte ||
      (kind == TokenKind::kNormal &&
       !std::binary_search(symbols.begin(), symbols.end(), token));
  return ordinary ? -1 : token;
}

}  // namespace

StatusOr<SentencePieceFile> ParseSentencePieceFile(std::string_view file) {
  if (file.size() > kMaxSentencePieceBytes) {
    return absl::ResourceExhaustedError(
        absl::StrCat("a SentencePiece model of ", file.size(), " bytes"));
  }
  SentencePieceFile result;
  Vocabulary& vocabulary = result.vocabulary;
  vocabulary.add_space_prefix = true;
  vocabulary.remove_extra_whitespaces = true;
  Trainer trainer;
  INLAY_RETURN_IF_ERROR(ForEachField(file, [&](const Field& field) -> Status {
    if (field.number == 1) return AddPiece(field.bytes, &vocabulary);
    if (field.number == 2) {
      return ReadTrainer(field.bytes, &trainer, &vocabulary);
    }
    if (field.number == 3) return ReadNormalizer(field.bytes, &vocabulary);
    return OkStatus();
  }));
  if (vocabulary.tokens.empty()) {
    return absl::DataLossError("the SentencePiece model has no pieces");
  }
  if (trainer.model != 1 && trainer.model != 2) {
    return absl::UnimplementedError(absl::StrCat(
        "SentencePiece model type ", trainer.model, " (words or characters)"));
  }
  result.unigram = trainer.model == 1;
  vocabulary.unk = IdOf(trainer.unk, vocabulary);
  vocabulary.bos = IdOf(trainer.bos, vocabulary);
  vocabulary.eos = IdOf(trainer.eos, vocabulary);
  vocabulary.pad = IdOf(trainer.pad, vocabulary);
  return result;
}

}  // namespace inlay::text
