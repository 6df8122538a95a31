#include "cpp/backend/cpu/step_check.h"

#include <string_view>

#include "absl/strings/str_cat.h"

namespace inlay::backend::cpu {
namespace {

using scheduler::RowGroup;
using scheduler::StepPlan;

Status Bad(std::string_view what) {
  return absl::InternalError(absl::StrCat("the step has a wrong ", what));
}

// [begin, begin + count) lies in [0, size).
bool Inside(int32_t begin, int32_t count, size_t size) {
  return begin >= 0 && count >= 0 &&
         int64_t{begin} + count <= static_cast<int64_t>(size);
}

Status CheckRows(const StepPlan& step, const RowGroup& group,
                 const StepLimits& limits) {
  for (int32_t i = 0; i < group.row_count; ++i) {
    const size_t row = static_cast<size_t>(group.row_begin + i);
    if (step.positions[row] != group.position + i) return Bad("position");
    const int32_t token = step.tokens[row];
    if (token < 0 || token >= limits.vocabulary_size) return Bad("token id");
  }
  return OkStatus();
}

Status CheckPages(const StepPlan& step, int32_t begin, int32_t count,
                  const StepLimits& limits) {
  for (int32_t i = 0; i < count; ++i) {
    const int32_t page = step.blocks[static_cast<size_t>(begin + i)];
    if (page < 0 || page >= limits.page_count) return Bad("page index");
  }
  return OkStatus();
}

Status CheckBlocks(const StepPlan& step, const RowGroup& group,
                   const StepLimits& limits) {
  const int64_t end = int64_t{group.position} + group.row_count;
  if (group.position < 0 || end > INT32_MAX ||
      (limits.max_positions > 0 && end > limits.max_positions)) {
    return Bad("position");
  }
  if (!Inside(group.block_begin, group.block_count, step.blocks.size()) ||
      int64_t{group.block_count} * limits.page_tokens < end) {
    return Bad("block table");
  }
  return CheckPages(step, group.block_begin, group.block_count, limits);
}

Status CheckEncoder(const StepPlan& step, const RowGroup& group,
                    const StepLimits& limits) {
  if (step.encode) {
    return group.position == 0 && group.logits_count == 0
               ? OkStatus()
               : Bad("input of an encoder");
  }
  if (!limits.encodes) return OkStatus();
  if (group.encoder_length < 1 ||
      !Inside(group.encoder_block_begin, group.encoder_block_count,
              step.blocks.size()) ||
      int64_t{group.encoder_block_count} * limits.page_tokens <
          group.encoder_length) {
    return Bad("block table of an encoder");
  }
  return CheckPages(step, group.encoder_block_begin, group.encoder_block_count,
                    limits);
}

Status CheckLogits(const StepPlan& step, const RowGroup& group) {
  if (!Inside(group.logits_begin, group.logits_count,
              step.logits_rows.size()) ||
      group.sample_count < 0 || group.sample_count > group.logits_count) {
    return Bad("range of logits rows");
  }
  if (!Inside(group.sample_begin, group.sample_count, step.samples.size())) {
    return Bad("range of samples");
  }
  for (int32_t i = 0; i < group.logits_count; ++i) {
    const int32_t row =
        step.logits_rows[static_cast<size_t>(group.logits_begin + i)];
    if (row < group.row_begin || row >= group.row_begin + group.row_count) {
      return Bad("logits row");
    }
  }
  return OkStatus();
}

Status CheckTypes(const StepPlan& step, int64_t types) {
  if (step.types.empty()) return OkStatus();
  if (step.types.size() != step.tokens.size()) return Bad("number of segments");
  for (const int32_t type : step.types) {
    if (type < 0 || type >= types) return Bad("segment");
  }
  return OkStatus();
}

Status CheckPools(const StepPlan& step) {
  if (step.pools.empty()) return OkStatus();
  if (step.pools.size() != step.groups.size()) return Bad("number of vectors");
  for (const scheduler::PoolOutput& pool : step.pools) {
    if (pool.out == nullptr) return Bad("place of a vector");
  }
  return OkStatus();
}

Status CheckTransfers(const StepPlan& step, const StepLimits& limits) {
  using Kind = scheduler::PageTransfer::Kind;
  const auto is_page = [&limits](int32_t page) {
    return page >= 0 && page < limits.page_count;
  };
  for (const scheduler::PageTransfer& transfer : step.transfers) {
    const bool reads = transfer.kind != Kind::kIn;
    const bool writes = transfer.kind != Kind::kOut;
    if ((reads && !is_page(transfer.from)) ||
        (writes && !is_page(transfer.to)) ||
        (!(reads && writes) && transfer.host == nullptr)) {
      return Bad("page transfer");
    }
  }
  return OkStatus();
}

}  // namespace

Status CheckStep(const StepPlan& step, const StepLimits& limits) {
  INLAY_RETURN_IF_ERROR(CheckTransfers(step, limits));
  INLAY_RETURN_IF_ERROR(CheckPools(step));
  if (step.encode && !limits.encodes) return Bad("kind");
  INLAY_RETURN_IF_ERROR(CheckTypes(step, limits.types));
  if ((step.tokens.empty() && step.transfers.empty()) ||
      step.tokens.size() > static_cast<size_t>(limits.max_rows) ||
      step.positions.size() != step.tokens.size()) {
    return Bad("number of rows");
  }
  if (step.logits_rows.size() > static_cast<size_t>(limits.max_logits_rows)) {
    return Bad("number of logits rows");
  }
  int32_t next_row = 0;
  int32_t next_logits = 0;
  int32_t next_sample = 0;
  for (const RowGroup& group : step.groups) {
    if (group.row_count < 1 || group.row_begin != next_row ||
        !Inside(group.row_begin, group.row_count, step.tokens.size())) {
      return Bad("row group");
    }
    next_row += group.row_count;
    INLAY_RETURN_IF_ERROR(CheckBlocks(step, group, limits));
    INLAY_RETURN_IF_ERROR(CheckRows(step, group, limits));
    INLAY_RETURN_IF_ERROR(CheckLogits(step, group));
    INLAY_RETURN_IF_ERROR(CheckEncoder(step, group, limits));
    next_logits += group.logits_count;
    if (group.sample_begin != next_sample) return Bad("range of samples");
    next_sample += group.sample_count;
  }
  if (next_row != step.rows()) return Bad("row without a group");
  if (static_cast<size_t>(next_logits) != step.logits_rows.size()) {
    return Bad("logits row without a group");
  }
  if (static_cast<size_t>(next_sample) != step.samples.size()) {
    return Bad("number of samples");
  }
  for (const sampling::SampleInput& sample : step.samples) {
    if (sample.params == nullptr) return Bad("sample without parameters");
  }
  return OkStatus();
}

}  // namespace inlay::backend::cpu
