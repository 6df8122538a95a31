#include "cpp/cli/terminal.h"

#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <memory>
#include <stdexcept>

namespace inlay::cli {
namespace {

std::atomic<bool> interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free);

void OnInterrupt(int) {
  if (interrupted.exchange(true)) _exit(130);
}

}  // namespace

bool IsTerminal(int fd) { return isatty(fd) == 1; }

void Print(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() ||
      std::fflush(stdout) != 0) {
    throw std::runtime_error(std::string("cannot write the output: ") +
                             std::strerror(errno));
  }
}

void Say(std::string_view text) {
  std::fprintf(stderr, "%.*s\n", static_cast<int>(text.size()), text.data());
}

void Progress::Show(std::string_view stage, uint64_t done, uint64_t total) {
  static const bool terminal = IsTerminal(STDERR_FILENO);
  if (!terminal || total == 0) return;
  const int percent = static_cast<int>(100.0 * static_cast<double>(done) /
                                       static_cast<double>(total));
  if (percent == shown_) return;
  shown_ = percent;
  visible_ = true;
  std::fprintf(stderr, "\r%.*s %3d%%\x1b[K", static_cast<int>(stage.size()),
               stage.data(), percent);
  std::fflush(stderr);
}

void Progress::Clear() {
  if (visible_) std::fputs("\r\x1b[K", stderr);
  visible_ = false;
  shown_ = -1;
}

void CatchInterrupt() {
  struct sigaction action = {};
  action.sa_handler = OnInterrupt;
  sigaction(SIGINT, &action, nullptr);  // no SA_RESTART: reads return
  action.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &action, nullptr);  // a write fails instead
}

void ReleaseInterrupt() { signal(SIGINT, SIG_DFL); }

bool Interrupted() { return interrupted.load(); }
void ClearInterrupt() { interrupted.store(false); }

std::string Format(const char* format, double value) {
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, format, value);
  return buffer;
}

std::string BytesText(uint64_t bytes) {
  constexpr const char* kUnits[] = {"%.0f bytes", "%.1f KiB", "%.1f MiB",
                                    "%.2f GiB", "%.2f TiB"};
  auto value = static_cast<double>(bytes);
  size_t unit = 0;
  for (; value >= 1024 && unit < 4; ++unit) value /= 1024;
  return Format(kUnits[unit], value);
}

uint64_t PeakResidentBytes() {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word) {
    uint64_t kilobytes = 0;
    if (word == "VmHWM:" && status >> kilobytes) return kilobytes * 1024;
  }
  struct rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<uint64_t>(usage.ru_maxrss) * 1024;
}

void ResetPeak() { std::ofstream("/proc/self/clear_refs") << "5"; }

std::string ReadAll(const std::string& path) {
  const bool standard = path == "-";
  std::unique_ptr<FILE, int (*)(FILE*)> file(
      standard ? stdin : std::fopen(path.c_str(), "rb"),
      standard ? [](FILE*) { return 0; } : std::fclose);
  if (file == nullptr) {
    throw std::runtime_error(path + ": " + std::strerror(errno));
  }
  std::string text;
  char buffer[65536];
  size_t size = 0;
  while ((size = std::fread(buffer, 1, sizeof buffer, file.get())) > 0) {
    text.append(buffer, size);
  }
  if (std::ferror(file.get()) != 0) {
    throw std::runtime_error(path + ": " + std::strerror(errno));
  }
  return text;
}

}  // namespace inlay::cli
