#include "capi/src/context.h"

#include <inlay/inlay.h>

#include "capi/src/arguments.h"
#include "capi/src/guard.h"
#include "capi/src/host_release.h"

namespace inlay::capi {
namespace {

constexpr int32_t kMaxThreads = 1024;
constexpr size_t kLogLine = 1024;  // longer lines are cut

// The host's allocator behind the core's interface.
class HostAllocator final : public Allocator {
 public:
  HostAllocator(const inlay_context_options& options,
                std::shared_ptr<HostRelease> release)
      : allocate_(options.allocate),
        free_(options.free),
        user_data_(options.allocator_user_data),
        release_(std::move(release)) {}

  void* Allocate(size_t bytes, size_t alignment) noexcept override {
    return allocate_(user_data_, bytes, alignment);
  }
  void Free(void* block, size_t bytes, size_t alignment) noexcept override {
    free_(user_data_, block, bytes, alignment);
  }

 private:
  const inlay_allocate_fn allocate_;
  const inlay_free_fn free_;
  void* const user_data_;
  const std::shared_ptr<HostRelease> release_;
};

Log HostLog(const inlay_context_options& options,
            std::shared_ptr<HostRelease> release) {
  if (options.log == nullptr) return Log();
  const int32_t level =
      options.log_level == 0 ? INLAY_LOG_WARNING : options.log_level;
  auto sink = [log = options.log, user_data = options.log_user_data,
               release = std::move(release)](LogLevel line_level,
                                             std::string_view text) {
    char line[kLogLine];  // no allocation: the line may be about one
    const size_t size = Utf8Prefix(text, sizeof(line) - 1);
    if (size != 0) std::memcpy(line, text.data(), size);
    line[size] = '\0';
    log(user_data, static_cast<int32_t>(line_level), line, size);
  };
  return Log(std::move(sink), static_cast<LogLevel>(level));
}

Outcome CheckOptions(const inlay_context_options& options) {
  if (options.thread_count < 0 || options.thread_count > kMaxThreads) {
    return Outcome::Abi(INLAY_ERR_OUT_OF_RANGE, "thread_count",
                        "is not in 0..1024");
  }
  if ((options.allocate == nullptr) != (options.free == nullptr)) {
    return Outcome::Invalid("allocate and free", "must be set together");
  }
  if (options.log_level < 0 || options.log_level > INLAY_LOG_DEBUG) {
    return Outcome::Abi(INLAY_ERR_OUT_OF_RANGE, "log_level",
                        "is not a log level");
  }
  return {};
}

Outcome Create(const inlay_context_options* given, inlay_context** out) {
  INLAY_RETURN_IF_BAD(CheckPointer(out, "out"));
  *out = nullptr;
  inlay_context_options options;
  INLAY_RETURN_IF_BAD(CopyInOptional(given, "options", &options));
  INLAY_RETURN_IF_BAD(CheckOptions(options));
  auto allocator_release = std::make_shared<HostRelease>(
      options.allocator_release, options.allocator_user_data);
  auto log_release =
      std::make_shared<HostRelease>(options.log_release, options.log_user_data);
  engine::ContextOptions core;
  if (options.allocate != nullptr) {
    core.allocator =
        std::make_shared<HostAllocator>(options, allocator_release);
  }
  core.memory_budget_bytes = options.memory_budget_bytes;
  core.log = HostLog(options, log_release);
  core.thread_count = options.thread_count;
  auto handle = std::make_unique<inlay_context>();
  INLAY_ASSIGN_OR_RETURN(handle->core,
                         engine::Context::Create(std::move(core)));
  allocator_release->Arm();
  log_release->Arm();
  *out = handle.release();
  return {};
}

Outcome AddArchitecture(inlay_context* context, const char* text,
                        size_t text_size, uint64_t flags) {
  INLAY_RETURN_IF_BAD(CheckHandle(context));
  std::string_view view;
  INLAY_RETURN_IF_BAD(ReadText(text, text_size, "text", &view));
  INLAY_RETURN_IF_BAD(
      CheckFlags(flags, kAll_inlay_architecture_flags, "flags"));
  return context->core->AddArchitecture(
      view, (flags & INLAY_ARCHITECTURE_REPLACE) != 0);
}

Outcome GetStats(inlay_context* context, inlay_context_stats* out) {
  INLAY_RETURN_IF_BAD(CheckHandle(context));
  INLAY_RETURN_IF_BAD(CheckOut(out, "out"));
  const MemoryPool& memory = *context->core->memory();
  inlay_context_stats stats = INLAY_CONTEXT_STATS_INIT;
  stats.thread_count = context->core->thread_count();
  stats.memory_budget_bytes = memory.budget_bytes();
  stats.memory_used_bytes = memory.used_bytes();
  stats.memory_peak_bytes = memory.peak_bytes();
  WriteOut(stats, out);
  return {};
}

Outcome DeviceInfo(inlay_context* context, size_t index,
                   inlay_device_info* out) {
  INLAY_RETURN_IF_BAD(CheckHandle(context));
  INLAY_RETURN_IF_BAD(CheckOut(out, "out"));
  const auto& devices = context->core->devices();
  if (index >= devices.size()) {
    return Outcome::Abi(INLAY_ERR_OUT_OF_RANGE, "index",
                        "is not below the number of devices");
  }
  const backend::DeviceInfo& device = devices[index];
  inlay_device_info info = INLAY_DEVICE_INFO_INIT;
  info.usable = device.usable ? 1 : 0;
  info.memory_bytes = device.memory_bytes;
  info.free_bytes = device.free_bytes;
  info.name = device.name.c_str();
  info.name_size = device.name.size();
  info.description = device.description.c_str();
  info.description_size = device.description.size();
  info.features = device.features.c_str();
  info.features_size = device.features.size();
  info.reason = device.reason.c_str();
  info.reason_size = device.reason.size();
  WriteOut(info, out);
  return {};
}

}  // namespace
}  // namespace inlay::capi

using namespace inlay::capi;  // NOLINT(build/namespaces): the shells below

extern "C" {

inlay_status inlay_context_create(const inlay_context_options* options,
                                  inlay_context** out,
                                  inlay_error* error) noexcept {
  return Guard(error, [&] { return Create(options, out); });
}

inlay_status inlay_context_retain(inlay_context* context,
                                  inlay_error* error) noexcept {
  return Guard(error, [&] { return Retain(context); });
}

void inlay_context_release(inlay_context* context) noexcept {
  GuardVoid([&] { Release(context, [](inlay_context* h) { delete h; }); });
}

inlay_status inlay_context_get_stats(inlay_context* context,
                                     inlay_context_stats* out,
                                     inlay_error* error) noexcept {
  return Guard(error, [&] { return GetStats(context, out); });
}

inlay_status inlay_context_add_architecture(inlay_context* context,
                                            const char* text, size_t text_size,
                                            uint64_t flags,
                                            inlay_error* error) noexcept {
  return Guard(
      error, [&] { return AddArchitecture(context, text, text_size, flags); });
}

inlay_status inlay_device_count(inlay_context* context, size_t* out_count,
                                inlay_error* error) noexcept {
  return Guard(error, [&]() -> Outcome {
    INLAY_RETURN_IF_BAD(CheckHandle(context));
    INLAY_RETURN_IF_BAD(CheckPointer(out_count, "out_count"));
    *out_count = context->core->devices().size();
    return {};
  });
}

inlay_status inlay_device_get_info(inlay_context* context, size_t index,
                                   inlay_device_info* out,
                                   inlay_error* error) noexcept {
  return Guard(error, [&] { return DeviceInfo(context, index, out); });
}

}  // extern "C"
