// Loops of one dot-product instruction that never leave the registers.
#ifndef INLAY_TESTS_BENCH_ROOFLINE_PEAKS_H_
#define INLAY_TESTS_BENCH_ROOFLINE_PEAKS_H_

#include <cstdint>
#include <string>
#include <vector>

namespace inlay::roofline {

// One way to run an instruction: `sums` independent sums, each added to once
// in every repetition.
struct Loop {
  int sums;
  void (*run)(int64_t repetitions);
};

struct Instruction {
  std::string name;
  bool present;                 // here
  double products;              // multiply-accumulates of one instruction
  std::vector<Loop> loops;      // few sums to many
  void (*prepare)() = nullptr;  // on each thread, before the loops
};

// Those of the processor family this is built for.
void AddX86Instructions(std::vector<Instruction>* list);
void AddAmxInstructions(std::vector<Instruction>* list);
void AddArmInstructions(std::vector<Instruction>* list);

}  // namespace inlay::roofline

#endif  // INLAY_TESTS_BENCH_ROOFLINE_PEAKS_H_
