// Mixture of experts. Rows are sorted by their experts, without padding, and
// each expert multiplies its own. A pair is a row and one of its experts; pairs
// have two orders: by row, as they were chosen, and by expert, then row.
//
// A row's result does not depend on the others: products give each row the same
// whatever else they multiply, and its experts are added in ascending order.
#include <algorithm>
#include <cstring>
#include <variant>

#include "cpp/backend/cpu/activation.h"
#include "cpp/backend/cpu/operations.h"
#include "cpp/backend/cpu/route.h"
#include "kernels/cpu/linear.h"
#include "kernels/cpu/ops.h"

namespace inlay::backend::cpu {
namespace {

using kernels::cpu::ActivationFormat;

// Outputs that threads divide; a multiple of what kernels take together.
constexpr int64_t kPanel = 32;
// A router's outputs are few: many rows are divided instead.
constexpr int32_t kFewExpertRows = 8;
constexpr int64_t kRouterRows = 16;

int64_t Panels(int64_t outputs) { return (outputs + kPanel - 1) / kPanel; }

// Where a product must be told to write so that its output `begin` comes to
// `y`. As a number: the place itself may lie before any object.
float* Before(float* y, int64_t begin) {
  return reinterpret_cast<float*>(reinterpret_cast<uintptr_t>(y) -
                                  static_cast<uintptr_t>(begin) *
                                      sizeof(float));
}

class Mixture {
 public:
  Mixture(Worker& worker, const Instruction& self)
      : worker_(worker),
        self_(self),
        op_(std::get<model::MoeOp>(*self.op)),
        context_(worker.context),
        arena_(context_.arena),
        count_(static_cast<int32_t>(op_.experts.size())),
        pairs_(worker.rows * op_.top_k),
        width_(Width(op_.in)),
        hidden_(self.experts[0].up.rows),
        logits_(arena_.MoeFloats(arena_.moe().logits)),
        chosen_(arena_.MoeIntegers(arena_.moe().chosen)),
        weights_(arena_.MoeFloats(arena_.moe().weights)),
        order_(arena_.MoeIntegers(arena_.moe().order)),
        begins_(arena_.MoeIntegers(arena_.moe().begins)),
        active_count_(begins_ + count_ + 1),
        active_(active_count_ + 1),
        hidden_rows_(arena_.MoeFloats(arena_.moe().hidden)),
        hidden_stride_(arena_.moe().hidden_stride),
        products_(arena_.MoeProducts(worker.thread)) {}

  void Run() {
    x_ = PrepareRows(worker_, self_, op_.in);
    ComputeLogits();
    Choose();
    Gather();
    ComputeHidden();
    PrepareHidden();
    ComputeOutputs();
  }

 private:
  int64_t Width(model::SlotId slot) const {
    return context_.plan.slot_widths[static_cast<size_t>(slot)];
  }
  const ExpertStep& Expert(int32_t expert) const {
    return self_.experts[static_cast<size_t>(expert)];
  }
  int32_t Row(int32_t place) const { return order_[place] / op_.top_k; }
  // Pairs of an expert, which lie from begins_[expert].
  int32_t Rows(int32_t expert) const {
    return begins_[expert + 1] - begins_[expert];
  }

  void ComputeLogits() {
    const Matrix& router = self_.matrices[0];
    const size_t stride = PreparedStride(router.activation, width_);
    const uint8_t* x = x_.rows[static_cast<size_t>(router.activation)];
    const auto multiply = [&](Range rows, Range outputs) {
      MultiplyRows(worker_, router,
                   x + static_cast<size_t>(rows.begin) * stride,
                   rows.end - rows.begin,
                   {.y = logits_ + rows.begin * count_,
                    .y_stride = count_,
                    .bias = self_.vectors[0],
                    .accumulate = false},
                   outputs);
    };
    const int64_t rows = worker_.rows;
    if (rows <= kFewExpertRows) {
      worker_.ForPieces(Panels(count_), [&](Range piece) {
        multiply({0, rows}, {piece.begin * kPanel,
                             std::min<int64_t>(piece.end * kPanel, count_)});
      });
    } else {
      worker_.ForPieces((rows + kRouterRows - 1) / kRouterRows,
                        [&](Range piece) {
                          multiply({piece.begin * kRouterRows,
                                    std::min(piece.end * kRouterRows, rows)},
                                   {0, count_});
                        });
    }
    worker_.Barrier();
  }

