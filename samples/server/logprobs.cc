#include "logprobs.h"

#include <algorithm>
#include <string>

namespace server {
namespace {

using nlohmann::json;

// JSON has no infinities; this is what OpenAI's servers send for the
// least likely.
double Finite(float logprob) {
  return std::max(-9999.0, static_cast<double>(logprob));
}

std::string BytesOf(const inlay::Model& model, int32_t token) {
  return inlay::detail::Text([&](char* buffer, size_t capacity, size_t* size) {
    inlay::detail::Call(inlay_model_token_bytes, model.get(), token,
                        uint64_t{INLAY_DETOKENIZE_SPECIAL}, buffer, capacity,
                        size);
  });
}

json OneToken(const inlay::Model& model, int32_t token, float logprob) {
  const std::string text = BytesOf(model, token);
  json bytes = json::array();
  for (const char c : text) bytes.push_back(static_cast<unsigned char>(c));
  return {{"token", text}, {"logprob", Finite(logprob)}, {"bytes", bytes}};
}

}  // namespace

json ChatLogprobs(const inlay::Model& model, const std::vector<Token>& tokens) {
  json content = json::array();
  for (const Token& token : tokens) {
    json entry = OneToken(model, token.id, token.logprob);
    json top = json::array();
    for (const auto& [id, logprob] : token.top) {
      top.push_back(OneToken(model, id, logprob));
    }
    entry["top_logprobs"] = std::move(top);
    content.push_back(std::move(entry));
  }
  return {{"content", std::move(content)}, {"refusal", nullptr}};
}

json CompletionLogprobs(const inlay::Model& model,
                        const std::vector<Token>& tokens, size_t* offset) {
  json texts = json::array();
  json logprobs = json::array();
  json tops = json::array();
  json offsets = json::array();
  for (const Token& token : tokens) {
    const std::string text = BytesOf(model, token.id);
    texts.push_back(text);
    logprobs.push_back(Finite(token.logprob));
    offsets.push_back(*offset);
    *offset += text.size();
    json top = json::object();
    for (const auto& [id, logprob] : token.top) {
      top[BytesOf(model, id)] = Finite(logprob);
    }
    tops.push_back(std::move(top));
  }
  return {{"tokens", std::move(texts)},
          {"token_logprobs", std::move(logprobs)},
          {"top_logprobs", std::move(tops)},
          {"text_offset", std::move(offsets)}};
}

}  // namespace server
