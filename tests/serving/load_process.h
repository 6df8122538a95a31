// What this process uses of the machine.
#ifndef INLAY_TESTS_SERVING_LOAD_PROCESS_H_
#define INLAY_TESTS_SERVING_LOAD_PROCESS_H_

#include <cstdint>

namespace inlay::serving {

struct ProcessUse {
  int64_t resident = 0;       // bytes
  int64_t peak_resident = 0;  // bytes, since the process began
  int threads = 0;
  int descriptors = 0;
};

ProcessUse MeasureProcess();

}  // namespace inlay::serving

#endif  // INLAY_TESTS_SERVING_LOAD_PROCESS_H_
