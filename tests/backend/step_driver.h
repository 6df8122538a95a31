// Runs requests through an Executor in chosen chunks and collects logits.
#ifndef INLAY_TESTS_BACKEND_STEP_DRIVER_H_
#define INLAY_TESTS_BACKEND_STEP_DRIVER_H_

#include <cstdint>
#include <vector>

#include "cpp/backend/backend.h"

namespace inlay::backend {

// One request's tokens, cut into chunks, and the pages it may use.
struct DrivenRequest {
  std::vector<int32_t> tokens;
  std::vector<int32_t> chunks;  // rows of each step; 0: sits one out
  std::vector<int32_t> pages;
  std::vector<int32_t> encoder;  // what it reads first; has its own pages
};

class StepDriver {
 public:
  StepDriver(Executor& executor, int32_t page_tokens, int32_t vocabulary)
      : executor_(executor),
        page_tokens_(page_tokens),
        vocabulary_(vocabulary) {}

  // Logits of every position of every request.
  StatusOr<std::vector<std::vector<float>>> Run(
      const std::vector<DrivenRequest>& requests) {
    std::vector<std::vector<float>> all(requests.size());
    std::vector<int32_t> done(requests.size(), 0);
    INLAY_RETURN_IF_ERROR(Encode(requests));
    for (size_t step = 0;; ++step) {
      scheduler::StepPlan plan;
      for (size_t i = 0; i < requests.size(); ++i) {
        if (step >= requests[i].chunks.size()) continue;
        AddGroup(requests[i], done[i], requests[i].chunks[step], &plan);
      }
      if (plan.tokens.empty()) return all;
      std::vector<float> logits(plan.tokens.size() *
                                static_cast<size_t>(vocabulary_));
      plan.logits_out = logits.data();
      INLAY_ASSIGN_OR_RETURN(const uint64_t ticket, executor_.Launch(plan));
      scheduler::StepResult result;
      INLAY_RETURN_IF_ERROR(executor_.Collect(ticket, &result));
      auto from = logits.begin();
      for (size_t i = 0; i < requests.size(); ++i) {
        if (step >= requests[i].chunks.size()) continue;
        const int32_t rows = requests[i].chunks[step];
        all[i].insert(all[i].end(), from, from + rows * vocabulary_);
        from += rows * vocabulary_;
        done[i] += rows;
      }
    }
  }

 private:
  int32_t PagesOf(const std::vector<int32_t>& tokens) const {
    return (static_cast<int32_t>(tokens.size()) + page_tokens_ - 1) /
           page_tokens_;
  }

  // The inputs of all encoders in one step.
  Status Encode(const std::vector<DrivenRequest>& requests) {
    scheduler::StepPlan plan;
    plan.encode = true;
    for (const DrivenRequest& request : requests) {
      if (request.encoder.empty()) continue;
      scheduler::RowGroup group;
      group.row_begin = plan.rows();
      group.row_count = static_cast<int32_t>(request.encoder.size());
      group.block_begin = static_cast<int32_t>(plan.blocks.size());
      group.block_count = PagesOf(request.encoder);
      for (int32_t i = 0; i < group.row_count; ++i) {
        plan.tokens.push_back(request.encoder[static_cast<size_t>(i)]);
        plan.positions.push_back(i);
      }
      plan.blocks.insert(plan.blocks.end(), request.pages.begin(),
                         request.pages.begin() + group.block_count);
      plan.groups.push_back(group);
    }
    if (plan.tokens.empty()) return OkStatus();
    INLAY_ASSIGN_OR_RETURN(const uint64_t ticket, executor_.Launch(plan));
    scheduler::StepResult result;
    return executor_.Collect(ticket, &result);
  }

  void AddGroup(const DrivenRequest& request, int32_t position, int32_t rows,
                scheduler::StepPlan* plan) {
    if (rows == 0) return;
    scheduler::RowGroup group;
    group.row_begin = plan->rows();
    group.row_count = rows;
    group.position = position;
    group.encoder_length = static_cast<int32_t>(request.encoder.size());
    group.encoder_block_begin = static_cast<int32_t>(plan->blocks.size());
    group.encoder_block_count = PagesOf(request.encoder);
    group.block_begin = group.encoder_block_begin + group.encoder_block_count;
    group.block_count = (position + rows + page_tokens_ - 1) / page_tokens_;
    group.logits_begin = static_cast<int32_t>(plan->logits_rows.size());
    group.logits_count = rows;
    for (int32_t i = 0; i < rows; ++i) {
      plan->logits_rows.push_back(plan->rows());
      plan->tokens.push_back(request.tokens[static_cast<size_t>(position + i)]);
      plan->positions.push_back(position + i);
    }
    plan->blocks.insert(
        plan->blocks.end(), request.pages.begin(),
        request.pages.begin() + group.encoder_block_count + group.block_count);
    plan->groups.push_back(group);
  }

  Executor& executor_;
  const int32_t page_tokens_;
  const int32_t vocabulary_;
};

}  // namespace inlay::backend

#endif  // INLAY_TESTS_BACKEND_STEP_DRIVER_H_
