// Calls of abi_fuzz on the library itself: its names and sizes, devices,
// tunables, and asynchronous openings.
#ifndef INLAY_TESTS_FUZZ_ABI_LIBRARY_H_
#define INLAY_TESTS_FUZZ_ABI_LIBRARY_H_

#include <inlay/inlay.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "tests/fuzz/abi_world.h"

namespace inlay::abi_fuzz {

inline void AskLibrary(World& world) {
  Bytes& bytes = world.bytes;
  Require(inlay_version()[0] != '\0' && inlay_abi_version() != 0 &&
              inlay_build_info()[0] != '\0',
          "the library has no name");
  const std::string name = "inlay_" + bytes.Text();
  inlay_has_feature(name.c_str() + 6);
  inlay_struct_size(name.c_str());
  inlay_get_proc(name.c_str());
  Require(inlay_status_name(bytes.Number())[0] == 'I', "a nameless status");
  inlay_event event;
  const size_t size = bytes.Next();
  std::memset(&event, 0xff, sizeof(event));
  inlay_struct_init(&event, std::min(size, sizeof(event)));
}

inline void AskContext(World& world) {
  Bytes& bytes = world.bytes;
  if (inlay_context_retain(world.context, world.Error()) == INLAY_OK) {
    inlay_context_release(world.context);
  }
  if (inlay_model_retain(world.model, world.Error()) == INLAY_OK) {
    inlay_model_release(world.model);
  }
  size_t count = 0;
  inlay_device_count(world.context, &count, world.Error());
  inlay_device_info info = INLAY_DEVICE_INFO_INIT;
  info.struct_size = bytes.Next() < 128 ? info.struct_size : bytes.Next();
  if (info.struct_size > sizeof(info)) return;
  const size_t index = bytes.Next();
  inlay_device_get_info(world.context, index, &info, world.Error());
}

// One of those that the key takes, a number, or anything.
inline std::string OptionValue(const inlay_option_info& info, Bytes& bytes) {
  const uint8_t kind = bytes.Next();
  if (kind >= 240) return bytes.Text();
  const std::string values(info.values, info.values_size);
  if (values.find('|') == std::string::npos) {
    return std::to_string(bytes.Number());
  }
  size_t begin = 0;
  for (int i = kind % 8; i > 0; --i) {
    const size_t bar = values.find('|', begin);
    if (bar == std::string::npos) break;
    begin = bar + 1;
  }
  return values.substr(begin, values.find('|', begin) - begin);
}

inline void SetOption(World& world) {
  Bytes& bytes = world.bytes;
  inlay_options* options = world.options.Pick(bytes);
  const size_t index = bytes.Next() % (inlay_option_count() + 1);
  inlay_option_info info = INLAY_OPTION_INFO_INIT;
  if (inlay_option_get_info(index, &info, world.Error()) != INLAY_OK ||
      info.key == nullptr || info.values == nullptr) {
    return;
  }
  const std::string value = OptionValue(info, bytes);
  inlay_options_set(options, info.key, info.key_size, value.data(),
                    value.size(), world.Error());
  const char* now = nullptr;
  size_t size = 0;
  if (inlay_options_get(options, info.key, info.key_size, &now, &size,
                        world.Error()) == INLAY_OK) {
    Require(now[size] == '\0', "a value does not end");
  }
}

inline void Options(World& world) {
  Bytes& bytes = world.bytes;
  inlay_options* options = nullptr;
  switch (bytes.Next() % 4) {
    case 0:
    case 1:
      inlay_options_create(&options, world.Error());
      world.options.Add(options);
      return;
    case 2:
      options = world.options.Pick(bytes);
      if (inlay_options_retain(options, world.Error()) == INLAY_OK) {
        world.options.Add(options);
      }
      return;
    default:
      world.options.Drop(bytes);
      return;
  }
}

// Bytes of the tiny model through a reader that may stop short.
struct ModelReader {
  Releases* releases;
  int left;

  static int64_t Read(void* self, uint64_t offset, void* buffer, size_t size) {
    auto* reader = static_cast<ModelReader*>(self);
    if (reader->left == 0) return -9;
    --reader->left;
    Require(offset + size <= TinyModel().size(), "a read behind the end");
    std::memcpy(buffer, TinyModel().data() + offset, size);
    return static_cast<int64_t>(size);
  }
  static void Release(void* self) {
    auto* reader = static_cast<ModelReader*>(self);
    ++reader->releases->released;
    delete reader;
  }
};

inline void Load(World& world) {
  Bytes& bytes = world.bytes;
  inlay_model_source source = TinyModelSource();
  const uint8_t kind = bytes.Next();
  auto* reader = new ModelReader{&world.sources, kind < 192 ? -1 : kind % 16};
  source.user_data = reader;
  source.release = ModelReader::Release;
  if (kind % 2 == 1) {
    source.kind = INLAY_SOURCE_READER;
    source.data = nullptr;
    source.read = ModelReader::Read;
  }
  inlay_model_options options = INLAY_MODEL_OPTIONS_INIT;
  options.options = world.options.Pick(bytes);
  options.flags = bytes.Next() % 4;
  inlay_load* load = nullptr;
  if (inlay_model_open_async(world.context, &source, &options, &load,
                             world.Error()) == INLAY_OK) {
    ++world.sources.owed;
  } else {
    delete reader;
  }
  world.loads.Add(load);
}

inline void AskLoad(World& world) {
  Bytes& bytes = world.bytes;
  inlay_load* load = world.loads.Pick(bytes);
  inlay_load_info info = INLAY_LOAD_INFO_INIT;
  switch (bytes.Next() % 6) {
    case 0:
      world.loads.Drop(bytes);
      return;
    case 1:
      if (inlay_load_retain(load, world.Error()) == INLAY_OK) {
        world.loads.Add(load);
      }
      return;
    case 2:
      inlay_load_get_info(load, &info, world.Error());
      return;
    case 3:
      inlay_load_cancel(load, world.Error());
      return;
    case 4: {
      const int64_t timeout = int64_t{bytes.Next()} * 1000;
      inlay_load_wait(load, timeout, world.Error());
      return;
    }
    default: {
      inlay_model* model = nullptr;
      inlay_load_wait(load, -1, world.Error());
      inlay_load_get_model(load, &model, world.Error());
      inlay_model_release(model);
      return;
    }
  }
}

}  // namespace inlay::abi_fuzz

#endif  // INLAY_TESTS_FUZZ_ABI_LIBRARY_H_
