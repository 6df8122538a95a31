// Reads the cases that tests/goldens/make_sampling*.py write.
#ifndef INLAY_TESTS_SAMPLING_GOLDEN_H_
#define INLAY_TESTS_SAMPLING_GOLDEN_H_

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "cpp/sampling/params.h"

namespace inlay::sampling {

class GoldenCase {
 public:
  bool empty() const { return fields_.empty(); }
  void Add(const std::string& line) {
    std::istringstream words(line);
    std::string name;
    words >> name;
    std::vector<double>& values = fields_[name];
    for (std::string word; words >> word;) {
      values.push_back(std::strtod(word.c_str(), nullptr));
    }
    text_ += line.substr(0, 60) + "; ";
  }

  std::vector<double> Get(const std::string& name) const {
    const auto it = fields_.find(name);
    return it == fields_.end() ? std::vector<double>() : it->second;
  }
  template <typename T>
  std::vector<T> GetAs(const std::string& name) const {
    std::vector<T> values;
    for (const double value : Get(name)) {
      values.push_back(static_cast<T>(value));
    }
    return values;
  }
  float Number(const std::string& name) const {
    const std::vector<double> values = Get(name);
    return values.empty() ? 0.0f : static_cast<float>(values[0]);
  }
  const std::string& text() const { return text_; }

  SamplingParams Params() const {
    SamplingParams params;
    params.temperature = Number("temperature");
    params.top_k = static_cast<int32_t>(Number("top_k"));
    params.top_p = Number("top_p");
    params.min_p = Number("min_p");
    params.typical_p = Number("typical_p");
    params.repetition_penalty = Number("repetition_penalty");
    params.presence_penalty = Number("presence_penalty");
    params.frequency_penalty = Number("frequency_penalty");
    params.penalty_last_n = static_cast<int32_t>(Number("penalty_last_n"));
    const std::vector<double> bias = Get("logit_bias");
    for (size_t i = 0; i + 1 < bias.size(); i += 2) {
      params.logit_bias.emplace_back(static_cast<int32_t>(bias[i]),
                                     static_cast<float>(bias[i + 1]));
    }
    params.min_tokens = static_cast<int32_t>(Number("min_tokens"));
    params.end_ids = GetAs<int32_t>("end_ids");
    params.no_repeat_ngram = static_cast<int32_t>(Number("no_repeat_ngram"));
    params.dry_multiplier = Number("dry_multiplier");
    params.dry_base = Number("dry_base");
    params.dry_allowed_length =
        static_cast<int32_t>(Number("dry_allowed_length"));
    params.dry_last_n = static_cast<int32_t>(Number("dry_last_n"));
    params.dry_breakers = Breakers();
    params.xtc_probability = Number("xtc_probability");
    params.xtc_threshold = Number("xtc_threshold");
    params.mirostat = static_cast<int32_t>(Number("mirostat"));
    params.mirostat_tau = Number("mirostat_tau");
    params.mirostat_eta = Number("mirostat_eta");
    return params;
  }

 private:
  // -1 ends each.
  std::vector<std::vector<int32_t>> Breakers() const {
    std::vector<std::vector<int32_t>> breakers;
    std::vector<int32_t> current;
    for (const int32_t token : GetAs<int32_t>("dry_breakers")) {
      if (token >= 0) {
        current.push_back(token);
      } else {
        breakers.push_back(current);
        current.clear();
      }
    }
    return breakers;
  }

  std::map<std::string, std::vector<double>> fields_;
  std::string text_;
};

inline std::vector<GoldenCase> ReadGolden(const std::string& name) {
  std::ifstream file(INLAY_SOURCE_DIR "/tests/goldens/sampling/" + name);
  std::vector<GoldenCase> cases;
  GoldenCase current;
  std::string line;
  while (std::getline(file, line)) {
    if (!line.empty()) {
      current.Add(line);
    } else if (!current.empty()) {
      cases.push_back(current);
      current = GoldenCase();
    }
  }
  if (!current.empty()) cases.push_back(current);
  return cases;
}

}  // namespace inlay::sampling

#endif  // INLAY_TESTS_SAMPLING_GOLDEN_H_
