// The AMX kernels on the software model of the tiles, and the model itself,
// behind functions that need no instruction set to call. Run them only where
// AVX-512 BF16 is: the code between the tiles uses it.
#ifndef INLAY_TESTS_KERNELS_AMX_ON_MODEL_H_
#define INLAY_TESTS_KERNELS_AMX_ON_MODEL_H_

#include <stddef.h>
#include <stdint.h>

#include "kernels/cpu/amx_config.h"
#include "kernels/cpu/linear.h"

namespace inlay::kernels::cpu {

// What the model found wrong. A kernel also has to leave the tiles released;
// if it does not, the answer is kNotConfigured.
internal::TileFault LinearBf16OnModel(const LinearArgs& args, int64_t out_begin,
                                      int64_t out_end);
internal::TileFault LinearInt8OnModel(const LinearArgs& args, int64_t out_begin,
                                      int64_t out_end);

class TileModel {
 public:
  TileModel();
  ~TileModel();
  TileModel(const TileModel&) = delete;
  TileModel& operator=(const TileModel&) = delete;

  void Configure(const internal::TileConfig& config);
  void Release();
  void Zero(int tile);
  void Load(int tile, const void* base, size_t stride);
  void Store(int tile, void* base, size_t stride);
  void DotBf16(int c, int a, int b);
  void DotInt8(int c, int a, int b);
  internal::TileFault fault() const;

 private:
  void* tiles_;
};

}  // namespace inlay::kernels::cpu

#endif  // INLAY_TESTS_KERNELS_AMX_ON_MODEL_H_
