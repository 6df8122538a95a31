// A chat window: desktop MODEL [OPTION...], see README.md.
#include <gtk/gtk.h>

#include <cstdlib>
#include <memory>
#include <string>

#include "chat_window.h"
#include "self_drive.h"

namespace {

constexpr char kUsage[] =
    "usage: desktop MODEL [--ask TEXT]... [--stop-after PIECES]\n"
    "                     [--close-after PIECES] [--exit-after-answer]\n";

bool ReadArguments(int argc, char** argv, std::string& model, Drive& drive) {
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const bool last = i + 1 == argc;
    if (argument == "--ask" && !last) {
      drive.questions.emplace_back(argv[++i]);
    } else if (argument == "--stop-after" && !last) {
      drive.stop_after = std::strtoul(argv[++i], nullptr, 10);
    } else if (argument == "--close-after" && !last) {
      drive.close_after = std::strtoul(argv[++i], nullptr, 10);
    } else if (argument == "--exit-after-answer") {
      drive.exit_after_answer = true;
    } else if (argument.rfind("--", 0) == 0 || !model.empty()) {
      return false;
    } else {
      model = argument;
    }
  }
  return !model.empty();
}

}  // namespace

int main(int argc, char** argv) {
  std::string model;
  Drive drive;
  if (!ReadArguments(argc, argv, model, drive)) {
    g_printerr("%s", kUsage);
    return 2;
  }
  GtkApplication* application =
      gtk_application_new("org.inlay.Desktop", G_APPLICATION_NON_UNIQUE);
  ChatWindow window(model);
  const auto activate = +[](GtkApplication* application, gpointer window) {
    static_cast<ChatWindow*>(window)->Open(application);
  };
  g_signal_connect(application, "activate", G_CALLBACK(activate), &window);
  SelfDrive self_drive(std::move(drive), window, G_APPLICATION(application));
  const int status = g_application_run(G_APPLICATION(application), 1, argv);
  window.Close();
  g_object_unref(application);
  return status != 0 || self_drive.failed() ? 1 : 0;
}
