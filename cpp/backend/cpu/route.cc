#include "cpp/backend/cpu/route.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "cpp/backend/cpu/activation.h"
#include "kernels/common/exp.h"

namespace inlay::backend::cpu {
namespace {

using model::MoeOp;
using model::RouterScore;

constexpr float kNone = -std::numeric_limits<float>::infinity();

// One row's choice. `score` is what weights are made of, `choice` what is
// compared, `taken` which experts may not be chosen any more.
struct Row {
  Row(const MoeOp& op, const float* logits, float* scratch)
      : op(op),
        count(static_cast<int32_t>(op.experts.size())),
        logits(logits),
        score(scratch),
        choice(scratch + count),
        taken(scratch + 2 * count) {}

  const MoeOp& op;
  const int32_t count;
  const float* logits;
  float *score, *choice, *taken;
};

// exp(x - most) for all x, and their sum.
float Exponentials(const float* x, int32_t count, float most, float* y) {
  float sum = 0.0f;
  for (int32_t e = 0; e < count; ++e) {
    y[e] = kernels::ExpOfNonPositive(x[e] - most);
    sum += y[e];
  }
  return sum;
}

float Greatest(const float* x, int32_t count) {
  float most = x[0];
  for (int32_t e = 1; e < count; ++e) most = x[e] > most ? x[e] : most;
  return most;
}

// The best that is left; equals by the lower number. Numbers that are none are
// chosen only if nothing else is left.
int32_t TakeBest(Row& row) {
  int32_t best = -1;
  for (int32_t e = 0; e < row.count; ++e) {
    if (row.taken[e] != 0) continue;
    if (best < 0 || row.choice[e] > row.choice[best] ||
        (std::isnan(row.choice[best]) && !std::isnan(row.choice[e]))) {
      best = e;
    }
  }
  row.taken[best] = 1;
  return best;
}

void Score(Row& row) {
  if (row.op.score == RouterScore::kSigmoid) {
    for (int32_t e = 0; e < row.count; ++e) {
      row.score[e] = Sigmoid(row.logits[e]);
    }
  } else if (row.op.score == RouterScore::kSoftmax) {
    const float sum = Exponentials(row.logits, row.count,
                                   Greatest(row.logits, row.count), row.score);
    for (int32_t e = 0; e < row.count; ++e) row.score[e] /= sum;
  } else {
    std::copy(row.logits, row.logits + row.count, row.score);
  }
}

float ScoreOfGroup(const Row& row, int32_t begin, int32_t end) {
  float first = kNone, second = kNone;
  for (int32_t e = begin; e < end; ++e) {
    const float x = row.choice[e];
    if (x > first) {
      second = std::exchange(first, x);
    } else if (x > second) {
      second = x;
    }
  }
  const bool two = row.op.group_score == model::GroupScore::kTopTwo;
  return two && end - begin > 1 ? first + second : first;
}

// Marks the experts of all but the best groups as taken.
void KeepGroups(Row& row) {
  const int32_t groups = row.op.group_count;
  if (row.op.groups_kept >= groups) return;
  const int32_t size = row.count / groups;
  std::fill(row.taken, row.taken + row.count, 1.0f);
  for (int32_t kept = 0; kept < row.op.groups_kept; ++kept) {
    int32_t best = -1;
    float most = kNone;
    for (int32_t g = 0; g < groups; ++g) {
      if (row.taken[g * size] == 0) continue;
      const float score = ScoreOfGroup(row, g * size, (g + 1) * size);
      if (best >= 0 && !(score > most)) continue;
      best = g;
      most = score;
    }
    std::fill(row.taken + best * size, row.taken + (best + 1) * size, 0.0f);
  }
}

// One of PhiMoE's rounds.
void TakeSparse(Row& row, int32_t* expert, float* weight) {
  *expert = TakeBest(row);
  const float most = row.logits[*expert];
  float sum = 0.0f;
  for (int32_t e = 0; e < row.count; ++e) {
    const float x = row.logits[e];
    if (row.taken[e] != 0 && e != *expert) continue;
    const float factor = std::max(std::fabs(x), most);
    if ((most - x) / factor > 2 * row.op.jitter) continue;
    sum += kernels::ExpOfNonPositive(x - most);
  }
  *weight = 1.0f / sum;
}

void Weigh(const Row& row, const int32_t* experts, float* weights) {
  const int32_t k = row.op.top_k;
  for (int32_t i = 0; i < k; ++i) weights[i] = row.score[experts[i]];
  if (row.op.score == RouterScore::kSoftmaxOfChosen) {
    const float sum = Exponentials(weights, k, Greatest(weights, k), weights);
    for (int32_t i = 0; i < k; ++i) weights[i] /= sum;
  }
}

void Scale(const MoeOp& op, float* weights) {
  float sum = 0.0f;
  for (int32_t i = 0; i < op.top_k; ++i) sum += weights[i];
  // All may have underflowed.
  const float by = op.renormalize ? op.scale / std::max(sum, 1e-20f) : op.scale;
  for (int32_t i = 0; i < op.top_k; ++i) weights[i] *= by;
}

void SortByExpert(int32_t count, int32_t* experts, float* weights) {
  for (int32_t i = 1; i < count; ++i) {
    for (int32_t j = i; j > 0 && experts[j] < experts[j - 1]; --j) {
      std::swap(experts[j], experts[j - 1]);
      std::swap(weights[j], weights[j - 1]);
    }
  }
}

}  // namespace

void Route(const MoeOp& op, const float* logits, const float* selection_bias,
           float* scratch, int32_t* experts, float* weights) {
  Row row(op, logits, scratch);
  std::fill(row.taken, row.taken + row.count, 0.0f);
  Score(row);
  // The logits have the order of the scores, and tell more of them apart.
  const bool by_score = selection_bias != nullptr || op.group_count > 1;
  for (int32_t e = 0; e < row.count; ++e) {
    row.choice[e] = by_score ? row.score[e] : logits[e];
    if (selection_bias != nullptr) row.choice[e] += selection_bias[e];
  }
  KeepGroups(row);
  if (op.score == RouterScore::kSparseMixer) {
    for (int32_t i = 0; i < op.top_k; ++i) {
      TakeSparse(row, experts + i, weights + i);
    }
  } else {
    for (int32_t i = 0; i < op.top_k; ++i) experts[i] = TakeBest(row);
    Weigh(row, experts, weights);
  }
  Scale(op, weights);
  SortByExpert(op.top_k, experts, weights);
}

}  // namespace inlay::backend::cpu
