// inlay tokenize: text to token ids.

#include "cpp/cli/commands.h"
#include "cpp/cli/json_writer.h"
#include "cpp/cli/session.h"

namespace inlay::cli {
namespace {

std::string TokenText(const Model& model, int32_t token) {
  return detail::Text([&](char* buffer, size_t capacity, size_t* size) {
    detail::Call(inlay_model_token_bytes, model.get(), token,
                 uint64_t{INLAY_DETOKENIZE_SPECIAL}, buffer, capacity, size);
  });
}

int Tokenize(const Args& args) {
  if (args.Has("text") == args.Has("file")) {
    throw UsageError("give either --text or --file");
  }
  const std::string text =
      args.Has("text") ? args.Text("text") : ReadAll(args.Text("file"));
  const Session session(args, true);
  uint64_t flags = 0;
  if (args.Has("no-special")) flags |= INLAY_TOKENIZE_NO_SPECIAL;
  if (args.Has("special")) flags |= INLAY_TOKENIZE_PARSE_SPECIAL;
  const Model& model = session.model();
  const std::vector<int32_t> tokens = model.tokenize(text, flags);
  std::string out;
  if (args.Has("json")) {
    JsonWriter json;
    json.Begin('{').Key("tokens").Begin('[');
    for (int32_t token : tokens) json.Int(token);
    out = json.End(']').End('}').Take() + "\n";
  } else {
    for (int32_t token : tokens) {
      out += std::to_string(token) + "\t" +
             JsonString(TokenText(model, token)) + "\n";
    }
  }
  Print(out);
  return kSuccess;
}

}  // namespace

Command TokenizeCommand() {
  return {
      "tokenize",
      "Turns text into token ids.",
      "--model FILE (--text TEXT | --file FILE) [OPTIONS]",
      "Prints one line per token: its id, a tab, and its bytes as a JSON "
      "string\n"
      "(U+FFFD for bytes that are only part of a character). BOS and EOS are\n"
      "added where the model wants them. Reads the vocabulary only, so it "
      "works\n"
      "on files without weights and of architectures that cannot run.",
      {{"model", "FILE", "The model, a GGUF file. Needed."},
       {"text", "TEXT", "The text."},
       {"file", "FILE", "Read the text from a file; - is standard input."},
       {"no-special", "", "Add neither BOS nor EOS."},
       {"special", "", "Recognise control tokens spelled out in the text."},
       {"json", "", "{\"tokens\":[...]}"}},
      "  inlay tokenize --model m.gguf --text \"Hello, world\" --json\n",
      Tokenize};
}

}  // namespace inlay::cli
