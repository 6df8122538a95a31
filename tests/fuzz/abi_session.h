// Calls of abi_fuzz on sessions: forked, cut, saved and loaded, also from
// damaged bytes with checksums that agree.
#ifndef INLAY_TESTS_FUZZ_ABI_SESSION_H_
#define INLAY_TESTS_FUZZ_ABI_SESSION_H_

#include <inlay/inlay.h>
#include <stdlib.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "cpp/engine/checksum.h"
#include "tests/fuzz/abi_world.h"

namespace inlay::abi_fuzz {

// A writer that fails at last, and one that remembers.
struct Writer {
  std::vector<uint8_t> bytes;
  int left = 0;  // calls before it fails; negative: never

  static int64_t Write(void* self, const void* data, size_t size) {
    auto* writer = static_cast<Writer*>(self);
    Require(size > 0, "nothing to write");
    if (writer->left == 0) return -7;
    --writer->left;
    const auto* begin = static_cast<const uint8_t*>(data);
    writer->bytes.insert(writer->bytes.end(), begin, begin + size);
    return 0;
  }
};

struct Reader {
  const std::vector<uint8_t>& bytes;
  size_t at = 0;

  static int64_t Read(void* self, void* buffer, size_t size) {
    auto* reader = static_cast<Reader*>(self);
    Require(size > 0, "nothing to read");
    const size_t part = std::min(size, reader->bytes.size() - reader->at);
    if (part == 0) return -5;
    std::memcpy(buffer, reader->bytes.data() + reader->at, part);
    reader->at += part;
    return static_cast<int64_t>(part);
  }
};

inline void PutChecksum(std::vector<uint8_t>& bytes, size_t at) {
  engine::Checksum sum;
  sum.Add(bytes.data(), at);
  uint64_t value = sum.value();
  for (size_t i = 0; i < 8; ++i, value >>= 8) {
    bytes[at + i] = static_cast<uint8_t>(value);
  }
}

// As cpp/engine/session_file.h says: one behind header and recipe, whose
// length is the header's last number, and one at the end.
inline void RepairChecksums(std::vector<uint8_t>& bytes) {
  constexpr size_t kHeaderBytes = 48;
  if (bytes.size() < kHeaderBytes + 16) return;
  uint32_t recipe = 0;
  for (size_t i = 4; i > 0; --i) {
    recipe = recipe << 8 | bytes[kHeaderBytes - 5 + i];
  }
  if (recipe > bytes.size() - kHeaderBytes - 16) return;
  PutChecksum(bytes, kHeaderBytes + recipe);
  PutChecksum(bytes, bytes.size() - 8);
}

inline std::vector<uint8_t> Damage(World& world) {
  Bytes& bytes = world.bytes;
  std::vector<uint8_t> damaged = world.saved;
  const uint8_t kind = bytes.Next();
  if (kind < 64 || damaged.empty()) return damaged;
  if (kind > 240) damaged.resize(bytes.Next32() % damaged.size());
  for (int i = kind % 4; i > 0 && !damaged.empty(); --i) {
    // Most often in the header.
    const size_t range = bytes.Next() < 128 ? 64 : damaged.size();
    damaged[bytes.Next32() % std::min(range, damaged.size())] = bytes.Next();
  }
  if (kind < 224) RepairChecksums(damaged);
  return damaged;
}

inline void CreateSession(World& world) {
  inlay_engine* engine = world.Engine();
  const std::string domain = world.bytes.Text();
  inlay_session* session = nullptr;
  inlay_session_create(engine, domain.data(), domain.size(), &session,
                       world.Error());
  world.sessions.Add(session);
}

inline void SaveSession(World& world) {
  inlay_session* session = world.sessions.Pick(world.bytes);
  Writer writer;
  const uint8_t kind = world.bytes.Next();
  writer.left = kind < 192 ? -1 : kind % 8;
  if (inlay_session_save(session, kind == 255 ? nullptr : Writer::Write,
                         &writer, world.Error()) == INLAY_OK) {
    world.saved = std::move(writer.bytes);
  }
}

inline void LoadSession(World& world) {
  inlay_engine* engine = world.Engine();
  const std::vector<uint8_t> bytes = Damage(world);
  Reader reader{bytes};
  inlay_session* session = nullptr;
  const inlay_status status = inlay_session_load(engine, Reader::Read, &reader,
                                                 &session, world.Error());
  Require((status == INLAY_OK) == (session != nullptr),
          "a loaded session and its status differ");
  world.sessions.Add(session);
}

// In a folder of its own: gone with the call.
inline void SessionFiles(World& world) {
  inlay_engine* engine = world.Engine();
  inlay_session* session = world.sessions.Pick(world.bytes);
  std::string folder = std::filesystem::temp_directory_path() / "abiXXXXXX";
  Require(mkdtemp(folder.data()) != nullptr, "no folder");
  const std::string path =
      folder + "/" + (world.bytes.Next() < 200 ? "s" : world.bytes.Text());
  const bool inside = path.find('/', folder.size() + 1) == std::string::npos &&
                      path.find("..") == std::string::npos;
  if (inside) {
    inlay_session_save_file(session, path.data(), path.size(), world.Error());
    inlay_session* loaded = nullptr;
    inlay_session_load_file(engine, path.data(), path.size(), &loaded,
                            world.Error());
    world.sessions.Add(loaded);
  }
  std::filesystem::remove_all(folder);
}

inline void CheckTokens(inlay_session* session) {
  inlay_session_info info = INLAY_SESSION_INFO_INIT;
  if (inlay_session_get_info(session, &info, nullptr) != INLAY_OK) return;
  size_t count = 0;
  inlay_session_get_tokens(session, nullptr, 0, &count, nullptr);
  Require(count == static_cast<size_t>(info.token_count),
          "a session counts its tokens twice");
  std::vector<int32_t> tokens(count + 1);
  Require(inlay_session_get_tokens(session, tokens.data(), count, &count,
                                   nullptr) == INLAY_OK,
          "a session does not tell its tokens");
}

inline void AskSession(World& world) {
  Bytes& bytes = world.bytes;
  inlay_session* session = world.sessions.Pick(bytes);
  switch (bytes.Next() % 6) {
    case 0:
      world.sessions.Drop(bytes);
      return;
    case 1:
      if (inlay_session_retain(session, world.Error()) == INLAY_OK) {
        world.sessions.Add(session);
      }
      return;
    case 2: {
      inlay_session* fork = nullptr;
      inlay_session_fork(session, &fork, world.Error());
      world.sessions.Add(fork);
      return;
    }
    case 3: {
      const int32_t count = bytes.Number();
      inlay_session_truncate(session, count, world.Error());
      return;
    }
    case 4:
      CheckTokens(session);
      return;
    default: {
      int32_t tokens[8];
      size_t count = 0;
      const size_t room = bytes.Next() % 8;
      inlay_session_get_tokens(session, tokens, room, &count, world.Error());
      return;
    }
  }
}

}  // namespace inlay::abi_fuzz

#endif  // INLAY_TESTS_FUZZ_ABI_SESSION_H_
