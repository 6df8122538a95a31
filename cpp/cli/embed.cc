// inlay embed: vectors of texts or tokens.

#include <algorithm>

#include "cpp/cli/commands.h"
#include "cpp/cli/json_writer.h"
#include "cpp/cli/session.h"

namespace inlay::cli {
namespace {

using Inputs = std::vector<std::vector<int32_t>>;

int32_t PoolingOf(const Args& args) {
  const std::string name = args.Has("pooling") ? args.Text("pooling") : "model";
  if (name == "model") return INLAY_POOLING_MODEL;
  if (name == "cls") return INLAY_POOLING_CLS;
  if (name == "mean") return INLAY_POOLING_MEAN;
  if (name == "last") return INLAY_POOLING_LAST;
  throw UsageError("--pooling is model, cls, mean or last");
}

// The lines of the file, or the one text, or the tokens.
Inputs ReadInputs(const Args& args, const Model& model) {
  Inputs inputs;
  if (args.Has("tokens")) {
    inputs.push_back(ParseInts("--tokens", args.Text("tokens"), 0, INT32_MAX));
  } else if (args.Has("text")) {
    inputs.push_back(model.tokenize(args.Text("text"), 0));
  } else {
    const std::string text = ReadAll(args.Text("file"));
    for (size_t begin = 0; begin < text.size();) {
      const size_t end = std::min(text.find('\n', begin), text.size());
      if (end > begin) {
        inputs.push_back(model.tokenize(text.substr(begin, end - begin), 0));
      }
      begin = end + 1;
    }
    if (inputs.empty()) throw UsageError("the file has no lines");
  }
  return inputs;
}

void PrintVector(const float* vector, size_t width, bool json) {
  JsonWriter writer;
  std::string line;
  if (json) writer.Begin('{').Key("embedding").Begin('[');
  for (size_t i = 0; i < width; ++i) {
    if (json) {
      writer.Real(vector[i]);
    } else {
      line += (i > 0 ? " " : "") + Format("%.9g", double{vector[i]});
    }
  }
  Print((json ? writer.End(']').End('}').Take() : line) + "\n");
}

int Embed(const Args& args) {
  const int given =
      int{args.Has("text")} + int{args.Has("file")} + int{args.Has("tokens")};
  if (given != 1) throw UsageError("give one of --text, --file and --tokens");
  const int32_t pooling = PoolingOf(args);
  const Session session(args, false);
  const Inputs inputs = ReadInputs(args, session.model());
  const Engine engine = session.MakeEngine(0, 0);
  ReleaseInterrupt();  // one call, and nothing to clean up
  const auto vectors = engine.embed(
      inputs, {.pooling = pooling, .normalize = args.Has("raw") ? 2 : 0});
  for (const std::vector<float>& vector : vectors) {
    PrintVector(vector.data(), vector.size(), args.Has("json"));
  }
  return kSuccess;
}

}  // namespace

Command EmbedCommand() {
  return {
      "embed",
      "Turns texts into vectors.",
      "--model FOLDER (--text T | --file F | --tokens L) [OPTIONS]",
      "Needs an encoder, such as BERT, or a folder whose modules.json makes a\n"
      "decoder embed. Prints one line per input: its vector,\n"
      "nine significant digits. Two texts are alike if the product of their\n"
      "vectors is near 1. Tokens are taken as they are: nothing is added.",
      Join({ModelOptions(),
            {{"text", "TEXT", "The text."},
             {"file", "FILE",
              "Each line of the file is a text; - is standard input."},
             {"tokens", "LIST", "Token ids with commas: 1,2,3."},
             {"pooling", "NAME",
              "model, cls, mean or last: which rows make the vector. Default: "
              "as the model's folder says, else mean."},
             {"raw", "", "Do not scale vectors to a length of 1."}},
            EngineOptions(),
            {{"json", "", "{\"embedding\":[...]} per line"}}}),
      "  inlay embed --model all-MiniLM-L6-v2 --text \"A red fox\" --json\n",
      Embed};
}

}  // namespace inlay::cli
