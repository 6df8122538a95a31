// A global operator new that fails on demand, on any thread, and counts what
// is not freed.
#ifndef INLAY_TESTS_FAULTS_FAILING_NEW_H_
#define INLAY_TESTS_FAULTS_FAILING_NEW_H_

#include <cstdint>

namespace inlay::faults {

enum class Repeat { kOnce, kForever };

// From now on the n-th allocation (1 is the next) fails; with kForever every
// later one too. `n` 0 only counts.
void ArmNew(int64_t n, Repeat repeat);
void DisarmNew();
// Goes on counting where DisarmNew left off.
void ResumeNew();
// Allocations since it was armed, and how many of them failed.
int64_t NewCount();
int64_t NewFailures();
// Blocks of operator new that live now.
int64_t LiveBlocks();

}  // namespace inlay::faults

#endif  // INLAY_TESTS_FAULTS_FAILING_NEW_H_
