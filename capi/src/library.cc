// Functions about the library itself.
#include <inlay/inlay.h>

#include <cstring>
#include <string_view>

#include "capi/src/records.h"

namespace inlay::capi {
namespace {

struct Proc {
  std::string_view name;
  inlay_proc address;
};

constexpr std::string_view kFeatures[] = {
    "beam",        "chat",        "choices", "cpu",     "embed",        "gguf",
    "host_driven", "logits_hook", "metrics", "poll",    "prefix_cache", "push",
    "score",       "session",     "swap",    "tenants", "trace"};

#define INLAY_TEXT_INNER_(x) #x
#define INLAY_TEXT_(x) INLAY_TEXT_INNER_(x)

#if defined(__clang__)
#define INLAY_COMPILER_ "clang " __clang_version__
#else
#define INLAY_COMPILER_ "gcc " __VERSION__
#endif
#if defined(__x86_64__)
#define INLAY_TARGET_ "x86_64"
#elif defined(__aarch64__)
#define INLAY_TARGET_ "aarch64"
#else
#define INLAY_TARGET_ "other"
#endif

constexpr char kBuildInfo[] =
    "inlay " INLAY_VERSION_STRING
    "; abi " INLAY_TEXT_(INLAY_ABI_VERSION) "; " INLAY_TARGET_
                                            "; " INLAY_COMPILER_ "; cpu";

}  // namespace
}  // namespace inlay::capi

using inlay::capi::kBuildInfo;
using inlay::capi::kFeatures;

extern "C" {

const char* inlay_version(void) noexcept { return INLAY_VERSION_STRING; }

uint32_t inlay_abi_version(void) noexcept { return INLAY_ABI_VERSION; }

const char* inlay_build_info(void) noexcept { return kBuildInfo; }

int32_t inlay_has_feature(const char* name) noexcept {
  if (name == nullptr) return 0;
  for (const std::string_view feature : kFeatures) {
    if (feature == name) return 1;
  }
  return 0;
}

const char* inlay_status_name(inlay_status status) noexcept {
  switch (status) {
#define INLAY_STATUS(name) \
  case name:               \
    return #name;
#include "capi/api/generated/statuses.inc"
#undef INLAY_STATUS
    default:
      return "INLAY_ERR_?";
  }
}

inlay_proc inlay_get_proc(const char* name) noexcept {
  if (name == nullptr) return nullptr;
  static const inlay::capi::Proc kProcs[] = {
#define INLAY_PROC(name, function) \
  {name, reinterpret_cast<inlay_proc>(function)},
#include "capi/api/generated/procs.inc"
#undef INLAY_PROC
  };
  for (const auto& proc : kProcs) {
    if (proc.name == name) return proc.address;
  }
  return nullptr;
}

size_t inlay_struct_size(const char* name) noexcept {
  if (name == nullptr) return 0;
#define INLAY_STRUCT(type) \
  if (std::strcmp(name, #type) == 0) return sizeof(type);
#include "capi/api/generated/struct_list.inc"
#undef INLAY_STRUCT
  return 0;
}

void inlay_struct_init(void* record, size_t size) noexcept {
  if (record == nullptr || size < sizeof(uint32_t) || size > UINT32_MAX) return;
  std::memset(record, 0, size);
  const auto struct_size = static_cast<uint32_t>(size);
  std::memcpy(record, &struct_size, sizeof(struct_size));
}

}  // extern "C"
