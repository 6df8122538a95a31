// Uses the window as a person would, for demonstrations and tests, and measures
// how long the main loop was held up.
#ifndef SAMPLES_DESKTOP_SELF_DRIVE_H_
#define SAMPLES_DESKTOP_SELF_DRIVE_H_

#include <gtk/gtk.h>

#include <cstddef>
#include <string>
#include <vector>

#include "chat_window.h"

struct Drive {
  std::vector<std::string> questions;
  size_t stop_after = 0;   // pieces of an answer; 0: never
  size_t close_after = 0;  // pieces after which the window is closed
  bool exit_after_answer = false;
};

class SelfDrive {
 public:
  SelfDrive(Drive drive, ChatWindow& window, GApplication* application);
  ~SelfDrive() { g_source_remove(timer_); }
  bool failed() const { return failed_; }

 private:
  void OnEvent(const ChatEvent& event);
  void Next();
  void Report(const char* how);
  void Tick();

  Drive drive_;
  ChatWindow& window_;
  GApplication* application_;
  guint timer_ = 0;
  size_t next_ = 0;
  bool failed_ = false;
  // Of the answer that is being written; times in microseconds.
  bool answering_ = false;
  std::string answer_;
  size_t pieces_ = 0;
  size_t ticks_ = 0;
  gint64 started_ = 0;
  gint64 last_tick_ = 0;
  gint64 longest_gap_ = 0;
};

#endif  // SAMPLES_DESKTOP_SELF_DRIVE_H_
