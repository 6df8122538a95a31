#include "capi/src/source.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "capi/src/arguments.h"
#include "capi/src/records.h"
#include "cpp/base/checked.h"
#include "cpp/io/folder.h"

namespace inlay::capi {
namespace {

// The host's reader: short reads and codes below zero become errors.
io::HostRead MakeReader(const inlay_model_source& source,
                        std::shared_ptr<std::atomic<int64_t>> native_code) {
  return [read = source.read, user_data = source.user_data,
          native_code = std::move(native_code)](
             uint64_t offset, std::span<uint8_t> out) -> Status {
    const int64_t got = read(user_data, offset, out.data(), out.size());
    if (got == static_cast<int64_t>(out.size())) return OkStatus();
    if (got < 0) {
      native_code->store(got);
      return absl::UnavailableError(absl::StrCat("the host's reader returned ",
                                                 got, " at byte ", offset));
    }
    return absl::DataLossError(absl::StrCat("the host's reader gave ", got,
                                            " of ", out.size(),
                                            " bytes at byte ", offset));
  };
}

Outcome OpenPath(const inlay_model_source& source, OpenedSource* out) {
  std::string_view path;
  INLAY_RETURN_IF_BAD(ReadText(source.path, source.path_size, "path", &path));
  if (path.empty()) return Outcome::Invalid("path", "is empty");
  if (path.find('\0') != std::string_view::npos) {
    return Outcome::Invalid("path", "contains a NUL");
  }
  INLAY_ASSIGN_OR_RETURN(out->source,
                         io::OpenPath(std::string(path), /*map=*/true));
  return {};
}

Outcome OpenMemory(const inlay_model_source& source, OpenedSource* out) {
  size_t size = 0;
  if (!CheckedCast(source.size, &size)) {
    return Outcome::Abi(INLAY_ERR_OUT_OF_RANGE, "size", "is too large");
  }
  std::span<const uint8_t> bytes;
  INLAY_RETURN_IF_BAD(ReadArray(static_cast<const uint8_t*>(source.data), size,
                                "data", &bytes));
  if (bytes.empty()) return Outcome::Invalid("data", "is empty");
  INLAY_ASSIGN_OR_RETURN(out->source,
                         io::OpenMemory(bytes, [keep = out->release] {}));
  return {};
}

Outcome OpenDescriptor(const inlay_model_source& source, OpenedSource* out) {
  if (source.fd < 0) return Outcome::Invalid("fd", "is negative");
  INLAY_ASSIGN_OR_RETURN(
      out->source,
      io::OpenDescriptor(source.fd, source.offset, source.size, /*map=*/true));
  return {};
}

Outcome OpenReader(const inlay_model_source& source, OpenedSource* out) {
  if (source.read == nullptr) return Outcome::Invalid("read", "is NULL");
  if (source.size == 0) return Outcome::Invalid("size", "is 0");
  INLAY_ASSIGN_OR_RETURN(
      out->source,
      io::OpenReader(source.size, MakeReader(source, out->native_code),
                     [keep = out->release] {}));
  return {};
}

}  // namespace

Outcome OpenedSource::Explain(Status status) const {
  const int64_t code = native_code->load();
  if (code == 0 || !absl::IsUnavailable(status)) return status;
  return Outcome::Host(std::move(status), code);
}

Outcome OpenSource(const inlay_model_source* given, OpenedSource* out) {
  inlay_model_source source;
  INLAY_RETURN_IF_BAD(CopyIn(given, "source", &source));
  out->release =
      std::make_shared<HostRelease>(source.release, source.user_data);
  out->native_code = std::make_shared<std::atomic<int64_t>>(0);
  switch (source.kind) {
    case 0:
    case INLAY_SOURCE_PATH:
      return OpenPath(source, out);
    case INLAY_SOURCE_MEMORY:
      return OpenMemory(source, out);
    case INLAY_SOURCE_FD:
      return OpenDescriptor(source, out);
    case INLAY_SOURCE_READER:
      return OpenReader(source, out);
    default:
      return Outcome::Invalid("kind", "is not an inlay_source_kind");
  }
}

}  // namespace inlay::capi