  void Choose() {
    const bool few = worker_.rows <= kFewExpertRows;
    const Range share = few ? Range{0, worker_.thread == 0 ? worker_.rows : 0}
                            : worker_.Share(worker_.rows);
    for (int64_t row = share.begin; row < share.end; ++row) {
      Route(op_, logits_ + row * count_, self_.vectors[1],
            arena_.MoeRoute(worker_.thread), chosen_ + row * op_.top_k,
            weights_ + row * op_.top_k);
    }
    if (!few) worker_.Barrier();
    if (worker_.thread == 0) Sort();
    worker_.Barrier();
  }

  // Counting sort of the pairs by expert; lists the experts that have any.
  void Sort() const {
    std::fill(begins_, begins_ + count_ + 1, 0);
    for (int32_t pair = 0; pair < pairs_; ++pair) ++begins_[chosen_[pair] + 1];
    *active_count_ = 0;
    for (int32_t e = 0; e < count_; ++e) {
      if (begins_[e + 1] > 0) active_[(*active_count_)++] = e;
      begins_[e + 1] += begins_[e];
    }
    // Filling moves each beginning to its end, which is the next one's.
    for (int32_t pair = 0; pair < pairs_; ++pair) {
      order_[begins_[chosen_[pair]]++] = pair;
    }
    for (int32_t e = count_; e > 0; --e) begins_[e] = begins_[e - 1];
    begins_[0] = 0;
  }

  // Whether the rows of an expert stand together in a place of their own.
  bool Gathers(int32_t expert) const {
    return op_.weight_on_input || Rows(expert) > 1;
  }

  void Gather() const {
    if (std::none_of(active_, active_ + *active_count_,
                     [this](int32_t e) { return Gathers(e); })) {
      return;
    }
    worker_.ForPieces(pairs_, [this](Range range) {
      for (int64_t at = range.begin; at < range.end; ++at) {
        const int32_t place = static_cast<int32_t>(at);
        const int32_t expert = chosen_[order_[place]];
        if (!Gathers(expert)) continue;
        const ActivationFormat up = Expert(expert).up.activation;
        const ActivationFormat gate = Expert(expert).gate.activation;
        GatherRow(place, up);
        if (gate != up) GatherRow(place, gate);
      }
    });
    worker_.Barrier();
  }

  void GatherRow(int32_t place, ActivationFormat format) const {
    const size_t stride = PreparedStride(format, width_);
    uint8_t* to =
        arena_.MoePrepared(format) + static_cast<size_t>(place) * stride;
    const size_t row = static_cast<size_t>(Row(place));
    if (!op_.weight_on_input) {
      std::memcpy(to, x_.rows[static_cast<size_t>(format)] + row * stride,
                  stride);
      return;
    }
    const float* x = arena_.Slot(op_.in) +
                     static_cast<int64_t>(row) * arena_.SlotStride(op_.in);
    float* scaled = arena_.NormRow(worker_.thread);
    const float weight = weights_[order_[place]];
    for (int64_t i = 0; i < width_; ++i) scaled[i] = weight * x[i];
    kernels::cpu::PrepareActivation(context_.isa, format, scaled, width_, to);
  }

  // The rows of an expert, prepared for one of its first products.
  const uint8_t* Input(int32_t expert, ActivationFormat format) const {
    const size_t stride = PreparedStride(format, width_);
    const int32_t first = begins_[expert];
    return Gathers(expert) ? arena_.MoePrepared(format) +
                                 static_cast<size_t>(first) * stride
                           : x_.rows[static_cast<size_t>(format)] +
                                 static_cast<size_t>(Row(first)) * stride;
  }

  // Outputs that `rows` rows may have in this thread's scratch.
  int64_t Block(int64_t rows) const {
    return arena_.MoeProductFloats() / rows / kPanel * kPanel;
  }

  void ComputeHidden() {
    const int64_t panels = Panels(hidden_);
    worker_.ForPieces(*active_count_ * panels, [&](Range piece) {
      for (int64_t at = piece.begin; at < piece.end;) {
        const int64_t first = at % panels;
        const int64_t end = std::min(panels, first + piece.end - at);
        const int32_t expert = active_[at / panels];
        const int64_t limit = std::min(end * kPanel, hidden_);
        const int64_t block = Block(Rows(expert));
        for (int64_t from = first * kPanel; from < limit; from += block) {
          HiddenBlock(expert, {from, std::min(from + block, limit)});
        }
        at += end - first;
      }
    });
    worker_.Barrier();
  }

