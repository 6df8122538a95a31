// inlay rank: texts by how well they fit a query.

#include <algorithm>
#include <numeric>

#include "cpp/cli/commands.h"
#include "cpp/cli/json_writer.h"
#include "cpp/cli/session.h"

namespace inlay::cli {
namespace {

std::vector<std::string> ReadTexts(const Args& args) {
  if (args.Has("text") == args.Has("file")) {
    throw UsageError("give either --text or --file");
  }
  if (args.Has("text")) return {args.Text("text")};
  std::vector<std::string> texts;
  const std::string all = ReadAll(args.Text("file"));
  for (size_t begin = 0; begin < all.size();) {
    const size_t end = std::min(all.find('\n', begin), all.size());
    if (end > begin) texts.push_back(all.substr(begin, end - begin));
    begin = end + 1;
  }
  if (texts.empty()) throw UsageError("the file has no lines");
  return texts;
}

void PrintScore(size_t index, float score, const std::string& text, bool json) {
  if (!json) return Print(Format("%.9g", double{score}) + "\t" + text + "\n");
  JsonWriter writer;
  writer.Begin('{').Key("index").Int(static_cast<int64_t>(index));
  writer.Key("score").Real(score);
  Print(writer.End('}').Take() + "\n");
}

int Rank(const Args& args) {
  const std::vector<std::string> texts = ReadTexts(args);
  const Session session(args, false);
  const Engine engine = session.MakeEngine(0, 0);
  ReleaseInterrupt();  // one call, and nothing to clean up
  const std::vector<float> scores = engine.rank(args.Text("query"), texts);
  std::vector<size_t> order(texts.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return scores[a] > scores[b]; });
  for (const size_t i : order) {
    PrintScore(i, scores[i], texts[i], args.Has("json"));
  }
  return kSuccess;
}

}  // namespace

Command RankCommand() {
  return {
      "rank",
      "Orders texts by how well they fit a query.",
      "--model FOLDER --query Q (--text T | --file F) [OPTIONS]",
      "Needs a cross-encoder, a model with a classifier of one label, such as\n"
      "a BGE reranker. Prints one line per text, the best first: its score, a\n"
      "tab, and the text. A score is the model's logit, of nine significant\n"
      "digits.",
      Join({ModelOptions(),
            {{"query", "TEXT", "What is looked for."},
             {"text", "TEXT", "The one text."},
             {"file", "FILE",
              "Each line of the file is a text; - is standard input."}},
            EngineOptions(),
            {{"json", "",
              "{\"index\":2,\"score\":1.5} per line; the first text is 0."}}}),
      "  inlay rank --model bge-reranker-base --query \"red animals\" "
      "--file texts.txt\n",
      Rank};
}

}  // namespace inlay::cli
