/// @file
/// Inlay for C++17: owners, string views and iteration over the C calls.
///
/// Header-only. It adds no ABI: everything here is compiled into the host, and
/// only the C functions of inlay.h are called. Failures throw inlay::Error, in
/// the host's own code. Objects are cheap to copy: they share the C handle.
///
/// @code{.cpp}
///   inlay::Context context;
///   inlay::Model model = context.open("model.gguf");
///   inlay::Engine engine(model);
///   for (const inlay::Piece& piece : engine.stream(inlay::Request("Hello")))
///     std::cout << piece.text << std::flush;
/// @endcode
#ifndef INLAY_INLAY_HPP_
#define INLAY_INLAY_HPP_

#include <inlay/inlay.h>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace inlay {

/// What a failed call throws: the status, and the library's message.
class Error : public std::runtime_error {
 public:
  /// A status, with a message; an empty one becomes the status's name.
  Error(inlay_status status, const std::string& message)
      : std::runtime_error(message.empty() ? inlay_status_name(status)
                                           : message),
        status_(status) {}
  /// From the record that a call filled.
  explicit Error(const inlay_error& detail)
      : Error(detail.code, std::string(detail.message, detail.message_size)) {}

  /// One of inlay_status.
  inlay_status status() const noexcept { return status_; }

 private:
  inlay_status status_;
};

namespace detail {

/// Calls `function(arguments..., &error)` and throws if it fails.
template <typename Function, typename... Arguments>
void Call(Function function, Arguments... arguments) {
  inlay_error error = INLAY_ERROR_INIT;
  const inlay_status status = function(arguments..., &error);
  if (status == INLAY_OK) return;
  error.code = status;
  throw Error(error);
}

/// Runs a two-call function: asks for the size, then fills a string.
template <typename Function>
std::string Text(Function function) {
  size_t size = 0;
  function(static_cast<char*>(nullptr), size_t{0}, &size);
  std::string text(size + 1, '\0');  // the call writes a terminator
  function(&text[0], text.size(), &size);
  text.resize(size);
  return text;
}

/// Text of a pointer and a size, the pointer NULL or not.
inline std::string_view View(const char* data, size_t size) {
  return size == 0 ? std::string_view() : std::string_view(data, size);
}

}  // namespace detail

/// Tunables; see docs/reference/tunables.md.
class Options {
 public:
  /// No tunable set.
  Options() {
    inlay_options* raw = nullptr;
    detail::Call(inlay_options_create, &raw);
    handle_.reset(raw, inlay_options_release);
  }
  /// Sets one; throws if the key is unknown or does not take the value.
  Options& set(std::string_view key, std::string_view value) {
    detail::Call(inlay_options_set, handle_.get(), key.data(), key.size(),
                 value.data(), value.size());
    return *this;
  }
  /// The C handle, for calls of inlay.h; stays owned by this object.
  inlay_options* get() const noexcept { return handle_.get(); }

 private:
  std::shared_ptr<inlay_options> handle_;
};

/// An opened model; see inlay_model.
class Model {
 public:
  /// Takes over one reference.
  explicit Model(inlay_model* owned) : handle_(owned, inlay_model_release) {}

  /// The C handle, for calls of inlay.h; stays owned by this object.
  inlay_model* get() const noexcept { return handle_.get(); }

  /// Views in it live as long as a copy of this object.
  inlay_model_info info() const {
    inlay_model_info info = INLAY_MODEL_INFO_INIT;
    detail::Call(inlay_model_get_info, get(), &info);
    return info;
  }

  /// Token ids of a text; flags of inlay_tokenize_flags.
  std::vector<int32_t> tokenize(std::string_view text,
                                uint64_t flags = 0) const {
    size_t count = 0;
    detail::Call(inlay_tokenize, get(), text.data(), text.size(), flags,
                 static_cast<int32_t*>(nullptr), size_t{0}, &count);
    std::vector<int32_t> tokens(count);
    if (count == 0) return tokens;
    detail::Call(inlay_tokenize, get(), text.data(), text.size(), flags,
                 tokens.data(), tokens.size(), &count);
    return tokens;
  }

