#include "self_drive.h"

#include <algorithm>
#include <utility>

SelfDrive::SelfDrive(Drive drive, ChatWindow& window, GApplication* application)
    : drive_(std::move(drive)), window_(window), application_(application) {
  window_.on_event = [this](const ChatEvent& event) { OnEvent(event); };
  const auto tick = +[](gpointer self) -> gboolean {
    static_cast<SelfDrive*>(self)->Tick();
    return G_SOURCE_CONTINUE;
  };
  timer_ = g_timeout_add(10, tick, this);
}

void SelfDrive::OnEvent(const ChatEvent& event) {
  switch (event.kind) {
    case ChatEvent::kReady:
      Next();
      break;
    case ChatEvent::kPiece:
      answer_ += event.text;
      if (++pieces_ == drive_.stop_after) window_.PressStop();
      if (pieces_ == drive_.close_after) window_.PressClose();
      break;
    case ChatEvent::kEnd:
    case ChatEvent::kCut:
      Tick();
      Report(event.kind == ChatEvent::kEnd ? "whole" : "cut");
      Next();
      break;
    case ChatEvent::kFailed:
    case ChatEvent::kError:
      failed_ = true;
      g_print("status: %s\n", window_.status().c_str());
      if (drive_.exit_after_answer) g_application_quit(application_);
      break;
  }
}

void SelfDrive::Next() {
  answering_ = false;
  if (next_ < drive_.questions.size()) {
    answer_.clear();
    pieces_ = ticks_ = 0;
    longest_gap_ = 0;
    started_ = last_tick_ = g_get_monotonic_time();
    answering_ = true;
    window_.Type(drive_.questions[next_++]);
  } else if (drive_.exit_after_answer) {
    g_application_quit(application_);
  }
}

void SelfDrive::Report(const char* how) {
  if (!answering_) return;
  g_print("%s\n[%s: %zu pieces in %d ms, %zu ticks, longest gap %d ms]\n",
          answer_.c_str(), how, pieces_,
          static_cast<int>((g_get_monotonic_time() - started_) / 1000), ticks_,
          static_cast<int>(longest_gap_ / 1000));
}

void SelfDrive::Tick() {
  const gint64 now = g_get_monotonic_time();
  if (answering_) {
    ++ticks_;
    longest_gap_ = std::max(longest_gap_, now - last_tick_);
  }
  last_tick_ = now;
}
