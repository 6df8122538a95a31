// Semantic search over a folder of text:
//
//   embed-search MODEL FOLDER [QUESTION]...
//
// Every passage of every file becomes a vector, and so does the question; the
// passages whose vectors point in the most similar direction are printed.
// Without a question, questions are read from standard input, one per line.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <inlay/inlay.hpp>
#include <iostream>
#include <numeric>
#include <string>
#include <vector>

#include "passages.h"

namespace {

using Vector = std::vector<float>;

constexpr int kWords = 100;     // of a passage, at most
constexpr size_t kBatch = 64;   // passages of one call
constexpr size_t kResults = 5;  // per question
constexpr size_t kShown = 160;  // bytes of a passage

const char kUsage[] =
    "usage: embed-search MODEL FOLDER [QUESTION]...\n"
    "MODEL is the folder of a sentence encoder (BERT, RoBERTa, XLM-R), such "
    "as\n"
    "all-MiniLM-L6-v2. Without a QUESTION they are read from standard input.\n";

class Searcher {
 public:
  explicit Searcher(const std::string& path)
      : model_(inlay::Context().open(path)), engine_(model_) {
    most_tokens_ = static_cast<size_t>(engine_.config().context_length);
  }

  void Index(std::vector<Passage> passages) {
    passages_ = std::move(passages);
    for (size_t i = 0; i < passages_.size(); i += kBatch) {
      const size_t end = std::min(i + kBatch, passages_.size());
      std::vector<std::vector<int32_t>> inputs;
      for (size_t j = i; j < end; ++j) {
        inputs.push_back(Tokens(passages_[j].text));
      }
      // The engine computes as many inputs together as a step takes.
      for (Vector& vector : engine_.embed(inputs, Unit())) {
        vectors_.push_back(std::move(vector));
      }
      std::cerr << "\r" << end << " of " << passages_.size() << " passages"
                << std::flush;
    }
    std::cerr << "\n";
  }

  void Answer(const std::string& question) const {
    const Vector wanted = engine_.embed({Tokens(question)}, Unit())[0];
    std::vector<std::pair<float, size_t>> ranks;
    for (size_t i = 0; i < vectors_.size(); ++i) {
      // Of vectors of length 1 this is the cosine of the angle between them.
      ranks.emplace_back(std::inner_product(wanted.begin(), wanted.end(),
                                            vectors_[i].begin(), 0.0f),
                         i);
    }
    const size_t count = std::min(kResults, ranks.size());
    std::partial_sort(ranks.begin(), ranks.begin() + count, ranks.end(),
                      [](const auto& a, const auto& b) {
                        return a.first != b.first ? a.first > b.first
                                                  : a.second < b.second;
                      });
    for (size_t i = 0; i < count; ++i) Print(ranks[i].first, ranks[i].second);
  }

 private:
  static inlay::EmbedOptions Unit() {
    inlay::EmbedOptions options;
    options.normalize = 1;
    return options;
  }

  // What does not fit is cut off; the last token ends an input, so it stays.
  std::vector<int32_t> Tokens(const std::string& text) const {
    std::vector<int32_t> tokens = model_.tokenize(text);
    if (tokens.size() > most_tokens_) {
      tokens[most_tokens_ - 1] = tokens.back();
      tokens.resize(most_tokens_);
    }
    return tokens;
  }

  void Print(float score, size_t index) const {
    const Passage& passage = passages_[index];
    std::string shown = passage.text.substr(0, kShown);
    if (shown.size() < passage.text.size()) {
      // Not in the middle of a character.
      while ((passage.text[shown.size()] & 0xC0) == 0x80) shown.pop_back();
      shown += "...";
    }
    std::printf("%.3f  %s:%d  %s\n", static_cast<double>(score),
                passage.file.c_str(), passage.line, shown.c_str());
  }

  inlay::Model model_;
  inlay::Engine engine_;
  size_t most_tokens_ = 0;
  std::vector<Passage> passages_;
  std::vector<Vector> vectors_;
};

int Run(int argc, char** argv) {
  int skipped = 0;
  std::vector<Passage> passages = ReadPassages(argv[2], kWords, &skipped);
  if (skipped > 0) std::cerr << skipped << " files are no text: left out\n";
  if (passages.empty()) {
    std::cerr << "no text in " << argv[2] << "\n";
    return 1;
  }
  Searcher searcher(argv[1]);
  searcher.Index(std::move(passages));
  for (int i = 3; i < argc; ++i) searcher.Answer(argv[i]);
  if (argc > 3) return 0;
  for (std::string line; std::getline(std::cin, line);) {
    if (!line.empty()) searcher.Answer(line);
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "--help") == 0) {
    std::cout << kUsage;
    return 0;
  }
  if (argc < 3) {
    std::cerr << kUsage;
    return 2;
  }
  try {
    return Run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "embed-search: " << error.what() << "\n";
    return 1;
  }
}
