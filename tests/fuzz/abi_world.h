// The objects that a call sequence of abi_fuzz works on: one context and
// model, two engines, a few sessions, generations, options and loads.
#ifndef INLAY_TESTS_FUZZ_ABI_WORLD_H_
#define INLAY_TESTS_FUZZ_ABI_WORLD_H_

#include <inlay/inlay.h>

#include <cstdint>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "tests/fuzz/abi_bytes.h"
#include "tests/fuzz/abi_events.h"

namespace inlay::abi_fuzz {

constexpr int kEngines = 2;
constexpr int kMostSteps = 400;
constexpr size_t kMostHandles = 6;

// Written once, before the first input.
inline const std::vector<uint8_t>& TinyModel() {
  static const std::vector<uint8_t>& model = *new auto([] {
    std::ifstream stream(
        std::string(INLAY_SOURCE_DIR) + "/tests/goldens/models/tiny-llama.gguf",
        std::ios::binary);
    return std::vector<uint8_t>{std::istreambuf_iterator<char>(stream), {}};
  }());
  return model;
}

inline inlay_model_source TinyModelSource() {
  inlay_model_source source = INLAY_MODEL_SOURCE_INIT;
  source.kind = INLAY_SOURCE_MEMORY;
  source.data = TinyModel().data();
  source.size = TinyModel().size();
  return source;
}

struct EngineSlot {
  inlay_engine* engine = nullptr;
  bool push = false;
  EventSink sink;
};

// Handles of one kind, the oldest given up for new ones.
template <typename T, void (*kRelease)(T*)>
class Handles {
 public:
  ~Handles() { Clear(); }
  void Add(T* handle) {
    if (handle == nullptr) return;
    if (all_.size() == kMostHandles) {
      kRelease(all_.front());
      all_.erase(all_.begin());
    }
    all_.push_back(handle);
  }
  // Sometimes none.
  T* Pick(Bytes& bytes) const {
    const uint8_t which = bytes.Next();
    if (all_.empty() || which == 255) return nullptr;
    return all_[which % all_.size()];
  }
  void Drop(Bytes& bytes) {
    T* handle = Pick(bytes);
    for (size_t i = 0; i < all_.size(); ++i) {
      if (all_[i] != handle) continue;
      all_.erase(all_.begin() + static_cast<std::ptrdiff_t>(i));
      break;
    }
    kRelease(handle);
  }
  void Clear() {
    for (T* handle : std::exchange(all_, {})) kRelease(handle);
  }

 private:
  std::vector<T*> all_;
};

struct World {
  explicit World(Bytes input) : bytes(input) {
    inlay_context_options options = INLAY_CONTEXT_OPTIONS_INIT;
    options.thread_count = 1;
    options.memory_budget_bytes = 64 << 20;
    Require(inlay_context_create(&options, &context, nullptr) == INLAY_OK,
            "no context");
    const inlay_model_source source = TinyModelSource();
    Require(inlay_model_open(context, &source, nullptr, &model, nullptr) ==
                INLAY_OK,
            "no model");
  }

  // An engine, sometimes none.
  EngineSlot& Slot() { return slots[bytes.Next() % kEngines]; }
  inlay_engine* Engine() { return Slot().engine; }
  // A live, ended or invented id.
  uint64_t Id() {
    const uint8_t which = bytes.Next();
    if (which > 200 || ids.empty()) return bytes.Next32();
    return ids[which % ids.size()];
  }
  inlay_error* Error() {
    error = INLAY_ERROR_INIT;
    const uint8_t kind = bytes.Next();
    if (kind == 255) error.struct_size = bytes.Next();
    if (kind == 254) return nullptr;
    return &error;
  }

  Bytes bytes;
  inlay_context* context = nullptr;
  inlay_model* model = nullptr;
  EngineSlot slots[kEngines];
  Handles<inlay_session, inlay_session_release> sessions;
  Handles<inlay_generation, inlay_generation_release> generations;
  Handles<inlay_options, inlay_options_release> options;
  Handles<inlay_load, inlay_load_release> loads;
  std::vector<uint64_t> ids;
  std::vector<uint8_t> saved;  // what a session wrote last
  Releases submits;
  Releases generates;
  Releases sources;
  int wide_requests = 0;
  inlay_error error = INLAY_ERROR_INIT;
};

}  // namespace inlay::abi_fuzz

#endif  // INLAY_TESTS_FUZZ_ABI_WORLD_H_
