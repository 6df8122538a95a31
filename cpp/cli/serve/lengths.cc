#include "cpp/cli/serve/lengths.h"

#include <algorithm>
#include <cmath>

#include "cpp/cli/args.h"
#include "cpp/cli/serve/fields.h"
#include "cpp/cli/terminal.h"

namespace inlay::cli {

// The means are those that Kwon et al. (Efficient Memory Management for Large
// Language Model Serving with PagedAttention, SOSP 2023, section 6.1) report
// for ShareGPT: prompts 161 tokens, answers 338. A log-normal of median m has
// the mean m * exp(sigma^2 / 2); the spreads are our choice, as the paper
// gives none.
constexpr char kSharegptPrompt[] = "lognormal:52:1.5:4:2048";
constexpr char kSharegptOutput[] = "lognormal:205:1:4:2048";

const char kLengthForms[] =
    "DIST is fixed:N, uniform:MIN:MAX, lognormal:MEDIAN:SIGMA:MIN:MAX (values\n"
    "outside are set to MIN or MAX), csv:FILE with a line\n"
    "prompt_tokens,output_tokens per request, drawn at random, prompts "
    "keeping\n"
    "the answers of their line, or sharegpt: log-normals with the mean "
    "lengths\n"
    "that Kwon et al. (SOSP 2023) report for ShareGPT, 161 and 338 tokens: "
    "for\n"
    "prompts lognormal:52:1.5:4:2048, for answers lognormal:205:1:4:2048; the\n"
    "spreads are this command's choice.";

namespace {

bool TakePrefix(std::string_view prefix, std::string_view* text) {
  if (text->substr(0, prefix.size()) != prefix) return false;
  text->remove_prefix(prefix.size());
  return true;
}

int32_t TokensField(std::string_view option, std::string_view text) {
  return static_cast<int32_t>(IntField(option, text, 1, kMostTokens));
}

std::vector<std::string_view> Fields(std::string_view option,
                                     std::string_view text, size_t count,
                                     const char* form) {
  std::vector<std::string_view> fields = SplitAt(text, ':');
  if (fields.size() != count) {
    throw UsageError("--" + std::string(option) + ": expected " + form);
  }
  return fields;
}

}  // namespace

void LengthDistribution::ParseFixed(std::string_view option,
                                    std::string_view text) {
  min_ = max_ = TokensField(option, text);
}

void LengthDistribution::ParseUniform(std::string_view option,
                                      std::string_view text) {
  const auto fields = Fields(option, text, 2, "uniform:MIN:MAX");
  min_ = TokensField(option, fields[0]);
  max_ = TokensField(option, fields[1]);
}

void LengthDistribution::ParseLognormal(std::string_view option,
                                        std::string_view text) {
  const auto fields = Fields(option, text, 4, "lognormal:MEDIAN:SIGMA:MIN:MAX");
  kind_ = Kind::kLognormal;
  median_ = RealField(option, fields[0], 1, static_cast<double>(kMostTokens));
  sigma_ = RealField(option, fields[1], 0, 10);
  min_ = TokensField(option, fields[2]);
  max_ = TokensField(option, fields[3]);
}

void LengthDistribution::ReadRows(const std::string& path, LengthSide side) {
  kind_ = Kind::kRows;
  max_ = 0;
  for (const LengthRow& row : ParseLengths(path, ReadAll(path))) {
    rows_.push_back(side == LengthSide::kPrompt ? row.prompt_tokens
                                                : row.output_tokens);
    max_ = std::max(max_, rows_.back());
  }
}

LengthDistribution LengthDistribution::Parse(std::string_view option,
                                             std::string_view text,
                                             LengthSide side) {
  LengthDistribution out;
  out.text_ = text;
  if (text == "sharegpt") {
    text = side == LengthSide::kPrompt ? kSharegptPrompt : kSharegptOutput;
  }
  if (TakePrefix("fixed:", &text)) {
    out.ParseFixed(option, text);
  } else if (TakePrefix("uniform:", &text)) {
    out.ParseUniform(option, text);
  } else if (TakePrefix("lognormal:", &text)) {
    out.ParseLognormal(option, text);
  } else if (TakePrefix("csv:", &text)) {
    out.ReadRows(std::string(text), side);
  } else {
    throw UsageError("--" + std::string(option) + ": '" +
                     std::string(text.substr(0, 80)) +
                     "' is not fixed:, uniform:, lognormal:, csv: or sharegpt");
  }
  if (out.kind_ != Kind::kRows && out.min_ > out.max_) {
    throw UsageError("--" + std::string(option) + ": the least is " +
                     std::to_string(out.min_) + ", more than the most, " +
                     std::to_string(out.max_));
  }
  return out;
}

int32_t LengthDistribution::Draw(Random& random) const {
  switch (kind_) {
    case Kind::kRows:
      return rows_[random.Below(rows_.size())];
    case Kind::kLognormal: {
      // Clipped before the conversion: the tail has no bound. Rounding makes
      // the last bit of exp, which may differ between libraries, vanish.
      const double value =
          std::round(median_ * std::exp(sigma_ * random.Normal()));
      return static_cast<int32_t>(std::clamp(value, static_cast<double>(min_),
                                             static_cast<double>(max_)));
    }
    default:
      return min_ + static_cast<int32_t>(
                        random.Below(static_cast<uint64_t>(max_ - min_) + 1));
  }
}

}  // namespace inlay::cli
