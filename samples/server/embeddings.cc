// POST /v1/embeddings
#include <cstring>
#include <string>
#include <vector>

#include "errors.h"
#include "service.h"

namespace server {
namespace {

using nlohmann::json;
using Tokens = std::vector<int32_t>;

constexpr size_t kMostInputs = 2048;  // as OpenAI has it

Tokens ToTokens(const json& list) {
  Tokens tokens;
  for (const json& token : list) {
    if (!token.is_number_integer() || token < 0 || token > INT32_MAX) {
      BadField("input", "has something that is no token id");
    }
    tokens.push_back(token.get<int32_t>());
  }
  return tokens;
}

Tokens InputOf(const inlay::Model& model, const json& value) {
  if (value.is_string()) return model.tokenize(value.get<std::string>());
  if (!value.is_array() || value.empty()) {
    BadField("input", "must be texts or token ids");
  }
  return ToTokens(value);
}

// One text, one list of ids, or several of either.
std::vector<Tokens> InputsOf(const inlay::Model& model, Fields* fields) {
  const json* value = fields->Find("input");
  if (value == nullptr) BadField("input", "is missing");
  const bool one =
      !value->is_array() || (!value->empty() && (*value)[0].is_number());
  if (one) return {InputOf(model, *value)};
  if (value->empty() || value->size() > kMostInputs) {
    BadField("input",
             "must have from 1 to " + std::to_string(kMostInputs) + " entries");
  }
  std::vector<Tokens> inputs;
  for (const json& entry : *value) inputs.push_back(InputOf(model, entry));
  return inputs;
}

// Little-endian floats in base64, which OpenAI's clients ask for.
std::string Base64(const std::vector<float>& values) {
  static const char kDigits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes(values.size() * sizeof(float), '\0');
  if (!values.empty()) {
    std::memcpy(&bytes[0], values.data(), bytes.size());
  }
  std::string text;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t group = 0;
    for (size_t j = 0; j < 3; ++j) {
      group = group << 8 |
              (i + j < bytes.size() ? static_cast<uint8_t>(bytes[i + j]) : 0);
    }
    for (size_t j = 0; j < 4; ++j) {
      text += i + j <= bytes.size() ? kDigits[group >> (18 - 6 * j) & 63] : '=';
    }
  }
  return text;
}

json List(const std::vector<std::vector<float>>& vectors, bool base64) {
  json list = json::array();
  for (const std::vector<float>& vector : vectors) {
    json entry = {{"object", "embedding"}, {"index", list.size()}};
    if (base64) {
      entry["embedding"] = Base64(vector);
    } else {
      entry["embedding"] = vector;
    }
    list.push_back(std::move(entry));
  }
  return list;
}

}  // namespace

json Embeddings(const Service& service, const std::string& body) {
  const json object = ParseBody(body);
  Fields fields(object);
  const Embedder& embedder = service.embedder();
  CheckModel(&fields, embedder.name);
  const std::vector<Tokens> inputs = InputsOf(embedder.model, &fields);
  const std::string format = fields.String("encoding_format", "float");
  if (format != "float" && format != "base64") {
    BadField("encoding_format", "must be float or base64");
  }
  fields.Only("dimensions", embedder.model.info().embedding_length);
  fields.String("user", "");
  fields.Finish();
  size_t tokens = 0;
  for (const Tokens& input : inputs) tokens += input.size();
  return {{"object", "list"},
          {"data", List(embedder.engine.embed(inputs), format == "base64")},
          {"model", embedder.name},
          {"usage", {{"prompt_tokens", tokens}, {"total_tokens", tokens}}}};
}

}  // namespace server
