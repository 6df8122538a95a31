#include "chat_window.h"

#include <utility>

namespace {

constexpr char kStyle[] =
    ".message { padding: 8px 12px; border-radius: 12px; }"
    ".question { background: #2f6fde; color: white; }"
    ".answer { background: alpha(currentColor, 0.08); }"
    ".status { padding: 6px 12px; opacity: 0.7; }"
    ".status.error { background: #c01c28; color: white; opacity: 1; }";

void UseStyle() {
  GtkCssProvider* provider = gtk_css_provider_new();
  gtk_css_provider_load_from_data(provider, kStyle, -1);
  gtk_style_context_add_provider_for_display(
      gdk_display_get_default(), GTK_STYLE_PROVIDER(provider),
      GTK_STYLE_PROVIDER_PRIORITY_APPLICATION);
  g_object_unref(provider);
}

// Connects a signal to a method without further arguments.
template <void (ChatWindow::*method)()>
void Connect(GtkWidget* widget, const char* signal, ChatWindow* window) {
  const auto call = +[](GtkWidget*, gpointer self) {
    (static_cast<ChatWindow*>(self)->*method)();
  };
  g_signal_connect(widget, signal, G_CALLBACK(call), window);
}

// Stays at the end while the conversation grows.
void FollowEnd(GtkAdjustment* adjustment, gpointer) {
  gtk_adjustment_set_value(adjustment, gtk_adjustment_get_upper(adjustment));
}

GtkWidget* Scrolled(GtkWidget* child) {
  GtkWidget* scrolled = gtk_scrolled_window_new();
  gtk_scrolled_window_set_policy(GTK_SCROLLED_WINDOW(scrolled),
                                 GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_child(GTK_SCROLLED_WINDOW(scrolled), child);
  gtk_widget_set_vexpand(scrolled, TRUE);
  g_signal_connect(
      gtk_scrolled_window_get_vadjustment(GTK_SCROLLED_WINDOW(scrolled)),
      "changed", G_CALLBACK(FollowEnd), nullptr);
  return scrolled;
}

}  // namespace

void ChatWindow::Open(GtkApplication* application) {
  UseStyle();
  GtkWidget* window = gtk_application_window_new(application);
  gtk_window_set_title(GTK_WINDOW(window), "Inlay chat");
  gtk_window_set_default_size(GTK_WINDOW(window), 560, 640);

  GtkWidget* header = gtk_header_bar_new();
  forget_ = gtk_button_new_with_label("New chat");
  Connect<&ChatWindow::Forget>(forget_, "clicked", this);
  gtk_header_bar_pack_start(GTK_HEADER_BAR(header), forget_);
  gtk_window_set_titlebar(GTK_WINDOW(window), header);
  window_ = GTK_WINDOW(window);
  Connect<&ChatWindow::Closed>(window, "destroy", this);

  GtkWidget* box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
  status_ = gtk_label_new(nullptr);
  gtk_label_set_wrap(GTK_LABEL(status_), TRUE);
  gtk_label_set_xalign(GTK_LABEL(status_), 0);
  gtk_widget_add_css_class(status_, "status");
  gtk_box_append(GTK_BOX(box), status_);
  history_ = gtk_box_new(GTK_ORIENTATION_VERTICAL, 8);
  for (auto* set : {gtk_widget_set_margin_start, gtk_widget_set_margin_end,
                    gtk_widget_set_margin_top, gtk_widget_set_margin_bottom}) {
    set(history_, 12);
  }
  gtk_box_append(GTK_BOX(box), Scrolled(history_));
  BuildEntry(box);
  gtk_window_set_child(GTK_WINDOW(window), box);
  SetStatus("Opening the model...", false);
  SetBusy(true);
  gtk_widget_set_sensitive(stop_, FALSE);
  gtk_window_present(GTK_WINDOW(window));

  // From the worker's thread to this one: GTK may be used by this one alone.
  worker_ = std::make_unique<ChatWorker>(model_path_, [this](ChatEvent event) {
    g_idle_add_full(G_PRIORITY_DEFAULT_IDLE, &ChatWindow::Show,
                    new Posted{this, std::move(event)}, [](gpointer posted) {
                      delete static_cast<Posted*>(posted);
                    });
  });
}

void ChatWindow::BuildEntry(GtkWidget* box) {
  GtkWidget* row = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);
  for (auto* set : {gtk_widget_set_margin_start, gtk_widget_set_margin_end,
                    gtk_widget_set_margin_bottom}) {
    set(row, 12);
  }
  entry_ = gtk_entry_new();
  gtk_entry_set_placeholder_text(GTK_ENTRY(entry_), "Ask something");
  gtk_widget_set_hexpand(entry_, TRUE);
  Connect<&ChatWindow::Send>(entry_, "activate", this);
  send_ = gtk_button_new_with_label("Send");
  gtk_widget_add_css_class(send_, "suggested-action");
  Connect<&ChatWindow::Send>(send_, "clicked", this);
  stop_ = gtk_button_new_with_label("Stop");
  const auto stop = +[](GtkWidget*, gpointer self) {
    static_cast<ChatWindow*>(self)->worker_->Stop();
  };
  g_signal_connect(stop_, "clicked", G_CALLBACK(stop), this);
  for (GtkWidget* widget : {entry_, send_, stop_}) {
    gtk_box_append(GTK_BOX(row), widget);
  }
  gtk_box_append(GTK_BOX(box), row);
}