  void HiddenBlock(int32_t index, Range range) {
    const ExpertStep& expert = Expert(index);
    const int64_t rows = Rows(index);
    const int64_t size = range.end - range.begin;
    float* out = hidden_rows_ + int64_t{begins_[index]} * hidden_stride_;
    const auto multiply = [&](const Matrix& matrix, const float* bias, float* y,
                              int64_t stride) {
      MultiplyRows(
          worker_, matrix, Input(index, matrix.activation), rows,
          {.y = y, .y_stride = stride, .bias = bias, .accumulate = false},
          range);
      worker_.expert_outputs += rows * size;
    };
    const kernels::cpu::Act act = ToAct(op_.activation);
    const bool gated = expert.gate.rows > 0;
    if (gated) {
      multiply(expert.gate, expert.gate_bias, out, hidden_stride_);
      multiply(expert.up, expert.up_bias, Before(products_, range.begin), size);
    } else {
      multiply(expert.up, expert.up_bias, out, hidden_stride_);
    }
    for (int64_t row = 0; row < rows; ++row) {
      float* y = out + row * hidden_stride_ + range.begin;
      if (gated) {
        kernels::cpu::GatedActivate(context_.isa, act, y,
                                    products_ + row * size, size, y);
      } else {
        kernels::cpu::Activate(context_.isa, act, y, size, y);
      }
    }
  }

  // Where the first products' rows were, which nobody reads any more.
  void PrepareHidden() const {
    worker_.ForPieces(pairs_, [this](Range range) {
      for (int64_t place = range.begin; place < range.end; ++place) {
        const ActivationFormat format =
            Expert(chosen_[order_[place]]).down.activation;
        kernels::cpu::PrepareActivation(
            context_.isa, format, hidden_rows_ + place * hidden_stride_,
            hidden_,
            arena_.MoePrepared(format) +
                static_cast<size_t>(place) * PreparedStride(format, hidden_));
      }
    });
    worker_.Barrier();
  }

  // Threads divide the outputs, and each adds all experts to its own.
  void ComputeOutputs() {
    const int64_t outputs = Width(op_.out);
    int32_t most = 1;
    for (int32_t i = 0; i < *active_count_; ++i) {
      most = std::max(most, Rows(active_[i]));
    }
    const int64_t block = Block(most);
    worker_.ForPieces(Panels(outputs), [&](Range piece) {
      const int64_t limit = std::min(piece.end * kPanel, outputs);
      for (int64_t at = piece.begin * kPanel; at < limit; at += block) {
        for (int32_t i = 0; i < *active_count_; ++i) {
          AddExpert(active_[i], {at, std::min(at + block, limit)});
        }
      }
    });
    worker_.Barrier();
  }

  void AddExpert(int32_t index, Range range) {
    const ExpertStep& expert = Expert(index);
    const int32_t rows = Rows(index);
    const int32_t first = begins_[index];
    const int64_t size = range.end - range.begin;
    const ActivationFormat format = expert.down.activation;
    MultiplyRows(
        worker_, expert.down,
        arena_.MoePrepared(format) +
            static_cast<size_t>(first) * PreparedStride(format, hidden_),
        rows,
        {.y = Before(products_, range.begin),
         .y_stride = size,
         .bias = expert.down_bias,
         .accumulate = false},
        range);
    worker_.expert_outputs += rows * size;
    for (int32_t i = 0; i < rows; ++i) {
      const float* y = products_ + i * size;
      float* out = arena_.Slot(op_.out) +
                   Row(first + i) * arena_.SlotStride(op_.out) + range.begin;
      const float weight =
          op_.weight_on_input ? 1.0f : weights_[order_[first + i]];
      for (int64_t j = 0; j < size; ++j) out[j] += weight * y[j];
    }
  }

  Worker& worker_;
  const Instruction& self_;
  const model::MoeOp& op_;
  const StepContext& context_;
  const Arena& arena_;
  const int32_t count_;  // experts
  const int32_t pairs_;
  const int64_t width_, hidden_;
  float* const logits_;
  int32_t* const chosen_;
  float* const weights_;
  int32_t* const order_;
  int32_t* const begins_;
  int32_t* const active_count_;
  int32_t* const active_;
  float* const hidden_rows_;
  const int64_t hidden_stride_;
  float* const products_;
  PreparedRows x_ = {};
};

}  // namespace

void RunMoe(Worker& worker, const Instruction& self) {
  if (worker.rows == 0) return;
  Mixture(worker, self).Run();
}

}  // namespace inlay::backend::cpu