  /// Text of token ids; flags of inlay_detokenize_flags.
  std::string detokenize(const std::vector<int32_t>& tokens,
                         uint64_t flags = 0) const {
    return detail::Text([&](char* buffer, size_t capacity, size_t* size) {
      detail::Call(inlay_detokenize, get(), tokens.data(), tokens.size(), flags,
                   buffer, capacity, size);
    });
  }

  /// The value of a metadata key as text; throws INLAY_ERR_NOT_FOUND.
  std::string metadata(std::string_view key) const {
    return detail::Text([&](char* buffer, size_t capacity, size_t* size) {
      detail::Call(inlay_model_metadata_get, get(), key.data(), key.size(),
                   buffer, capacity, size);
    });
  }

  /// Renders a JSON array of messages with the model's chat template.
  std::string render(std::string_view messages_json, uint64_t flags = 0) const {
    inlay_chat_input input = INLAY_CHAT_INPUT_INIT;
    input.flags = flags;
    input.messages_json = messages_json.data();
    input.messages_json_size = messages_json.size();
    return render(input);
  }
  /// The same with all that inlay_chat_input offers.
  std::string render(const inlay_chat_input& input) const {
    return detail::Text([&](char* buffer, size_t capacity, size_t* size) {
      detail::Call(inlay_chat_render, get(), &input, buffer, capacity, size);
    });
  }

  /// Memory that the model and an engine with these options need.
  inlay_memory_needs estimate(
      const inlay_engine_options& options = INLAY_ENGINE_OPTIONS_INIT) const {
    inlay_memory_needs needs = INLAY_MEMORY_NEEDS_INIT;
    detail::Call(inlay_memory_estimate, get(), &options, &needs);
    return needs;
  }

 private:
  std::shared_ptr<inlay_model> handle_;
};

/// Allocator, budget, log sink and threads; see inlay_context.
class Context {
 public:
  /// A context; see inlay_context_options.
  explicit Context(
      const inlay_context_options& options = INLAY_CONTEXT_OPTIONS_INIT) {
    inlay_context* raw = nullptr;
    detail::Call(inlay_context_create, &options, &raw);
    handle_.reset(raw, inlay_context_release);
  }
  /// The C handle, for calls of inlay.h; stays owned by this object.
  inlay_context* get() const noexcept { return handle_.get(); }

  /// Opens a file; the path is UTF-8.
  Model open(std::string_view path, const inlay_model_options& options =
                                        INLAY_MODEL_OPTIONS_INIT) const {
    inlay_model_source source = INLAY_MODEL_SOURCE_INIT;
    source.path = path.data();
    source.path_size = path.size();
    return open(source, options);
  }
  /// Opens any source: memory, a descriptor, a reader of the host.
  Model open(
      const inlay_model_source& source,
      const inlay_model_options& options = INLAY_MODEL_OPTIONS_INIT) const {
    inlay_model* raw = nullptr;
    detail::Call(inlay_model_open, get(), &source, &options, &raw);
    return Model(raw);
  }

 private:
  std::shared_ptr<inlay_context> handle_;
};

/// What to generate: an inlay_request that owns its texts.
class Request {
 public:
  /// A user's message, wrapped in the model's chat template.
  static Request chat(std::string_view message) {
    Request request(message);
    request.raw.flags |= INLAY_REQUEST_CHAT;
    return request;
  }
  /// Text as it is.
  explicit Request(std::string_view prompt) : prompt_(prompt) {}

  /// Most tokens to generate.
  Request& max_tokens(int32_t count) {
    raw.max_tokens = count;
    return *this;
  }
  /// 0: greedy.
  Request& temperature(float value) {
    raw.temperature = value;
    return *this;
  }
  /// Determines the draws.
  Request& seed(uint64_t value) {
    raw.seed = value;
    return *this;
  }
  /// Adds a text that ends generation.
  Request& stop(std::string_view text) {
    stops_.emplace_back(text);
    return *this;
  }

