// A part that memory is too short for leaves the waiting event as it was.
#include "cpp/engine/outbox.h"

#include <new>

#include "gtest/gtest.h"
#include "tests/faults/failing_new.h"

namespace inlay::engine {
namespace {

// True if all of it was added.
bool Add(Outbox* box, int64_t failing) {
  std::vector<sampling::TokenLogprob> top(7, {1, -1.0f});
  const std::string text(50, 'x');
  const DeltaPart part = {.token = 3,
                          .text = text,
                          .has_logprobs = true,
                          .logprob = -1.0f,
                          .top = &top};
  bool added = true;
  faults::ArmNew(failing, faults::Repeat::kOnce);
  try {
    box->AddDelta(part);
  } catch (const std::bad_alloc&) {
    added = false;
  }
  faults::DisarmNew();
  return added;
}

TEST(OutboxMemory, APartIsAddedWholeOrNotAtAll) {
  for (int64_t failing = 1; failing < 10; ++failing) {
    Outbox box(1, {.request_id = 1}, nullptr);
    size_t parts = 0;
    for (int i = 0; i < 20; ++i) parts += Add(&box, failing) ? 1 : 0;
    parts += Add(&box, 0) ? 1 : 0;
    Event event;
    ASSERT_FALSE(box.Take(&event));
    EXPECT_EQ(event.tokens.size(), parts) << failing;
    EXPECT_EQ(event.logprobs.size(), parts) << failing;
    EXPECT_EQ(event.top.size(), 7 * parts) << failing;
    EXPECT_EQ(event.text.size(), 50 * parts) << failing;
  }
}

}  // namespace
}  // namespace inlay::engine
