#include "cpp/model/rope_scaling.h"

#include <cmath>
#include <optional>

#include "absl/strings/str_cat.h"

namespace inlay::model {
namespace {

using formats::ModelFile;

// Absent or 0: `fallback`.
StatusOr<double> PositiveOr(const ModelFile& file, const std::string& key,
                            double fallback) {
  INLAY_ASSIGN_OR_RETURN(std::optional<double> value, file.Get<double>(key));
  if (!value.has_value() || *value == 0.0) return fallback;
  if (!(*value > 0.0 && *value < 1e9)) {
    return absl::InvalidArgumentError(
        absl::StrCat("metadata key ", key, " is ", *value));
  }
  return *value;
}

// The magnitude that tempers attention over a context `factor` times as long
// (Peng et al., 2023, section 3.4).
double YarnMagnitude(double factor, double scale) {
  return factor <= 1.0 ? 1.0 : 1.0 + 0.1 * scale * std::log(factor);
}

StatusOr<RopeScaling> ReadGguf(const std::string& prefix,
                               const Hyperparameters& hp,
                               const ModelFile& file) {
  RopeScaling out;
  INLAY_ASSIGN_OR_RETURN(std::optional<std::string> type,
                         file.Get<std::string>(prefix + "scaling.type"));
  // Files older than scaling.type have scale_linear alone.
  INLAY_ASSIGN_OR_RETURN(double legacy,
                         PositiveOr(file, prefix + "scale_linear", 1.0));
  out.type = type.value_or(legacy != 1.0 ? "linear" : "none");
  INLAY_ASSIGN_OR_RETURN(out.factor,
                         PositiveOr(file, prefix + "scaling.factor", legacy));
  INLAY_ASSIGN_OR_RETURN(
      out.original_context,
      PositiveOr(file, prefix + "scaling.original_context_length",
                 hp.context_length));
  INLAY_ASSIGN_OR_RETURN(const double attention,
                         PositiveOr(file, prefix + "scaling.attn_factor", 1.0));
  INLAY_ASSIGN_OR_RETURN(
      out.beta_fast,
      PositiveOr(file, prefix + "scaling.yarn_beta_fast", out.beta_fast));
  INLAY_ASSIGN_OR_RETURN(
      out.beta_slow,
      PositiveOr(file, prefix + "scaling.yarn_beta_slow", out.beta_slow));
  if (out.type == "yarn") {
    out.magnitude = attention * (1.0 + 0.1 * std::log(out.factor));
  }
  return out;
}

class ConfigReader {
 public:
  ConfigReader(const ModelFile& file, std::string prefix)
      : file_(file), prefix_(std::move(prefix)) {}

  // "rope_type", or "type" in older files; empty if neither is there.
  StatusOr<std::string> Type() const {
    for (const char* key : {"rope_type", "type"}) {
      INLAY_ASSIGN_OR_RETURN(std::optional<std::string> type,
                             file_.Get<std::string>(prefix_ + key));
      if (type.has_value()) return *std::move(type);
    }
    return std::string();
  }
  StatusOr<double> Or(const char* key, double fallback) const {
    return PositiveOr(file_, prefix_ + key, fallback);
  }
  Status Require(const char* key, double* out) const {
    INLAY_ASSIGN_OR_RETURN(*out, Or(key, 0.0));
    if (*out > 0.0) return OkStatus();
    return absl::InvalidArgumentError(
        absl::StrCat("config.json key ", prefix_, key, " is missing"));
  }

  Status ReadYarn(RopeScaling* out) const {
    INLAY_ASSIGN_OR_RETURN(out->beta_fast, Or("beta_fast", out->beta_fast));
    INLAY_ASSIGN_OR_RETURN(out->beta_slow, Or("beta_slow", out->beta_slow));
    INLAY_ASSIGN_OR_RETURN(const std::optional<bool> truncate,
                           file_.Get<bool>(prefix_ + "truncate"));
    out->truncate = truncate.value_or(true);
    INLAY_ASSIGN_OR_RETURN(const double scale, Or("mscale", 0.0));
    INLAY_ASSIGN_OR_RETURN(const double all, Or("mscale_all_dim", 0.0));
    double magnitude = YarnMagnitude(out->factor, 1.0);
    if (scale > 0.0 && all > 0.0) {
      magnitude =
          YarnMagnitude(out->factor, scale) / YarnMagnitude(out->factor, all);
    }
    INLAY_ASSIGN_OR_RETURN(out->magnitude, Or("attention_factor", magnitude));
    return OkStatus();
  }

  Status ReadLlama3(RopeScaling* out) const {
    INLAY_RETURN_IF_ERROR(Require("low_freq_factor", &out->low_frequency));
    INLAY_RETURN_IF_ERROR(Require("high_freq_factor", &out->high_frequency));
    if (out->high_frequency > out->low_frequency) return OkStatus();
    return absl::InvalidArgumentError(
        absl::StrCat("config.json key ", prefix_,
                     "high_freq_factor is not above low_freq_factor"));
  }

 private:
  const ModelFile& file_;
  const std::string prefix_;
};

StatusOr<RopeScaling> ReadConfig(const Hyperparameters& hp,
                                 const ModelFile& file) {
  RopeScaling out;
  for (const char* prefix : {"rope_scaling.", "rope_parameters.",
                             "rope_parameters.full_attention."}) {
    const ConfigReader reader(file, prefix);
    INLAY_ASSIGN_OR_RETURN(out.type, reader.Type());
    if (out.type.empty()) continue;
    if (out.type == "default") out.type = "none";
    if (out.type == "none") return out;
    INLAY_ASSIGN_OR_RETURN(const double alpha, reader.Or("alpha", 0.0));
    if (out.type == "dynamic" && alpha > 0.0) {
      out.type = "alpha";
      out.factor = alpha;
      return out;
    }
    INLAY_RETURN_IF_ERROR(reader.Require("factor", &out.factor));
    INLAY_ASSIGN_OR_RETURN(
        out.original_context,
        reader.Or("original_max_position_embeddings", hp.context_length));
    if (out.type == "yarn") INLAY_RETURN_IF_ERROR(reader.ReadYarn(&out));
    if (out.type == "llama3") INLAY_RETURN_IF_ERROR(reader.ReadLlama3(&out));
    return out;
  }
  out.type = "none";
  return out;
}

}  // namespace

StatusOr<RopeScaling> ReadRopeScaling(
    const architectures::Architecture& architecture, const Hyperparameters& hp,
    const ModelFile& file) {
  if (file.naming() == formats::Naming::kHuggingFace) {
    return ReadConfig(hp, file);
  }
  return ReadGguf(absl::StrCat(architecture.gguf_name(), ".rope."), hp, file);
}

}  // namespace inlay::model
