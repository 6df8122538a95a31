// Calls of abi_fuzz that look at an engine: state, counters, metrics, traces,
// tenants, its descriptor.
#ifndef INLAY_TESTS_FUZZ_ABI_WATCH_H_
#define INLAY_TESTS_FUZZ_ABI_WATCH_H_

#include <inlay/inlay.h>

#include <cstdint>
#include <string>
#include <vector>

#include "tests/fuzz/abi_session.h"
#include "tests/fuzz/abi_world.h"

namespace inlay::abi_fuzz {

inline void Ask(World& world) {
  inlay_engine* engine = world.Engine();
  int32_t state = 0;
  inlay_engine_get_state(engine, &state, world.Error());
  inlay_engine_stats stats = INLAY_ENGINE_STATS_INIT;
  stats.struct_size = world.bytes.Next();
  // Only as many bytes as are there may be claimed.
  if (stats.struct_size <= sizeof(stats)) {
    inlay_engine_get_stats(engine, &stats, world.Error());
  }
  inlay_engine_config config = INLAY_ENGINE_CONFIG_INIT;
  inlay_engine_get_config(engine, &config, world.Error());
  inlay_wake(engine, world.Error());
}

inline void Stats(World& world) {
  inlay_engine* engine = world.Engine();
  inlay_engine_stats stats = INLAY_ENGINE_STATS_INIT;
  if (inlay_engine_get_stats(engine, &stats, world.Error()) != INLAY_OK) {
    return;
  }
  Require(stats.pages_used <= stats.pages_total && stats.pages_used >= 0 &&
              stats.swap_pages_used <= stats.swap_pages_total &&
              stats.running >= 0 && stats.queued >= 0 &&
              stats.queued_tokens >= 0 &&
              stats.cached_tokens <= stats.lookup_tokens,
          "the counters make no sense");
}

inline void Metrics(World& world) {
  inlay_engine* engine = world.Engine();
  size_t size = 0;
  std::string text(world.bytes.Next() < 128 ? 1 << 16 : world.bytes.Next(),
                   '#');
  const inlay_status status = inlay_engine_get_metrics(
      engine, text.data(), text.size(), &size, world.Error());
  Require(status != INLAY_OK || (size < text.size() && text[size] == '\0'),
          "the metrics do not end");
}

inline void Trace(World& world) {
  Bytes& bytes = world.bytes;
  inlay_engine* engine = world.Engine();
  const uint8_t kind = bytes.Next();
  if (kind % 2 == 0) {
    const int32_t most = bytes.Number();
    inlay_engine_start_trace(engine, most, world.Error());
    return;
  }
  Writer writer;
  writer.left = kind < 192 ? -1 : kind % 4;
  inlay_engine_stop_trace(engine, kind == 255 ? nullptr : Writer::Write,
                          &writer, world.Error());
}

inline void Tenant(World& world) {
  Bytes& bytes = world.bytes;
  inlay_engine* engine = world.Engine();
  const std::string name = bytes.Text();
  const double weight = static_cast<double>(bytes.Float());
  const size_t size = bytes.Next() < 128 ? name.size() : INLAY_NUL;
  inlay_engine_set_tenant(engine, name.c_str(), size, weight, world.Error());
}

inline void WaitHandle(World& world) {
  inlay_engine* engine = world.Engine();
  int64_t handle = 0;
  int64_t* out = world.bytes.Next() % 8 ? &handle : nullptr;
  inlay_engine_wait_handle(engine, out, world.Error());
}

}  // namespace inlay::abi_fuzz

#endif  // INLAY_TESTS_FUZZ_ABI_WATCH_H_
