// What the processor is and has.
#ifndef INLAY_BACKEND_CPU_DEVICE_INFO_H_
#define INLAY_BACKEND_CPU_DEVICE_INFO_H_

#include "cpp/backend/backend.h"

namespace inlay::backend::cpu {

DeviceInfo DescribeProcessor();

}  // namespace inlay::backend::cpu

#endif  // INLAY_BACKEND_CPU_DEVICE_INFO_H_
