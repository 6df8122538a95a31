// The window: the conversation, a line to type in, buttons to stop and to
// begin anew. All of it runs on the thread of GTK's main loop.
#ifndef SAMPLES_DESKTOP_CHAT_WINDOW_H_
#define SAMPLES_DESKTOP_CHAT_WINDOW_H_

#include <gtk/gtk.h>

#include <functional>
#include <memory>
#include <string>

#include "chat_worker.h"

class ChatWindow {
 public:
  explicit ChatWindow(std::string model_path)
      : model_path_(std::move(model_path)) {}

  // Builds the widgets and begins to open the model.
  void Open(GtkApplication* application);
  // Waits for the worker; call it when the main loop has ended.
  void Close() { worker_.reset(); }

  // What a user does.
  void Type(const std::string& question);
  void PressStop() { g_signal_emit_by_name(stop_, "clicked"); }
  void PressClose() { gtk_window_close(window_); }
  // What is read above the conversation.
  std::string status() const { return gtk_label_get_text(GTK_LABEL(status_)); }

  // Called after each event was shown.
  std::function<void(const ChatEvent&)> on_event;

 private:
  struct Posted {
    ChatWindow* window;
    ChatEvent event;
  };
  static gboolean Show(gpointer posted);
  void BuildEntry(GtkWidget* box);
  void Handle(const ChatEvent& event);
  void Send();
  void Closed();
  void Forget();
  void SetBusy(bool busy);
  void SetStatus(const std::string& text, bool error);
  // A new message at the end; its label.
  GtkWidget* Add(const char* style, const std::string& text);

  std::string model_path_;
  std::string model_name_;
  std::unique_ptr<ChatWorker> worker_;
  GtkWindow* window_ = nullptr;  // null when the user has closed it
  GtkWidget* history_ = nullptr;
  GtkWidget* status_ = nullptr;
  GtkWidget* entry_ = nullptr;
  GtkWidget* send_ = nullptr;
  GtkWidget* stop_ = nullptr;
  GtkWidget* forget_ = nullptr;
  GtkWidget* answer_ = nullptr;  // the label that grows
  std::string answer_text_;
};

#endif  // SAMPLES_DESKTOP_CHAT_WINDOW_H_
