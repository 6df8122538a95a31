// Sessions to and from files and streams of the host.
#include <inlay/inlay.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "capi/src/arguments.h"
#include "capi/src/engine.h"
#include "capi/src/guard.h"
#include "capi/src/session.h"
#include "capi/src/stream.h"
#include "cpp/io/os_new_file.h"
#include "cpp/io/source.h"

namespace inlay::capi {
namespace {

Outcome ReadPath(const char* path, size_t size, std::string* out) {
  std::string_view view;
  INLAY_RETURN_IF_BAD(ReadText(path, size, "path", &view));
  if (view.empty()) return Outcome::Invalid("path", "is empty");
  if (view.find('\0') != view.npos) {
    return Outcome::Invalid("path", "contains a NUL");
  }
  *out = std::string(view);
  return {};
}

Outcome Save(inlay_session* session, inlay_stream_write_fn write,
             void* user_data) {
  INLAY_RETURN_IF_BAD(CheckBlocking(session));
  if (write == nullptr) return Outcome::Invalid("write", "is NULL");
  HostStream stream(user_data);
  return stream.Explain(
      session->core->Save([&](const uint8_t* data, size_t bytes) {
        return stream.Write(write, data, bytes);
      }));
}

Outcome SaveFile(inlay_session* session, const char* path, size_t path_size) {
  INLAY_RETURN_IF_BAD(CheckBlocking(session));
  std::string name;
  INLAY_RETURN_IF_BAD(ReadPath(path, path_size, &name));
  INLAY_ASSIGN_OR_RETURN(io::NewFile file, io::NewFile::Create(name));
  INLAY_RETURN_IF_ERROR(
      session->core->Save([&](const uint8_t* data, size_t bytes) {
        return file.Write({data, bytes});
      }));
  return file.Commit();
}

Outcome Load(inlay_engine* engine, inlay_stream_read_fn read, void* user_data,
             inlay_session** out) {
  INLAY_RETURN_IF_BAD(CheckBlocking(engine));
  INLAY_RETURN_IF_BAD(CheckPointer(out, "out"));
  *out = nullptr;
  if (read == nullptr) return Outcome::Invalid("read", "is NULL");
  HostStream stream(user_data);
  auto session = engine->core->LoadSession([&](uint8_t* data, size_t bytes) {
    return stream.Read(read, data, bytes);
  });
  if (!session.ok()) return stream.Explain(std::move(session).status());
  *out = MakeSession(*std::move(session), engine->core);
  return {};
}

Outcome LoadFile(inlay_engine* engine, const char* path, size_t path_size,
                 inlay_session** out) {
  INLAY_RETURN_IF_BAD(CheckBlocking(engine));
  INLAY_RETURN_IF_BAD(CheckPointer(out, "out"));
  *out = nullptr;
  std::string name;
  INLAY_RETURN_IF_BAD(ReadPath(path, path_size, &name));
  INLAY_ASSIGN_OR_RETURN(const auto source, io::OpenFile(name, /*map=*/false));
  uint64_t position = 0;
  INLAY_ASSIGN_OR_RETURN(
      auto session, engine->core->LoadSession([&](uint8_t* data, size_t bytes) {
        Status read = source->ReadAt(position, {data, bytes});
        if (read.ok()) position += bytes;
        return read;
      }));
  if (position != source->size()) {
    return absl::DataLossError(absl::StrCat(
        name, ": ", source->size() - position, " bytes follow the session"));
  }
  *out = MakeSession(std::move(session), engine->core);
  return {};
}

}  // namespace
}  // namespace inlay::capi

using namespace inlay::capi;  // NOLINT(build/namespaces): the shells below

extern "C" {

inlay_status inlay_session_save(inlay_session* session,
                                inlay_stream_write_fn write, void* user_data,
                                inlay_error* error) noexcept {
  return Guard(error, [&] { return Save(session, write, user_data); });
}

inlay_status inlay_session_save_file(inlay_session* session, const char* path,
                                     size_t path_size,
                                     inlay_error* error) noexcept {
  return Guard(error, [&] { return SaveFile(session, path, path_size); });
}

inlay_status inlay_session_load(inlay_engine* engine, inlay_stream_read_fn read,
                                void* user_data, inlay_session** out,
                                inlay_error* error) noexcept {
  return Guard(error, [&] { return Load(engine, read, user_data, out); });
}

inlay_status inlay_session_load_file(inlay_engine* engine, const char* path,
                                     size_t path_size, inlay_session** out,
                                     inlay_error* error) noexcept {
  return Guard(error, [&] { return LoadFile(engine, path, path_size, out); });
}

}  // extern "C"