  /// For fields that have no setter here. prompt and the stop strings are set
  /// by `fill`, unless raw has its own.
  inlay_request raw = INLAY_REQUEST_INIT;

  /// Calls `use` with the complete struct, valid during the call.
  template <typename Use>
  void fill(Use use) const {
    inlay_request full = raw;
    if (full.prompt == nullptr && full.parts == nullptr) {
      full.prompt = prompt_.data();
      full.prompt_size = prompt_.size();
    }
    std::vector<const char*> stops;
    std::vector<size_t> sizes;
    for (const std::string& stop : stops_) {
      stops.push_back(stop.data());
      sizes.push_back(stop.size());
    }
    if (full.stop_strings == nullptr && !stops.empty()) {
      full.stop_strings = stops.data();
      full.stop_string_sizes = sizes.data();
      full.stop_string_count = stops.size();
    }
    use(full);
  }

 private:
  std::string prompt_;
  std::vector<std::string> stops_;
};

/// Some tokens of an answer, with the text that became complete with them.
/// Valid until the stream goes on.
struct Piece {
  /// Whole code points of UTF-8.
  std::string_view text;
  /// The ids.
  const int32_t* tokens = nullptr;
  /// How many ids.
  size_t token_count = 0;
};

/// Closes the engine it shares when its last copy goes.
using EngineHandle = std::shared_ptr<inlay_engine>;

/// The answer to one request, read by iterating. It polls the whole engine,
/// so use one stream at a time per engine; for many requests at once use
/// inlay_poll. Ending early, or destroying it, cancels the request.
class Stream {
 public:
  /// The events of a submitted request.
  Stream(EngineHandle engine, uint64_t id)
      : engine_(std::move(engine)), id_(id) {}
  /// Leaves the other at its end.
  Stream(Stream&& other) noexcept
      : engine_(std::move(other.engine_)),
        id_(std::exchange(other.id_, 0)),
        event_(other.event_),
        piece_(other.piece_) {}
  Stream& operator=(Stream&&) = delete;
  ~Stream() { abandon(); }

  /// The request, for inlay_cancel; 0 after its end.
  uint64_t id() const noexcept { return id_; }

  /// The next piece, or null at the end. Throws if the request failed.
  const Piece* next() {
    while (id_ != 0) {
      inlay_event event = INLAY_EVENT_INIT;
      size_t count = 0;
      detail::Call(inlay_poll, engine_.get(), &event, sizeof(event), size_t{1},
                   int64_t{-1}, &count);
      if (count == 0 || event.request_id != id_) continue;
      if (event.kind == INLAY_EVENT_DELTA) {
        piece_.text = detail::View(event.text, event.text_size);
        piece_.tokens = event.tokens;
        piece_.token_count = event.token_count;
        return &piece_;
      }
      if (event.kind == INLAY_EVENT_FAILED) {
        id_ = 0;
        throw Error(event.status, std::string(detail::View(
                                      event.message, event.message_size)));
      }
      if (event.kind == INLAY_EVENT_FINISHED) {
        id_ = 0;
        event_ = event;
      }
    }
    return nullptr;
  }

  /// After the end: the terminal event, for its reason, usage and timings. Its
  /// pointers are not valid.
  const inlay_event& result() const noexcept { return event_; }

  /// An input iterator over the pieces.
  class Iterator {
   public:
    /// Of the standard iterator protocol.
    using iterator_category = std::input_iterator_tag;
    /// Of the standard iterator protocol.
    using value_type = Piece;
    /// Of the standard iterator protocol.
    using difference_type = std::ptrdiff_t;
    /// Of the standard iterator protocol.
    using pointer = const Piece*;
    /// Of the standard iterator protocol.
    using reference = const Piece&;

    /// The end.
    Iterator() = default;
    /// Waits for the first piece.
    explicit Iterator(Stream* stream)
        : stream_(stream), piece_(stream->next()) {}
    /// The piece.
    reference operator*() const { return *piece_; }
    /// The piece.
    pointer operator->() const { return piece_; }
    /// Waits for the next piece.
    Iterator& operator++() {
      piece_ = stream_->next();
      return *this;
    }
    /// Waits for the next piece.
    void operator++(int) { ++*this; }
    /// Equal at the end, or on the same piece.
    bool operator==(const Iterator& other) const {
      return piece_ == other.piece_;
    }
    /// See above.
    bool operator!=(const Iterator& other) const { return !(*this == other); }

