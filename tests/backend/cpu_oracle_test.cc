// Logits of tiny models against the same formulas in double precision.
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "tests/backend/rig.h"

namespace inlay::backend {
namespace {

using Row = std::vector<double>;

// Walks a Plan for one request, all rows at once, as plan.h defines it.
class Oracle {
 public:
  explicit Oracle(const TinyModel& model) : model_(model), plan_(*model.plan) {}

  std::vector<Row> Logits(const std::vector<int32_t>& tokens) {
    slots_.assign(plan_.slot_widths.size(), {});
    for (const model::Op& op : plan_.ops) {
      std::visit([&](const auto& o) { Do(o, tokens); }, op);
    }
    return logits_;
  }

 private:
  const float* Weight(model::WeightId id) const {
    return model_.values[static_cast<size_t>(id)].data();
  }
  Row Multiply(model::WeightId weight, model::WeightId bias,
               const Row& x) const {
    const model::Weight& w = plan_.weights[static_cast<size_t>(weight)];
    Row y(static_cast<size_t>(w.rows));
    for (size_t o = 0; o < y.size(); ++o) {
      y[o] = bias < 0 ? 0.0 : Weight(bias)[o];
      for (size_t i = 0; i < x.size(); ++i) {
        y[o] += double{Weight(weight)[o * x.size() + i]} * x[i];
      }
    }
    return y;
  }
  static double Act(model::Activation act, double x) {
    switch (act) {
      case model::Activation::kSilu:
        return x / (1 + std::exp(-x));
      case model::Activation::kGeluTanh:
        return 0.5 * x *
               (1 +
                std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
      default:
        return x;
    }
  }

  void Do(const model::EmbedOp& op, const std::vector<int32_t>& tokens) {
    const size_t width = static_cast<size_t>(plan_.slot_widths[op.out]);
    std::vector<Row>& out = slots_[op.out];
    for (size_t r = 0; r < tokens.size(); ++r) {
      Row row(width);
      for (size_t i = 0; i < width; ++i) {
        row[i] = Weight(op.table)[static_cast<size_t>(tokens[r]) * width + i];
        if (op.positions >= 0) row[i] += Weight(op.positions)[r * width + i];
      }
      out.push_back(row);
    }
  }
  void Do(const model::NormOp& op, const std::vector<int32_t>&) {
    std::vector<Row> out = slots_[op.in];
    for (Row& row : out) {
      const double n = static_cast<double>(row.size());
      double mean = 0, squares = 0;
      if (op.kind == model::NormKind::kLayer) {
        for (double x : row) mean += x / n;
      }
      for (double x : row) squares += (x - mean) * (x - mean) / n;
      for (size_t i = 0; i < row.size(); ++i) {
        row[i] = (row[i] - mean) / std::sqrt(squares + op.epsilon) *
                     Weight(op.weight)[i] +
                 (op.bias < 0 ? 0.0 : double{Weight(op.bias)[i]});
      }
    }
    slots_[op.out] = out;
  }
  void Do(const model::LinearOp& op, const std::vector<int32_t>&) {
    std::vector<Row> result;
    for (const Row& x : slots_[op.in]) {
      Row y;
      for (size_t i = 0; i < op.weights.size(); ++i) {
        const Row part = Multiply(op.weights[i], op.biases[i], x);
        y.insert(y.end(), part.begin(), part.end());
      }
      const size_t half = y.size() / 2;
      for (size_t i = 0; i < y.size(); ++i) {
        if (op.gated && i >= half) break;
        y[i] = Act(op.activation, y[i]) * (op.gated ? y[half + i] : 1.0);
      }
      if (op.gated) y.resize(half);
      result.push_back(y);
    }
    if (op.residual) {
      for (size_t r = 0; r < result.size(); ++r) {
        for (size_t i = 0; i < result[r].size(); ++i) {
          result[r][i] += slots_[op.out][r][i];
        }
      }
    }
    slots_[op.out] = result;
  }
  void Do(const model::RopeAppendOp& op, const std::vector<int32_t>&) {
    const model::Rope& rope = plan_.ropes[op.rope];
    const int32_t heads = plan_.head_count + plan_.kv_head_count;
    for (size_t r = 0; r < slots_[op.qkv].size(); ++r) {
      for (int32_t h = 0; h < heads; ++h) {
        double* x = &slots_[op.qkv][r][h * plan_.head_dim];
        for (int32_t i = 0; i < rope.dims / 2; ++i) {
          const double angle = static_cast<double>(r) *
                               rope.inverse_frequency[static_cast<size_t>(i)];
          const double a = x[i], b = x[i + rope.dims / 2];
          x[i] = a * std::cos(angle) - b * std::sin(angle);
          x[i + rope.dims / 2] = a * std::sin(angle) + b * std::cos(angle);
        }
      }
    }
  }
  void Do(const model::AttentionOp& op, const std::vector<int32_t>&) {
    const std::vector<Row>& qkv = slots_[op.qkv];
    const int32_t dim = plan_.head_dim;
    const int32_t shared = plan_.head_count / plan_.kv_head_count;
    std::vector<Row> out(qkv.size(), Row(plan_.head_count * dim));
    for (size_t r = 0; r < qkv.size(); ++r) {
      for (int32_t h = 0; h < plan_.head_count; ++h) {
        const int32_t k = (plan_.head_count + h / shared) * dim;
        const int32_t v = k + plan_.kv_head_count * dim;
        double sum = 0;
        for (size_t p = 0; p <= r; ++p) {
          if (op.window > 0 && r - p >= static_cast<size_t>(op.window))
            continue;
          double dot = 0;
          for (int32_t d = 0; d < dim; ++d) {
            dot += qkv[r][h * dim + d] * qkv[p][k + d];
          }
          const double weight = std::exp(dot * op.scale);
          sum += weight;
          for (int32_t d = 0; d < dim; ++d) {
            out[r][h * dim + d] += weight * qkv[p][v + d];
          }
        }
        for (int32_t d = 0; d < dim; ++d) out[r][h * dim + d] /= sum;
      }
    }
    slots_[op.out] = out;
  }
  void Do(const model::SelectRowsOp& op, const std::vector<int32_t>&) {
    slots_[op.out] = slots_[op.in];
  }
  void Do(const model::HeadOp& op, const std::vector<int32_t>&) {
    logits_.clear();
    for (const Row& x : slots_[op.in]) {
      logits_.push_back(Multiply(op.weight, op.bias, x));
    }
  }

  void Do(const model::PoolOp&, const std::vector<int32_t>&) {
    ADD_FAILURE() << "a decoder pools nothing";
  }

  const TinyModel& model_;
  const model::Plan& plan_;
  std::vector<std::vector<Row>> slots_;
  std::vector<Row> logits_;
};

TEST(CpuOracle, LogitsAreThoseOfTheFormulas) {
  const TinyOptions models[] = {{},
                                {.tied = false, .gpt = true},
                                {.window = 9},
                                {.heads = 8, .kv_heads = 2}};
  for (const TinyOptions& options : models) {
    const TinyModel model = MakeTinyModel(options);
    const std::vector<int32_t> tokens = RandomTokens(50, options.vocabulary, 2);
    const std::vector<Row> exact = Oracle(model).Logits(tokens);
    for (const char* isa : {"reference", "avx2", "avx512"}) {
      if (!HasIsa(isa)) continue;
      Rig rig = MakeRig(model, {.threads = 2, .isa = isa});
      const auto logits = rig.Run({{tokens, {20, 1, 1, 28}, {3, 1, 0, 2}}});
      ASSERT_TRUE(logits.ok());
      for (size_t r = 0; r < exact.size(); ++r) {
        for (size_t t = 0; t < exact[r].size(); ++t) {
          ASSERT_NEAR((*logits)[0][r * exact[r].size() + t], exact[r][t], 2e-3)
              << isa << " position " << r;
        }
      }
    }
  }
}

double Divergence(const Row& exact, const float* logits) {
  double exact_sum = 0, sum = 0, result = 0;
  for (size_t t = 0; t < exact.size(); ++t) {
    exact_sum += std::exp(exact[t]);
    sum += std::exp(double{logits[t]});
  }
  for (size_t t = 0; t < exact.size(); ++t) {
    result += std::exp(exact[t]) / exact_sum *
              (exact[t] - logits[t] - std::log(exact_sum / sum));
  }
  return result;
}

// Bounds of the mean Kullback-Leibler divergence, for a model of random
// weights.
TEST(CpuOracle, EveryPageFormatStaysNearTheFormulas) {
  const std::pair<KvType, double> formats[] = {{KvType::kF32, 1e-8},
                                               {KvType::kF16, 1e-5},
                                               {KvType::kBf16, 6e-4},
                                               {KvType::kInt8, 4e-3},
                                               {KvType::kFp8, 1.5e-1}};
  const TinyModel model = MakeTinyModel({});
  const std::vector<int32_t> tokens = RandomTokens(100, 97, 2);
  const std::vector<Row> exact = Oracle(model).Logits(tokens);
  for (const auto& [type, bound] : formats) {
    Rig rig = MakeRig(model, {.threads = 2, .kv_type = type});
    const auto logits = rig.Run({{tokens, {60, 1, 39}, {3, 1, 0, 2, 4, 5, 6}}});
    ASSERT_TRUE(logits.ok()) << logits.status();
    double sum = 0;
    for (size_t r = 0; r < exact.size(); ++r) {
      sum += Divergence(exact[r], &(*logits)[0][r * 97]);
    }
    const double mean = sum / static_cast<double>(exact.size());
    RecordProperty(std::to_string(static_cast<int>(type)),
                   std::to_string(mean * 1e6) + "e-6");
    EXPECT_LE(mean, bound) << static_cast<int>(type);
  }
}

}  // namespace
}  // namespace inlay::backend
