// Built with AVX-512 BF16; see amx_on_model.h. No templates of the standard
// library here, which the linker could share with files built without it.
#include "tests/kernels/amx_on_model.h"

#include "kernels/cpu/amx_model.h"
#include "kernels/cpu/linear_amx_bf16.h"
#include "kernels/cpu/linear_amx_int8.h"

namespace inlay::kernels::cpu {
namespace {

using internal::ModelTiles;
using internal::TileFault;

ModelTiles& Of(void* tiles) { return *static_cast<ModelTiles*>(tiles); }

TileFault After(const ModelTiles& tiles) {
  return tiles.configured() ? TileFault::kNotConfigured : tiles.fault();
}

}  // namespace

TileFault LinearBf16OnModel(const LinearArgs& args, int64_t out_begin,
                            int64_t out_end) {
  ModelTiles tiles;
  if (!internal::LinearBf16(tiles, args, out_begin, out_end)) {
    return TileFault::kInvalidTile;
  }
  return After(tiles);
}

TileFault LinearInt8OnModel(const LinearArgs& args, int64_t out_begin,
                            int64_t out_end) {
  ModelTiles tiles;
  if (!internal::LinearInt8(tiles, args, out_begin, out_end)) {
    return TileFault::kInvalidTile;
  }
  return After(tiles);
}

TileModel::TileModel() : tiles_(new ModelTiles()) {}
TileModel::~TileModel() { delete static_cast<ModelTiles*>(tiles_); }
void TileModel::Configure(const internal::TileConfig& config) {
  Of(tiles_).Configure(config);
}
void TileModel::Release() { Of(tiles_).Release(); }
void TileModel::Zero(int tile) { Of(tiles_).ZeroTile(tile); }
void TileModel::Load(int tile, const void* base, size_t stride) {
  Of(tiles_).LoadTile(tile, base, stride);
}
void TileModel::Store(int tile, void* base, size_t stride) {
  Of(tiles_).StoreTile(tile, base, stride);
}
void TileModel::DotBf16(int c, int a, int b) {
  Of(tiles_).MultiplyBf16(c, a, b);
}
void TileModel::DotInt8(int c, int a, int b) {
  Of(tiles_).MultiplyInt8(c, a, b);
}
TileFault TileModel::fault() const { return Of(tiles_).fault(); }

}  // namespace inlay::kernels::cpu