   private:
    Stream* stream_ = nullptr;
    const Piece* piece_ = nullptr;
  };

  /// Waits for the first piece.
  Iterator begin() { return Iterator(this); }
  /// Behind the last piece.
  Iterator end() { return Iterator(); }

 private:
  // Cancels, and takes the remaining events, so that a later stream of the
  // engine starts clean.
  void abandon() noexcept {
    if (id_ == 0 || engine_ == nullptr) return;
    inlay_cancel(id_, INLAY_CANCEL_DROP, nullptr);
    for (;;) {
      inlay_event event = INLAY_EVENT_INIT;
      size_t count = 0;
      if (inlay_poll(engine_.get(), &event, sizeof(event), 1, -1, &count,
                     nullptr) != INLAY_OK) {
        return;
      }
      if (count == 1 && event.request_id == id_ &&
          (event.kind == INLAY_EVENT_FINISHED ||
           event.kind == INLAY_EVENT_FAILED)) {
        return;
      }
    }
  }

  EngineHandle engine_;
  uint64_t id_ = 0;
  inlay_event event_ = INLAY_EVENT_INIT;
  Piece piece_;
};

/// A whole answer; see inlay_generate.
struct Answer {
  /// UTF-8.
  std::string text;
  /// The ids.
  std::vector<int32_t> tokens;
  /// One of inlay_finish_reason.
  int32_t finish_reason = INLAY_FINISH_NONE;
};

/// Runs requests of one model; see inlay_engine.
class Engine {
 public:
  /// An engine; see inlay_engine_options.
  explicit Engine(const Model& model, const inlay_engine_options& options =
                                          INLAY_ENGINE_OPTIONS_INIT) {
    inlay_engine* raw = nullptr;
    detail::Call(inlay_engine_create, model.get(), &options, &raw);
    handle_.reset(raw, inlay_engine_release);
  }
  /// The C handle, for calls of inlay.h; stays owned by this object.
  inlay_engine* get() const noexcept { return handle_.get(); }

  /// What was chosen for this engine; the text lives as long as the engine.
  inlay_engine_config config() const {
    inlay_engine_config config = INLAY_ENGINE_CONFIG_INIT;
    detail::Call(inlay_engine_get_config, get(), &config);
    return config;
  }
  /// Counters and the situation now.
  inlay_engine_stats stats() const {
    inlay_engine_stats stats = INLAY_ENGINE_STATS_INIT;
    detail::Call(inlay_engine_get_stats, get(), &stats);
    return stats;
  }

  /// The request's id; its events come from inlay_poll.
  uint64_t submit(const Request& request) const {
    uint64_t id = 0;
    request.fill([&](const inlay_request& full) {
      detail::Call(inlay_submit, get(), &full, &id);
    });
    return id;
  }

  /// Iterate over it for the answer's pieces as they come.
  Stream stream(const Request& request) const {
    return Stream(handle_, submit(request));
  }

  /// Waits for the whole answer.
  Answer generate(const Request& request) const {
    inlay_generation* raw = nullptr;
    request.fill([&](const inlay_request& full) {
      detail::Call(inlay_generate, get(), &full, &raw);
    });
    const std::shared_ptr<inlay_generation> held(raw, inlay_generation_release);
    inlay_event whole = INLAY_EVENT_INIT;
    detail::Call(inlay_generation_get, raw, &whole);
    Answer answer;
    answer.text = detail::View(whole.text, whole.text_size);
    answer.tokens.assign(whole.tokens, whole.tokens + whole.token_count);
    answer.finish_reason = whole.finish_reason;
    return answer;
  }

 private:
  EngineHandle handle_;
};

}  // namespace inlay

#endif  // INLAY_INLAY_HPP_