gboolean ChatWindow::Show(gpointer posted) {
  auto* now = static_cast<Posted*>(posted);
  // The loop still runs for a moment after the window is gone.
  if (now->window->window_ != nullptr) now->window->Handle(now->event);
  return G_SOURCE_REMOVE;
}

void ChatWindow::Handle(const ChatEvent& event) {
  switch (event.kind) {
    case ChatEvent::kReady:
      model_name_ = event.text;
      SetStatus(model_name_, false);
      SetBusy(false);
      break;
    case ChatEvent::kFailed:
      // Nothing can be asked; the window stays, with the reason.
      SetStatus("The model cannot be used: " + event.text, true);
      gtk_widget_set_sensitive(stop_, FALSE);
      break;
    case ChatEvent::kPiece:
      answer_text_ += event.text;
      gtk_label_set_text(GTK_LABEL(answer_), answer_text_.c_str());
      break;
    case ChatEvent::kCut:
      gtk_label_set_text(GTK_LABEL(answer_), (answer_text_ + " ...").c_str());
      SetBusy(false);
      break;
    case ChatEvent::kEnd:
      SetBusy(false);
      break;
    case ChatEvent::kError:
      gtk_label_set_text(GTK_LABEL(answer_), (answer_text_ + " ...").c_str());
      SetStatus(event.text, true);
      SetBusy(false);
      break;
  }
  if (on_event) on_event(event);
}

void ChatWindow::Type(const std::string& question) {
  gtk_editable_set_text(GTK_EDITABLE(entry_), question.c_str());
  g_signal_emit_by_name(send_, "clicked");
}

void ChatWindow::Send() {
  const std::string question = gtk_editable_get_text(GTK_EDITABLE(entry_));
  if (question.empty() || !gtk_widget_get_sensitive(send_)) return;
  gtk_editable_set_text(GTK_EDITABLE(entry_), "");
  Add("question", question);
  answer_ = Add("answer", "...");
  answer_text_.clear();
  SetStatus(model_name_, false);
  SetBusy(true);
  worker_->Ask(question);
}

void ChatWindow::Closed() {
  window_ = nullptr;
  worker_->Stop();
}

void ChatWindow::Forget() {
  worker_->Forget();
  while (GtkWidget* message = gtk_widget_get_first_child(history_)) {
    gtk_box_remove(GTK_BOX(history_), message);
  }
}

void ChatWindow::SetBusy(bool busy) {
  gtk_widget_set_sensitive(send_, !busy);
  gtk_widget_set_sensitive(forget_, !busy);
  gtk_widget_set_sensitive(stop_, busy);
  if (!busy) gtk_widget_grab_focus(entry_);
}

void ChatWindow::SetStatus(const std::string& text, bool error) {
  gtk_label_set_text(GTK_LABEL(status_), text.c_str());
  if (error) {
    gtk_widget_add_css_class(status_, "error");
  } else {
    gtk_widget_remove_css_class(status_, "error");
  }
}

GtkWidget* ChatWindow::Add(const char* style, const std::string& text) {
  GtkWidget* label = gtk_label_new(text.c_str());
  gtk_label_set_wrap(GTK_LABEL(label), TRUE);
  gtk_label_set_wrap_mode(GTK_LABEL(label), PANGO_WRAP_WORD_CHAR);
  gtk_label_set_xalign(GTK_LABEL(label), 0);
  gtk_label_set_selectable(GTK_LABEL(label), TRUE);
  gtk_widget_set_halign(label,
                        style[0] == 'q' ? GTK_ALIGN_END : GTK_ALIGN_START);
  gtk_widget_add_css_class(label, "message");
  gtk_widget_add_css_class(label, style);
  gtk_box_append(GTK_BOX(history_), label);
  return label;
}
