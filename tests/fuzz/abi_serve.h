// Calls of abi_fuzz that create engines, submit, step, poll and generate.
#ifndef INLAY_TESTS_FUZZ_ABI_SERVE_H_
#define INLAY_TESTS_FUZZ_ABI_SERVE_H_

#include <inlay/inlay.h>

#include <cstdint>
#include <vector>

#include "tests/fuzz/abi_request.h"
#include "tests/fuzz/abi_world.h"

namespace inlay::abi_fuzz {

constexpr uint64_t kUntouched = ~uint64_t{0};

inline size_t Take(EngineSlot& slot, size_t capacity, inlay_error* error) {
  inlay_event events[8];
  size_t count = 0;
  if (inlay_poll(slot.engine, events, sizeof(events[0]), capacity, 0, &count,
                 error) != INLAY_OK) {
    return 0;
  }
  Require(count <= capacity, "more events than asked for");
  for (size_t i = 0; i < count; ++i) slot.sink.book.See(events[i]);
  return count;
}

// Takes what is left; every accepted request must have ended.
inline void Finish(EngineSlot& slot) {
  if (slot.engine == nullptr) return;
  int32_t more = 1;
  for (int i = 0; i < kMostSteps && more != 0; ++i) {
    if (inlay_engine_step(slot.engine, &more, nullptr) != INLAY_OK) break;
    while (Take(slot, 8, nullptr) != 0) {
    }
  }
  inlay_engine_close(slot.engine, INLAY_CLOSE_CANCEL, 0, nullptr);
  while (Take(slot, 8, nullptr) != 0) {
  }
  inlay_engine_release(slot.engine);
  slot.sink.book.Close();
  slot.engine = nullptr;
}

inline void Create(World& world) {
  Bytes& bytes = world.bytes;
  EngineSlot& slot = world.Slot();
  Finish(slot);
  // As many bytes as any size below may claim.
  struct {
    inlay_engine_options options = INLAY_ENGINE_OPTIONS_INIT;
    char tail[256] = {};
  } padded;
  inlay_engine_options& options = padded.options;
  padded.tail[bytes.Next()] = bytes.Next() == 1;
  options.context_length = bytes.Number();
  options.max_concurrency = bytes.Number();
  options.flags = INLAY_ENGINE_HOST_DRIVEN;
  const uint8_t odd = bytes.Next();
  if (odd == 1) options.kv_cache_bytes = bytes.Next32();
  if (odd == 2) options.struct_size = bytes.Next();
  if (odd == 3) options.flags |= uint64_t{1} << bytes.Next() % 64;
  if (odd >= 64) options.options = world.options.Pick(bytes);
  if (odd >= 192) options.kv_cache_bytes = uint64_t{bytes.Next()} << 12;
  slot.push = odd >= 64 && odd % 4 == 0;
  if (slot.push) {
    options.on_events = EventSink::Take;
    options.event_user_data = &slot.sink;
    options.event_release = [](void* self) {
      ++static_cast<EventSink*>(self)->sinks.released;
    };
    slot.sink.reaction = bytes.Next();
  }
  inlay_engine* engine = nullptr;
  if (inlay_engine_create(odd == 4 ? nullptr : world.model, &options, &engine,
                          world.Error()) != INLAY_OK) {
    return;
  }
  slot.engine = engine;
  slot.sink.engine = engine;
  if (slot.push) ++slot.sink.sinks.owed;
}

inline void Submit(World& world) {
  EngineSlot& slot = world.Slot();
  const AnyRequest any(world, world.submits);
  uint64_t id = kUntouched;
  if (inlay_submit(slot.engine, &any.get(), &id, world.Error()) == INLAY_OK) {
    slot.sink.book.Accept(id);
    world.submits.Owe(any.get());
    world.ids.push_back(id);
  } else {
    // An unusable error record stops a call before it writes anything.
    Require(id == 0 || id == kUntouched || slot.engine == nullptr,
            "a refused request has an id");
  }
}

inline void Step(World& world) {
  inlay_engine* engine = world.Engine();
  inlay_engine_step(engine, nullptr, world.Error());
}

inline void Poll(World& world) {
  EngineSlot& slot = world.Slot();
  const size_t capacity = 1 + world.bytes.Next() % 8;
  Take(slot, capacity, world.Error());
}

inline void Cancel(World& world) {
  const uint64_t id = world.Id();
  const int32_t mode = world.bytes.Next() % 4;
  inlay_cancel(id, mode, world.Error());
}

inline void AskRequest(World& world) {
  int32_t state = 0;
  const uint64_t id = world.Id();
  int32_t* out = world.bytes.Next() % 8 ? &state : nullptr;
  inlay_request_status(id, out, world.Error());
}

inline void CheckGeneration(inlay_generation* generation) {
  inlay_event event = INLAY_EVENT_INIT;
  inlay_generation_get(generation, &event, nullptr);
  Require(event.finish_reason != INLAY_FINISH_NONE, "no finish reason");
  size_t count = 0;
  Require(
      inlay_generation_choice_count(generation, &count, nullptr) == INLAY_OK &&
          count >= 1,
      "a generation without an answer");
  for (size_t i = 0; i <= count; ++i) {
    inlay_event choice = INLAY_EVENT_INIT;
    const inlay_status status =
        inlay_generation_get_choice(generation, i, &choice, nullptr);
    Require((status == INLAY_OK) == (i < count), "answers do not add up");
  }
}

inline void Generate(World& world) {
  inlay_engine* engine = world.Engine();
  const AnyRequest any(world, world.generates);
  inlay_generation* generation = nullptr;
  if (inlay_generate(engine, &any.get(), &generation, world.Error()) ==
      INLAY_OK) {
    CheckGeneration(generation);
    // A call that fails leaves user_data with the host.
    world.generates.Owe(any.get());
  }
  world.generations.Add(generation);
}

inline void AskGeneration(World& world) {
  Bytes& bytes = world.bytes;
  inlay_generation* generation = world.generations.Pick(bytes);
  switch (bytes.Next() % 5) {
    case 0:
      world.generations.Drop(bytes);
      return;
    case 1:
      if (inlay_generation_retain(generation, world.Error()) == INLAY_OK) {
        world.generations.Add(generation);
      }
      return;
    case 2: {
      inlay_event event = INLAY_EVENT_INIT;
      inlay_generation_get_prompt(generation, &event, world.Error());
      return;
    }
    case 3: {
      inlay_event event = INLAY_EVENT_INIT;
      event.struct_size = bytes.Next() % sizeof(event);
      const size_t index = static_cast<size_t>(bytes.Number());
      inlay_generation_get_choice(generation, index, &event, world.Error());
      return;
    }
    default: {
      size_t count = 0;
      size_t* out = bytes.Next() % 8 ? &count : nullptr;
      inlay_generation_choice_count(generation, out, world.Error());
      return;
    }
  }
}

inline void Score(World& world) {
  Bytes& bytes = world.bytes;
  inlay_engine* engine = world.Engine();
  int32_t tokens[3] = {bytes.Number(), bytes.Number(), bytes.Number()};
  size_t count = 0;
  std::vector<float> logits(bytes.Next() < 128 ? 4096 : 5);
  const size_t token_count = bytes.Next() % 4;
  inlay_score(engine, tokens, token_count, logits.data(), logits.size(), &count,
              world.Error());
}

inline void Close(World& world) {
  inlay_engine* engine = world.Engine();
  // A drain that nobody steps ends at its timeout.
  const int32_t mode = world.bytes.Next() % 4;
  inlay_engine_close(engine, mode, 1000, world.Error());
}

inline void Retain(World& world) {
  inlay_engine* engine = world.Engine();
  if (inlay_engine_retain(engine, world.Error()) == INLAY_OK) {
    inlay_engine_release(engine);
  }
  inlay_engine_step(reinterpret_cast<inlay_engine*>(world.model), nullptr,
                    world.Error());
}

}  // namespace inlay::abi_fuzz

#endif  // INLAY_TESTS_FUZZ_ABI_SERVE_H_
