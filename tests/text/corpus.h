// The corpus and the vocabularies of the tokenizer goldens; the same
// constructions as tests/goldens/text_corpus.py and make_text.py.
#ifndef INLAY_TESTS_TEXT_CORPUS_H_
#define INLAY_TESTS_TEXT_CORPUS_H_

#include <cstdint>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "cpp/text/byte_alphabet.h"
#include "cpp/text/vocabulary.h"

namespace inlay::text {

inline std::string ReadGolden(std::string_view name) {
  std::ifstream file(
      std::string(INLAY_SOURCE_DIR "/tests/goldens/text/") + std::string(name),
      std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline std::vector<std::string> Lines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

inline std::string Unescape(std::string_view line) {
  std::string out;
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] != '%') {
      out.push_back(line[i]);
      continue;
    }
    out.push_back(static_cast<char>(
        std::stoi(std::string(line.substr(i + 1, 2)), nullptr, 16)));
    i += 2;
  }
  return out;
}

class SplitMix64 {
 public:
  explicit SplitMix64(uint64_t seed) : state_(seed) {}
  uint64_t Below(uint64_t bound) {
    uint64_t z = state_ += 0x9E3779B97F4A7C15;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
    z = (z ^ z >> 27) * 0x94D049BB133111EB;
    return (z ^ z >> 31) % bound;
  }

 private:
  uint64_t state_;
};

inline std::vector<std::string> BuildCorpus() {
  std::vector<std::vector<std::string>> groups(1);
  for (const std::string& line : Lines(ReadGolden("fragments.txt"))) {
    if (line.empty()) {
      groups.emplace_back();
    } else {
      groups.back().push_back(Unescape(line));
    }
  }
  if (groups.back().empty()) groups.pop_back();
  std::vector<std::string> corpus(10000);
  for (size_t i = 0; i < corpus.size(); ++i) {
    SplitMix64 random(i);
    const auto add = [&](const std::vector<std::string>& group) {
      corpus[i] += group[random.Below(group.size())];
    };
    const uint64_t count = 1 + random.Below(12);
    for (uint64_t n = 0; n < count; ++n) {
      add(groups[random.Below(groups.size() - 1)]);
    }
    if (i % 50 == 0) {
      add(groups.back());
      add(groups[1]);
    }
  }
  return corpus;
}

inline const std::vector<std::string>& Corpus() {
  static const std::vector<std::string> corpus = BuildCorpus();
  return corpus;
}

// FNV-1a over the ids as 32-bit words, folded to 16 bits.
inline uint16_t Digest(std::span<const TokenId> ids) {
  uint32_t value = 0x811C9DC5;
  for (const TokenId id : ids) {
    value = (value ^ static_cast<uint32_t>(id)) * 0x01000193;
  }
  return static_cast<uint16_t>(value ^ value >> 16);
}

// What the golden says of string `i`.
inline uint16_t GoldenDigest(std::string_view golden, size_t i) {
  const auto byte = [&](size_t at) { return static_cast<uint8_t>(golden[at]); };
  return static_cast<uint16_t>(byte(2 * i) | byte(2 * i + 1) << 8);
}

inline Vocabulary ByteLevelVocabulary(std::string pre_tokenizer) {
  Vocabulary vocabulary;
  vocabulary.kind = "gpt2";
  vocabulary.pre_tokenizer = std::move(pre_tokenizer);
  std::unordered_set<std::string> known;
  const auto add = [&](std::string token) {
    if (known.insert(token).second) vocabulary.tokens.push_back(token);
  };
  for (int byte = 0; byte < 256; ++byte) {
    std::string letter;
    AppendByteLetters(std::string(1, static_cast<char>(byte)), &letter);
    add(letter);
  }
  vocabulary.merges = Lines(ReadGolden("merges.txt"));
  for (std::string merge : vocabulary.merges) {
    add(merge.erase(merge.find(' ', 1), 1));
  }
  for (const std::string& token : Lines(ReadGolden("whole.txt"))) add(token);
  return vocabulary;
}

inline Vocabulary SentencePieceVocabulary() {
  Vocabulary vocabulary;
  vocabulary.kind = "llama";
  const auto add = [&](std::string token, TokenKind kind, float score) {
    vocabulary.tokens.push_back(std::move(token));
    vocabulary.kinds.push_back(kind);
    vocabulary.scores.push_back(score);
  };
  add("<unk>", TokenKind::kUnknown, 0);
  add("<s>", TokenKind::kControl, 0);
  add("</s>", TokenKind::kControl, 0);
  for (int byte = 0; byte < 256; ++byte) {
    const char* hex = "0123456789ABCDEF";
    add(std::string("<0x") + hex[byte >> 4] + hex[byte & 15] + ">",
        TokenKind::kByte, 0);
  }
  std::vector<std::string> letters;
  bool merged = false;
  for (const std::string& line : Lines(ReadGolden("sentencepiece.txt"))) {
    if (line == "---") {
      merged = true;
    } else if (merged) {
      add(line, TokenKind::kNormal, -float(vocabulary.tokens.size()));
    } else {
      letters.push_back(line);
    }
  }
  for (const std::string& letter : letters) {
    add(letter, TokenKind::kNormal, -float(vocabulary.tokens.size()));
  }
  vocabulary.unk = 0;
  vocabulary.bos = 1;
  vocabulary.eos = 2;
  return vocabulary;
}

}  // namespace inlay::text

#endif  // INLAY_TESTS_TEXT_CORPUS_H_
