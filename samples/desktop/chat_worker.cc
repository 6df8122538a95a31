#include "chat_worker.h"

#include <string_view>
#include <utility>

namespace {

std::string Quoted(std::string_view text) {
  static const char kHex[] = "0123456789abcdef";
  std::string json = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      json += '\\';
      json += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      json += std::string("\\u00") + kHex[c >> 4] + kHex[c & 15];
    } else {
      json += c;
    }
  }
  return json + "\"";
}

}  // namespace

ChatWorker::ChatWorker(std::string model_path,
                       std::function<void(ChatEvent)> notify)
    : notify_(std::move(notify)) {
  thread_ = std::thread([this, path = std::move(model_path)] { Run(path); });
}

ChatWorker::~ChatWorker() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    leave_ = true;
  }
  Stop();
  wake_.notify_one();
  thread_.join();
}

void ChatWorker::Ask(std::string question) {
  if (question.empty()) return;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stop_ = false;
    questions_.push_back(std::move(question));
  }
  wake_.notify_one();
}

void ChatWorker::Forget() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    questions_.emplace_back();
  }
  wake_.notify_one();
}

// [stop]
void ChatWorker::Stop() {
  const std::lock_guard<std::mutex> lock(mutex_);
  stop_ = true;
  // Cancelling returns at once. Numbers are never used again, so one that
  // comes too late does nothing.
  if (id_ != 0) inlay_cancel(id_, INLAY_CANCEL_STOP, nullptr);
}
// [stop]

std::string ChatWorker::ToJson() const {
  std::string json = "[";
  for (const Message& message : messages_) {
    if (json.size() > 1) json += ',';
    json += "{\"role\":" + Quoted(message.role) +
            ",\"content\":" + Quoted(message.content) + "}";
  }
  return json + "]";
}

void ChatWorker::Run(const std::string& path) {
  try {
    const inlay::Model model = inlay::Context().open(path);
    const inlay::Engine engine(model);
    notify_({ChatEvent::kReady, path.substr(path.rfind('/') + 1)});
    for (;;) {
      std::unique_lock<std::mutex> lock(mutex_);
      wake_.wait(lock, [this] { return leave_ || !questions_.empty(); });
      if (leave_) return;
      const std::string question = std::move(questions_.front());
      questions_.pop_front();
      lock.unlock();
      if (question.empty()) {
        messages_.clear();
      } else {
        Answer(model, engine, question);
      }
    }
  } catch (const std::exception& error) {
    notify_({ChatEvent::kFailed, error.what()});
  }
}

void ChatWorker::Answer(const inlay::Model& model, const inlay::Engine& engine,
                        const std::string& question) {
  messages_.push_back({"user", question});
  std::string answer;
  try {
    // The whole conversation each time: the engine finds its beginning in the
    // cache and computes only what is new.
    inlay::Request request(model.render(ToJson()));
    request.flags(INLAY_REQUEST_PARSE_SPECIAL | INLAY_REQUEST_NO_SPECIAL)
        .max_tokens(512);
    inlay::Stream stream = engine.stream(request);
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      id_ = stream.id();
      if (stop_) inlay_cancel(id_, INLAY_CANCEL_STOP, nullptr);
    }
    for (const inlay::Piece& piece : stream) {
      answer += piece.text;
      notify_({ChatEvent::kPiece, std::string(piece.text)});
    }
    const int32_t reason = stream.result().finish_reason;
    const bool whole =
        reason != INLAY_FINISH_CANCELLED && reason != INLAY_FINISH_LENGTH;
    messages_.push_back({"assistant", answer});
    notify_({whole ? ChatEvent::kEnd : ChatEvent::kCut, {}});
  } catch (const inlay::Error& error) {
    // Too long a conversation, for example: the question is taken back.
    messages_.pop_back();
    notify_({ChatEvent::kError, error.what()});
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  id_ = 0;
}
