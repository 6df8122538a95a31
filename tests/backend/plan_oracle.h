// A Plan by its formulas, in double precision.
#ifndef INLAY_TESTS_BACKEND_PLAN_ORACLE_H_
#define INLAY_TESTS_BACKEND_PLAN_ORACLE_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <variant>
#include <vector>

#include "tests/backend/route_oracle.h"
#include "tests/backend/tiny_tensors.h"

namespace inlay::backend {

using Row = std::vector<double>;

// Walks a Plan for one request, all rows at once, as plan.h defines it.
class PlanOracle {
 public:
  explicit PlanOracle(const TinyModel& model)
      : model_(model), plan_(*model.plan) {}

  // `encoder`: what the encoder reads, of a plan that has one.
  std::vector<Row> Logits(const std::vector<int32_t>& tokens,
                          const std::vector<int32_t>& encoder = {}) {
    slots_.assign(plan_.slot_widths.size(), {});
    cross_.assign(plan_.cache_layers.size(), {});
    for (size_t i = 0; i < plan_.ops.size(); ++i) {
      const bool encodes = i < static_cast<size_t>(plan_.encoder_op_count);
      std::visit([&](const auto& o) { Do(o, encodes ? encoder : tokens); },
                 plan_.ops[i]);
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
  static double Capped(double x, double cap) {
    return cap * std::tanh(x / cap);
  }
  static double Act(model::Activation act, double x) {
    switch (act) {
      case model::Activation::kSilu:
        return x / (1 + std::exp(-x));
      case model::Activation::kGeluTanh:
        return 0.5 * x *
               (1 +
                std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
      case model::Activation::kRelu2:
        return x > 0 ? x * x : 0;
      default:
        return x;
    }
  }

  void Do(const model::EmbedOp& op, const std::vector<int32_t>& tokens) {
    const size_t width = static_cast<size_t>(plan_.slot_widths[op.out]);
    std::vector<Row>& out = slots_[op.out];
    out.clear();
    for (size_t r = 0; r < tokens.size(); ++r) {
      Row row(width);
      for (size_t i = 0; i < width; ++i) {
        row[i] = Weight(op.table)[static_cast<size_t>(tokens[r]) * width + i];
        if (op.positions < 0) continue;
        const size_t p = r + static_cast<size_t>(op.position_offset);
        row[i] += Weight(op.positions)[p * width + i];
      }
      out.push_back(row);
    }
  }
  // n numbers from x, with vectors from `start` of each.
  void Norm(model::NormKind kind, model::WeightId weight, model::WeightId bias,
            double epsilon, size_t start, size_t n, double* x) const {
    double mean = 0, squares = 0;
    for (size_t i = 0; i < n && kind == model::NormKind::kLayer; ++i) {
      mean += x[i] / static_cast<double>(n);
    }
    for (size_t i = 0; i < n; ++i) {
      squares += (x[i] - mean) * (x[i] - mean) / static_cast<double>(n);
    }
    for (size_t i = 0; i < n; ++i) {
      x[i] = (x[i] - mean) / std::sqrt(squares + epsilon);
      if (weight >= 0) x[i] *= Weight(weight)[start + i];
      if (bias >= 0) x[i] += Weight(bias)[start + i];
    }
  }
  void Do(const model::NormOp& op, const std::vector<int32_t>&) {
    std::vector<Row> out = slots_[op.in];
    for (Row& row : out) {
      Norm(op.kind, op.weight, op.bias, op.epsilon, 0, row.size(), row.data());
    }
    slots_[op.out] = out;
  }
  void Do(const model::HeadNormOp& op, const std::vector<int32_t>&) {
    const size_t width = static_cast<size_t>(op.width);
    for (Row& row : slots_[op.slot]) {
      for (size_t h = 0; h < static_cast<size_t>(op.heads); ++h) {
        Norm(op.kind, op.weight, op.bias, op.epsilon,
             op.weight_per_head ? h * width : 0, width,
             &row[static_cast<size_t>(op.offset) + h * width]);
      }
    }
  }
  void Do(const model::AddOp& op, const std::vector<int32_t>&) {
    for (size_t r = 0; r < slots_[op.in].size(); ++r) {
      double scale = op.scale;
      if (op.gate >= 0) {
        const double gate = Multiply(op.gate, -1, slots_[op.gate_in][r])[0];
        scale /= 1 + std::exp(-gate);
      }
      for (size_t i = 0; i < slots_[op.in][r].size(); ++i) {
        slots_[op.out][r][i] += scale * slots_[op.in][r][i];
      }
    }
  }
  void Do(const model::MoeOp& op, const std::vector<int32_t>&) {
    for (size_t r = 0; r < slots_[op.in].size(); ++r) {
      const Row& x = slots_[op.in][r];
      const Row logits = Multiply(op.router, op.router_bias, x);
      const float* bias =
          op.selection_bias < 0 ? nullptr : Weight(op.selection_bias);
      for (const auto& [e, weight] : ExactRoute(op, logits, bias)) {
        const model::MoeOp::Expert& expert = op.experts[e];
        Row input = x;
        if (op.weight_on_input) {
          for (double& value : input) value *= weight;
        }
        model::LinearOp first{.activation = op.activation,
                              .gated = expert.gate >= 0};
        Row y = first.gated ? Multiply(expert.gate, expert.gate_bias, input)
                            : Row();
        const Row up = Multiply(expert.up, expert.up_bias, input);
        y.insert(y.end(), up.begin(), up.end());
        y = Multiply(expert.down, expert.down_bias,
                     Activated(first, std::move(y)));
        for (size_t i = 0; i < y.size(); ++i) {
          slots_[op.out][r][i] += (op.weight_on_input ? 1.0 : weight) * y[i];
        }
      }
    }
  }
  // The outputs of a product, made ready.
  static Row Activated(const model::LinearOp& op, Row y) {
    if (op.clip > 0) {
      for (double& x : y) x = std::clamp<double>(x, -op.clip, op.clip);
    }
    const size_t half = y.size() / 2;
    for (size_t i = 0; i < (op.gated ? half : y.size()); ++i) {
      if (op.activation == model::Activation::kSwigluOai) {
        const double g = std::min(y[i], 7.0);
        const double u = std::clamp(y[half + i], -7.0, 7.0);
        y[i] = g / (1 + std::exp(-1.702 * g)) * (u + 1);
      } else if (op.activation == model::Activation::kXielu) {
        const double x = y[i];
        y[i] = op.xielu.beta * x +
               (x > 0 ? op.xielu.positive * x * x
                      : op.xielu.negative * (std::expm1(x) - x));
      } else {
        y[i] = Act(op.activation, y[i]) * (op.gated ? y[half + i] : 1.0);
      }
    }
    if (op.gated) y.resize(half);
    return y;
  }
  void Do(const model::LinearOp& op, const std::vector<int32_t>&) {
    std::vector<Row> result;
    for (const Row& x : slots_[op.in]) {
      Row y;
      for (size_t i = 0; i < op.weights.size(); ++i) {
        const Row part = Multiply(op.weights[i], op.biases[i], x);
        y.insert(y.end(), part.begin(), part.end());
      }
      result.push_back(Activated(op, std::move(y)));
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
    if (op.cross) {
      cross_[static_cast<size_t>(op.layer)] = slots_[op.qkv];
      return;
    }
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
        const model::WeightId norm =
            h < plan_.head_count ? op.q_norm : op.k_norm;
        if (norm >= 0) {
          Norm(model::NormKind::kRms, norm, -1, op.norm_epsilon, 0,
               static_cast<size_t>(plan_.head_dim), x);
        }
      }
    }
  }
  double Bias(const model::AttentionOp& op, int32_t head, size_t row,
              size_t key) const {
    const int32_t span = static_cast<int32_t>(op.buckets.size() / 2);
    const int32_t d = std::clamp(
        static_cast<int32_t>(key) - static_cast<int32_t>(row), -span, span);
    const size_t bucket = op.buckets[static_cast<size_t>(d + span)];
    return Weight(op.bias)[bucket * static_cast<size_t>(plan_.head_count) +
                           static_cast<size_t>(head)];
  }

  void Do(const model::AttentionOp& op, const std::vector<int32_t>&) {
    const std::vector<Row>& qkv = slots_[op.qkv];
    // Where keys and values are, and how far into their rows.
    const std::vector<Row>& kv =
        op.cross ? cross_[static_cast<size_t>(op.layer)] : qkv;
    const int32_t skip = op.cross ? 0 : plan_.head_count;
    const int32_t dim = plan_.head_dim;
    const int32_t shared = plan_.head_count / plan_.kv_head_count;
    std::vector<Row> out(qkv.size(), Row(plan_.head_count * dim));
    for (size_t r = 0; r < qkv.size(); ++r) {
      for (int32_t h = 0; h < plan_.head_count; ++h) {
        const int32_t k = (skip + h / shared) * dim;
        const int32_t v = k + plan_.kv_head_count * dim;
        double sum = op.sinks < 0 ? 0 : std::exp(Weight(op.sinks)[h]);
        const size_t end = op.cross || op.bidirectional ? kv.size() : r + 1;
        for (size_t p = 0; p < end; ++p) {
          if (op.window > 0 && r - p >= static_cast<size_t>(op.window))
            continue;
          double dot = 0;
          for (int32_t d = 0; d < dim; ++d) {
            dot += qkv[r][h * dim + d] * kv[p][k + d];
          }
          double score = dot * op.scale;
          if (op.softcap > 0) score = Capped(score, op.softcap);
          if (!op.alibi_slopes.empty()) {
            score -= op.alibi_slopes[h] * static_cast<double>(r - p);
          }
          if (op.bias >= 0) score += Bias(op, h, r, p);
          const double weight = std::exp(score);
          sum += weight;
          for (int32_t d = 0; d < dim; ++d) {
            out[r][h * dim + d] += weight * kv[p][v + d];
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
      for (double& logit : logits_.back()) {
        logit *= op.scale;
        if (op.softcap > 0) logit = Capped(logit, op.softcap);
      }
    }
  }

  void Do(const model::PoolOp&, const std::vector<int32_t>&) {
    ADD_FAILURE() << "a decoder pools nothing";
  }

  const TinyModel& model_;
  const model::Plan& plan_;
  std::vector<std::vector<Row>> slots_;
  std::vector<std::vector<Row>> cross_;  // k and v of each cache layer
  std::vector<Row> logits_;
};

}  // namespace inlay::backend

#endif  // INLAY_TESTS_BACKEND_PLAN_ORACLE_H_
