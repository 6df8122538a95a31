// inlay inspect: what a model file holds.

#include <map>

#include "cpp/cli/commands.h"
#include "cpp/cli/json_writer.h"
#include "cpp/cli/session.h"

namespace inlay::cli {
namespace {

using detail::View;

// What running takes, or why the model cannot run. The model was opened for
// its vocabulary only, so its own `runnable` does not tell.
struct Estimate {
  inlay_memory_needs needs = INLAY_MEMORY_NEEDS_INIT;
  std::string why_not;  // empty: known
};

Estimate EstimateOf(const Session& session) {
  Estimate estimate;
  const inlay_engine_options options = session.EngineOptions(0, 0);
  inlay_error error = INLAY_ERROR_INIT;
  if (inlay_memory_estimate(session.model().get(), &options, &estimate.needs,
                            &error) != INLAY_OK) {
    estimate.why_not.assign(error.message, error.message_size);
  }
  return estimate;
}

std::vector<inlay_tensor_info> Tensors(const Model& model) {
  size_t count = 0;
  detail::Call(inlay_model_tensor_count, model.get(), &count);
  std::vector<inlay_tensor_info> tensors(count, INLAY_TENSOR_INFO_INIT);
  for (size_t i = 0; i < count; ++i) {
    detail::Call(inlay_model_tensor_get_info, model.get(), i, &tensors[i]);
  }
  return tensors;
}

std::vector<std::string> MetadataKeys(const Model& model) {
  size_t count = 0;
  detail::Call(inlay_model_metadata_count, model.get(), &count);
  std::vector<std::string> keys;
  for (size_t i = 0; i < count; ++i) {
    const char* key = nullptr;
    size_t size = 0;
    detail::Call(inlay_model_metadata_key, model.get(), i, &key, &size);
    keys.emplace_back(key, size);
  }
  return keys;
}

void WriteModel(const inlay_model_info& info, const std::string& why_not,
                JsonWriter& json) {
  json.Key("format").Text(View(info.format, info.format_size));
  json.Key("architecture")
      .Text(View(info.architecture, info.architecture_size));
  json.Key("name").Text(View(info.name, info.name_size));
  json.Key("runnable").Bool(why_not.empty());
  json.Key("not_runnable_reason").Text(why_not);
  json.Key("parameter_count").Unsigned(info.parameter_count);
  json.Key("weight_bytes").Unsigned(info.weight_bytes);
  json.Key("file_bytes").Unsigned(info.file_bytes);
  json.Key("context_length").Int(info.context_length);
  json.Key("layer_count").Int(info.layer_count);
  json.Key("embedding_length").Int(info.embedding_length);
  json.Key("head_count").Int(info.head_count);
  json.Key("kv_head_count").Int(info.kv_head_count);
  json.Key("head_dim").Int(info.head_dim);
  json.Key("vocabulary_size").Int(info.vocabulary_size);
  json.Key("tokenizer").Begin('{');
  json.Key("available").Bool(info.has_tokenizer != 0);
  json.Key("description")
      .Text(View(info.tokenizer_description, info.tokenizer_description_size));
  json.Key("bos").Int(info.bos_token).Key("eos").Int(info.eos_token);
  json.Key("unk").Int(info.unk_token).Key("pad").Int(info.pad_token);
  json.Key("adds_bos").Bool(info.adds_bos != 0);
  json.Key("adds_eos").Bool(info.adds_eos != 0).Key("end").Begin('[');
  for (size_t i = 0; i < info.end_token_count; ++i) {
    json.Int(info.end_tokens[i]);
  }
  json.End(']').End('}');
  json.Key("has_chat_template").Bool(info.has_chat_template != 0);
  json.Key("chat_template")
      .Text(View(info.chat_template, info.chat_template_size));
}

void WriteTensors(const std::vector<inlay_tensor_info>& tensors,
                  JsonWriter& json) {
  json.Key("tensors").Begin('[');
  for (const inlay_tensor_info& tensor : tensors) {
    json.Begin('{').Key("name").Text(View(tensor.name, tensor.name_size));
    json.Key("type").Text(View(tensor.type, tensor.type_size));
    json.Key("shape").Begin('[');
    for (int32_t i = 0; i < tensor.rank; ++i) json.Int(tensor.shape[i]);
    json.End(']').Key("offset").Unsigned(tensor.offset);
    json.Key("bytes").Unsigned(tensor.bytes).End('}');
  }
  json.End(']');
}

std::string ToJson(const Session& session, bool metadata) {
  const Model& model = session.model();
  JsonWriter json;
  json.Begin('{');
  const Estimate estimate = EstimateOf(session);
  WriteModel(model.info(), estimate.why_not, json);
  json.Key("memory_estimate");
  if (estimate.why_not.empty()) {
    json.Begin('{').Key("total").Unsigned(estimate.needs.total);
    json.Key("weights").Unsigned(estimate.needs.weights);
    json.Key("weights_mapped").Unsigned(estimate.needs.weights_mapped);
    json.Key("kv_cache").Unsigned(estimate.needs.kv_cache);
    json.Key("activations").Unsigned(estimate.needs.activations);
    json.Key("vocabulary").Unsigned(estimate.needs.vocabulary).End('}');
  } else {
    json.Null();
  }
  WriteTensors(Tensors(model), json);
  if (metadata) {
    json.Key("metadata").Begin('{');
    for (const std::string& key : MetadataKeys(model)) {
      json.Key(key).Text(model.metadata(key));
    }
    json.End('}');
  }
  return json.End('}').Take() + "\n";
}

std::string Line(const char* label, std::string text) {
  std::string line = label;
  line.resize(16, ' ');
  for (char& c : text) {  // a name may hold anything
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  }
  return line + text + "\n";
}

std::string TokenizerLines(const inlay_model_info& info) {
  std::string out = Line(
      "tokenizer", std::string(View(info.tokenizer_description,
                                    info.tokenizer_description_size)) +
                       ", " + std::to_string(info.vocabulary_size) + " tokens");
  std::string special = "bos " + std::to_string(info.bos_token) + ", eos " +
                        std::to_string(info.eos_token) + ", ends";
  for (size_t i = 0; i < info.end_token_count; ++i) {
    special += " " + std::to_string(info.end_tokens[i]);
  }
  out += Line("special tokens", special);
  return out + Line("chat template",
                    info.has_chat_template != 0 ? "yes" : "none, or unusable");
}

std::string ModelLines(const inlay_model_info& info,
                       const std::string& why_not) {
  std::string out = Line("name", std::string(View(info.name, info.name_size)));
  out += Line("format", std::string(View(info.format, info.format_size)) +
                            ", " + BytesText(info.file_bytes));
  out += Line("architecture",
              std::string(View(info.architecture, info.architecture_size)));
  out += Line("can run", why_not.empty() ? "yes" : "no: " + why_not);
  out += Line("parameters",
              Format("%.1f million in ",
                     static_cast<double>(info.parameter_count) / 1e6) +
                  BytesText(info.weight_bytes));
  out += Line("shape", std::to_string(info.layer_count) + " layers of " +
                           std::to_string(info.embedding_length) + ", " +
                           std::to_string(info.head_count) + " heads (" +
                           std::to_string(info.kv_head_count) +
                           " for keys) of " + std::to_string(info.head_dim));
  return out + Line("context", std::to_string(info.context_length) + " tokens");
}

std::string EstimateLines(const Estimate& estimate) {
  if (!estimate.why_not.empty()) {
    return Line("memory needed", "unknown: " + estimate.why_not);
  }
  const inlay_memory_needs& needs = estimate.needs;
  return Line("memory needed", BytesText(needs.total)) +
         Line("  weights", BytesText(needs.weights) + ", and " +
                               BytesText(needs.weights_mapped) +
                               " of the mapped file") +
         Line("  cache", BytesText(needs.kv_cache)) +
         Line("  work", BytesText(needs.activations)) +
         Line("  vocabulary", BytesText(needs.vocabulary));
}

std::string TensorLines(const std::vector<inlay_tensor_info>& tensors,
                        bool all) {
  std::map<std::string, std::pair<size_t, uint64_t>> by_type;
  for (const inlay_tensor_info& tensor : tensors) {
    auto& [count, bytes] =
        by_type[std::string(View(tensor.type, tensor.type_size))];
    ++count;
    bytes += tensor.bytes;
  }
  std::string out = Line("tensors", std::to_string(tensors.size()));
  for (const auto& [type, sum] : by_type) {
    out += Line(("  " + type).c_str(),
                std::to_string(sum.first) + ", " + BytesText(sum.second));
  }
  for (const inlay_tensor_info& tensor : tensors) {
    if (!all) break;
    std::string shape;
    for (int32_t i = 0; i < tensor.rank; ++i) {
      shape += (i == 0 ? "" : " x ") + std::to_string(tensor.shape[i]);
    }
    out += Line("", std::string(View(tensor.name, tensor.name_size)) + "  " +
                        std::string(View(tensor.type, tensor.type_size)) +
                        "  " + shape + "  " + BytesText(tensor.bytes));
  }
  return out;
}

int Inspect(const Args& args) {
  const Session session(args, true);
  const bool metadata = args.Has("metadata");
  if (args.Has("json")) {
    Print(ToJson(session, metadata));
    return kSuccess;
  }
  const Model& model = session.model();
  const inlay_model_info info = model.info();
  const Estimate estimate = EstimateOf(session);
  std::string out = ModelLines(info, estimate.why_not) + TokenizerLines(info) +
                    EstimateLines(estimate) +
                    TensorLines(Tensors(model), args.Has("tensors"));
  if (metadata) {
    out += "metadata\n";
    for (const std::string& key : MetadataKeys(model)) {
      std::string value = model.metadata(key);
      if (value.size() > 200) value = value.substr(0, 200) + "...";
      out += "  " + key + " = " + JsonString(value) + "\n";
    }
  }
  Print(out);
  return kSuccess;
}

}  // namespace

Command InspectCommand() {
  return {
      "inspect",
      "Describes a model file.",
      "--model FILE [OPTIONS]",
      "Prints the architecture, the tensors and their sizes, the tokenizer, "
      "and\n"
      "the memory that running the model would take. Reads the file's\n"
      "description only, so it is fast, and works on files without weights "
      "and\n"
      "of architectures that cannot run.",
      Join({{{"model", "FILE", "The model, a GGUF file. Needed."},
             ArchitectureOption(),
             {"tensors", "", "List every tensor."},
             {"metadata", "", "List the metadata."},
             {"in-place", "", "Estimate for running from the mapped file."}},
            EngineOptions(),
            {{"json", "",
              "One line of JSON, with every tensor and the chat template."}}}),
      "  inlay inspect --model m.gguf\n"
      "  inlay inspect --model m.gguf --ctx 8192 --json\n",
      Inspect};
}

}  // namespace inlay::cli
