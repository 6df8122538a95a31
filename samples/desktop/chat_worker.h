// The model behind the window: one thread that opens it, holds the
// conversation, and answers one question after another. It knows nothing of
// GTK; the window can be exchanged.
#ifndef SAMPLES_DESKTOP_CHAT_WORKER_H_
#define SAMPLES_DESKTOP_CHAT_WORKER_H_

#include <condition_variable>
#include <deque>
#include <functional>
#include <inlay/inlay.hpp>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

struct ChatEvent {
  enum Kind {
    kReady,   // the model is open; text: its name
    kFailed,  // it cannot be opened; text: why
    kPiece,   // text: some more of the answer
    kEnd,     // the answer is complete
    kCut,     // the answer was stopped, or became too long
    kError,   // there is no answer; text: why
  };
  Kind kind;
  std::string text;
};

class ChatWorker {
 public:
  // `notify` is called on the worker's thread.
  ChatWorker(std::string model_path, std::function<void(ChatEvent)> notify);
  // Ends an answer that is being written, and waits for the thread.
  ~ChatWorker();
  ChatWorker(const ChatWorker&) = delete;
  ChatWorker& operator=(const ChatWorker&) = delete;

  // None of these waits for the model.
  void Ask(std::string question);
  void Stop();
  void Forget();

 private:
  struct Message {
    std::string role, content;
  };
  void Run(const std::string& path);
  void Answer(const inlay::Model& model, const inlay::Engine& engine,
              const std::string& question);
  std::string ToJson() const;

  std::function<void(ChatEvent)> notify_;
  std::vector<Message> messages_;  // the thread's own
  std::mutex mutex_;
  std::condition_variable wake_;
  // With the mutex. An empty question: forget the conversation.
  std::deque<std::string> questions_;
  bool leave_ = false;
  // Of the request that is being answered, and what to do about it: a stop
  // that comes before the request has a number must not be lost.
  uint64_t id_ = 0;
  bool stop_ = false;
  std::thread thread_;
};

#endif  // SAMPLES_DESKTOP_CHAT_WORKER_H_
