// inlay score: log-probabilities of given tokens.

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <memory>
#include <numeric>

#include "cpp/cli/commands.h"
#include "cpp/cli/json_writer.h"
#include "cpp/cli/session.h"

namespace inlay::cli {
namespace {

// log(sum(exp(row))): subtracted from a logit it gives the log-probability.
double LogSumExp(const float* row, size_t size) {
  const double most = *std::max_element(row, row + size);
  double sum = 0;
  for (size_t i = 0; i < size; ++i) sum += std::exp(row[i] - most);
  return most + std::log(sum);
}

// The k likeliest ids, likeliest first; the smaller id first among equals.
std::vector<int32_t> Likeliest(const float* row, size_t size, size_t k) {
  std::vector<int32_t> ids(size);
  std::iota(ids.begin(), ids.end(), 0);
  std::partial_sort(ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(k),
                    ids.end(), [&](int32_t a, int32_t b) {
                      return row[a] != row[b] ? row[a] > row[b] : a < b;
                    });
  ids.resize(k);
  return ids;
}

struct Scores {
  std::vector<int32_t> encoder_tokens;  // of a model with an encoder
  std::vector<int32_t> tokens;
  size_t vocabulary = 0;
  std::unique_ptr<float[]> logits;  // row i: what follows tokens[0..i]

  const float* Row(size_t i) const { return &logits[i * vocabulary]; }
};

void PrintJson(const Scores& scores, size_t top) {
  JsonWriter json;
  json.Begin('{').Key("positions").Begin('[');
  double before = 0;  // the previous row's log-sum-exp
  for (size_t i = 0; i < scores.tokens.size(); ++i) {
    const int32_t token = scores.tokens[i];
    json.Begin('{').Key("token").Int(token).Key("logprob");
    if (i == 0) {
      json.Null();
    } else {
      json.Real(scores.Row(i - 1)[token] - before);
    }
    const float* row = scores.Row(i);
    before = LogSumExp(row, scores.vocabulary);
    json.Key("top").Begin('[');
    for (int32_t id : Likeliest(row, scores.vocabulary, top)) {
      json.Begin('{').Key("token").Int(id);
      json.Key("logprob").Real(row[id] - before).End('}');
    }
    json.End(']').End('}');
    Print(json.Take());
  }
  Print(json.End(']').End('}').Take() + "\n");
}

void PrintTable(const Scores& scores, size_t top) {
  double before = 0;
  for (size_t i = 0; i < scores.tokens.size(); ++i) {
    const int32_t token = scores.tokens[i];
    std::string line = std::to_string(token) + "\t";
    line += i == 0 ? "-" : Format("%.9g", scores.Row(i - 1)[token] - before);
    const float* row = scores.Row(i);
    before = LogSumExp(row, scores.vocabulary);
    for (int32_t id : Likeliest(row, scores.vocabulary, top)) {
      line +=
          "\t" + std::to_string(id) + ":" + Format("%.9g", row[id] - before);
    }
    Print(line + "\n");
  }
}

void WriteLogits(const Scores& scores, const std::string& path) {
  std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "wb"),
                                             std::fclose);
  const size_t count = scores.tokens.size() * scores.vocabulary;
  const bool written = file != nullptr &&
                       std::fwrite(scores.logits.get(), sizeof(float), count,
                                   file.get()) == count &&
                       std::fclose(file.release()) == 0;
  if (!written) throw std::runtime_error(path + ": " + std::strerror(errno));
}

std::vector<int32_t> ReadTokens(const Args& args) {
  if (args.Has("tokens") == args.Has("tokens-file")) {
    throw UsageError("give either --tokens or --tokens-file");
  }
  const bool direct = args.Has("tokens");
  return ParseInts(
      direct ? "--tokens" : "--tokens-file",
      direct ? args.Text("tokens") : ReadAll(args.Text("tokens-file")), 0,
      INT32_MAX);
}

int Score(const Args& args) {
  Scores scores;
  scores.tokens = ReadTokens(args);
  if (args.Has("encoder-tokens")) {
    scores.encoder_tokens = ParseInts(
        "--encoder-tokens", args.Text("encoder-tokens"), 0, INT32_MAX);
  }
  args.Int("top", 5, 0, INT32_MAX);
  const Session session(args, false);
  scores.vocabulary =
      static_cast<size_t>(session.model().info().vocabulary_size);
  const auto top = static_cast<size_t>(args.Int(
      "top", std::min<int64_t>(5, static_cast<int64_t>(scores.vocabulary)), 0,
      static_cast<int64_t>(scores.vocabulary)));
  const Engine engine = session.MakeEngine(
      static_cast<int32_t>(std::max<size_t>(
          scores.encoder_tokens.size() + scores.tokens.size(), 2)),
      1);
  const size_t count = scores.tokens.size() * scores.vocabulary;
  scores.logits.reset(new float[count]);
  ReleaseInterrupt();  // one long call, and nothing to clean up
  const int32_t* const tokens = scores.tokens.data();
  if (args.Has("encoder-tokens")) {
    const int32_t* const encoder = scores.encoder_tokens.data();
    detail::Call(inlay_score_encoded, engine.get(), encoder,
                 scores.encoder_tokens.size(), tokens, scores.tokens.size(),
                 scores.logits.get(), count, static_cast<size_t*>(nullptr));
  } else {
    detail::Call(inlay_score, engine.get(), tokens, scores.tokens.size(),
                 scores.logits.get(), count, static_cast<size_t*>(nullptr));
  }
  if (args.Has("logits")) {
    WriteLogits(scores, args.Text("logits"));
  } else if (args.Has("json")) {
    PrintJson(scores, top);
  } else {
    PrintTable(scores, top);
  }
  return kSuccess;
}

}  // namespace

Command ScoreCommand() {
  return {
      "score",
      "Gives the log-probabilities of tokens.",
      "--model FILE (--tokens LIST | --tokens-file FILE) [OPTIONS]",
      "For every position i: the natural logarithm of the probability of "
      "token\n"
      "i given those before it (none for the first), and the K likeliest\n"
      "tokens to follow it, likeliest first. Nine significant digits. The\n"
      "tokens are taken as they are: no BOS is added. Needs 4 bytes of memory\n"
      "for each position and vocabulary entry.",
      Join({ModelOptions(),
            {{"tokens", "LIST", "Token ids with commas: 1,2,3."},
             {"tokens-file", "FILE",
              "Read them from a file; commas or white space between."},
             {"encoder-tokens", "LIST",
              "What the encoder reads, of a model that has one; the tokens "
              "are its decoder's."},
             {"top", "K",
              "How many continuations, 0 to the vocabulary's size. Default: "
              "5."},
             {"logits", "FILE",
              "Write the logits instead: float32 of this machine's byte order, "
              "one row of the vocabulary per position."}},
            EngineOptions(),
            {{"json", "",
              "{\"positions\": [{\"token\": 1, \"logprob\": null, \"top\": "
              "[{\"token\": 5, \"logprob\": -0.123456789}, ...]}, ...]}, "
              "without the blanks."}}}),
      "  inlay score --model m.gguf --tokens 1,450,7483 --top 3 --json\n"
      "  inlay score --model t5 --encoder-tokens 8774,1 --tokens 0,644\n"
      "  inlay score --model m.gguf --tokens-file ids.txt --logits out.f32\n",
      Score};
}

}  // namespace inlay::cli
