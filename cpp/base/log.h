// Silent by default: a Log forwards to the host's sink, or to nothing. No
// prompt or generated text is ever logged.
#ifndef INLAY_BASE_LOG_H_
#define INLAY_BASE_LOG_H_

#include <functional>
#include <string_view>

namespace inlay {

enum class LogLevel : int { kError = 1, kWarning = 2, kInfo = 3, kDebug = 4 };

// Thread-safe if the sink is. Copyable.
class Log {
 public:
  using Sink = std::function<void(LogLevel, std::string_view)>;
  Log() = default;
  Log(Sink sink, LogLevel level) : sink_(std::move(sink)), level_(level) {}
  bool Enabled(LogLevel level) const {
    return sink_ && static_cast<int>(level) <= static_cast<int>(level_);
  }
  void Write(LogLevel level, std::string_view text) const {
    if (Enabled(level)) sink_(level, text);
  }

 private:
  Sink sink_;
  LogLevel level_ = LogLevel::kError;
};

}  // namespace inlay

#endif  // INLAY_BASE_LOG_H_
