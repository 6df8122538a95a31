// What the command says to people, and how they interrupt it.
#ifndef INLAY_CLI_TERMINAL_H_
#define INLAY_CLI_TERMINAL_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace inlay::cli {

bool IsTerminal(int fd);

// Writes to standard output, at once. Throws std::runtime_error if the reader
// is gone.
void Print(std::string_view text);
// Writes a line to standard error.
void Say(std::string_view text);

// Progress on standard error if that is a terminal: one line, rewritten.
class Progress {
 public:
  ~Progress() { Clear(); }
  void Show(std::string_view stage, uint64_t done, uint64_t total);
  void Clear();

 private:
  int shown_ = -1;  // percent
  bool visible_ = false;
};

// Ctrl-C sets a flag; pressed again before it was taken, it ends the process.
void CatchInterrupt();
void ReleaseInterrupt();  // Ctrl-C ends the process again
bool Interrupted();
void ClearInterrupt();

// "181.3 MiB"
std::string BytesText(uint64_t bytes);
std::string Format(const char* format, double value);

// The most memory that was resident, and a new start of that count (where the
// system allows it).
uint64_t PeakResidentBytes();
void ResetPeak();

// A whole file, or standard input for "-". Throws std::runtime_error.
std::string ReadAll(const std::string& path);

}  // namespace inlay::cli

#endif  // INLAY_CLI_TERMINAL_H_
