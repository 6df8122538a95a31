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
#include <exception>
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
      : Error(detail.code, std::string(detail.message, detail.message_size)) {
    retry_after_ns_ = detail.retry_after_ns;
  }

  /// One of inlay_status.
  inlay_status status() const noexcept { return status_; }
  /// See inlay_error; 0 if the library gave no hint.
  int64_t retry_after_ns() const noexcept { return retry_after_ns_; }

 private:
  inlay_status status_;
  int64_t retry_after_ns_ = 0;
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

/// A host's stream function behind a C callback: what it throws is kept, ends
/// the call, and is thrown again behind it.
template <typename Function>
struct Stream {
  /// Takes (data, bytes); a reader returns how many it gave.
  Function function;
  /// What it threw.
  std::exception_ptr thrown;

  /// For inlay_stream_write_fn.
  static int64_t Write(void* self, const void* data, size_t bytes) noexcept {
    auto* stream = static_cast<Stream*>(self);
    try {
      stream->function(static_cast<const char*>(data), bytes);
      return 0;
    } catch (...) {
      stream->thrown = std::current_exception();
      return -1;
    }
  }
  /// For inlay_stream_read_fn.
  static int64_t Read(void* self, void* buffer, size_t bytes) noexcept {
    auto* stream = static_cast<Stream*>(self);
    try {
      return static_cast<int64_t>(
          stream->function(static_cast<char*>(buffer), bytes));
    } catch (...) {
      stream->thrown = std::current_exception();
      return -1;
    }
  }
  /// Runs `call`, which uses this stream.
  template <typename Body>
  void During(Body call) {
    try {
      call();
    } catch (const Error&) {
      if (thrown) std::rethrow_exception(thrown);
      throw;
    }
  }
};

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

/// Two texts as a cross-encoder wants them.
struct TokenPair {
  /// Ids of both, with what the model wants around and between them.
  std::vector<int32_t> tokens;
  /// The segment of each id; empty: all 0.
  std::vector<int32_t> types;
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

  /// Two texts as one input of Engine::rank; see inlay_tokenize_pair.
  TokenPair tokenize_pair(std::string_view first,
                          std::string_view second) const {
    size_t count = 0;
    TokenPair pair;
    detail::Call(inlay_tokenize_pair, get(), first.data(), first.size(),
                 second.data(), second.size(), static_cast<int32_t*>(nullptr),
                 static_cast<int32_t*>(nullptr), size_t{0}, &count);
    if (count == 0) return pair;
    pair.tokens.resize(count);
    pair.types.resize(count);
    detail::Call(inlay_tokenize_pair, get(), first.data(), first.size(),
                 second.data(), second.size(), pair.tokens.data(),
                 pair.types.data(), count, &count);
    return pair;
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

  /// Adds an architecture; see inlay_context_add_architecture.
  void add_architecture(std::string_view text, uint64_t flags = 0) const {
    detail::Call(inlay_context_add_architecture, get(), text.data(),
                 text.size(), flags);
  }

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

class Engine;

/// A conversation; see inlay_session.
class Session {
 public:
  /// An empty one; requests of one cache domain share what they can.
  explicit Session(const Engine& engine, std::string_view cache_domain = {});
  /// Takes over one reference.
  explicit Session(inlay_session* owned)
      : handle_(owned, inlay_session_release) {}
  /// What `save` wrote to a file; the path is UTF-8.
  static Session load(const Engine& engine, std::string_view path);
  /// What `write` got from `save_to`: `read(char* buffer, size_t bytes)` gives
  /// the next bytes and returns how many.
  template <typename Read>
  static Session load_from(const Engine& engine, Read read);

  /// The C handle, for calls of inlay.h; stays owned by this object.
  inlay_session* get() const noexcept { return handle_.get(); }

  /// Another that begins with the same tokens.
  Session fork() const {
    inlay_session* raw = nullptr;
    detail::Call(inlay_session_fork, get(), &raw);
    return Session(raw);
  }
  /// Keeps the first tokens.
  void truncate(int32_t token_count) const {
    detail::Call(inlay_session_truncate, get(), token_count);
  }
  /// Its length, and whether a request continues it.
  inlay_session_info info() const {
    inlay_session_info info = INLAY_SESSION_INFO_INIT;
    detail::Call(inlay_session_get_info, get(), &info);
    return info;
  }
  /// The tokens. Not while a request continues it.
  std::vector<int32_t> tokens() const {
    size_t count = 0;
    detail::Call(inlay_session_get_tokens, get(),
                 static_cast<int32_t*>(nullptr), size_t{0}, &count);
    std::vector<int32_t> tokens(count);
    if (count == 0) return tokens;
    detail::Call(inlay_session_get_tokens, get(), tokens.data(), tokens.size(),
                 &count);
    return tokens;
  }
  /// To a file, which is replaced at once or not at all; the path is UTF-8.
  void save(std::string_view path) const {
    detail::Call(inlay_session_save_file, get(), path.data(), path.size());
  }
  /// Calls `write(const char* data, size_t bytes)`; what it throws, this
  /// throws.
  template <typename Write>
  void save_to(Write write) const {
    using Writer = detail::Stream<Write>;
    Writer stream{std::move(write), nullptr};
    stream.During([&] {
      detail::Call(inlay_session_save, get(), &Writer::Write,
                   static_cast<void*>(&stream));
    });
  }

 private:
  std::shared_ptr<inlay_session> handle_;
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

  /// Class, -100 to 100; the higher goes first.
  Request& priority(int32_t value) {
    raw.priority = value;
    return *this;
  }
  /// Whose share it takes.
  Request& tenant(std::string_view name) {
    tenant_ = name;
    return *this;
  }
  /// Only requests of one domain share what the cache holds.
  Request& cache_domain(std::string_view name) {
    cache_domain_ = name;
    return *this;
  }
  /// Several answers, the best of `best_of` (0: all).
  Request& choices(int32_t count, int32_t best_of = 0) {
    raw.choices = count;
    raw.best_of = best_of;
    return *this;
  }
  /// Beam search.
  Request& beams(int32_t width, float length_penalty = 1.0f) {
    raw.beam_width = width;
    raw.length_penalty = length_penalty;
    return *this;
  }
  /// Continues a conversation.
  Request& session(Session session) {
    session_ = std::make_shared<Session>(std::move(session));
    return *this;
  }
  /// What the decoder of a model with an encoder begins with; the prompt is the
  /// encoder's input.
  Request& decoder_tokens(std::vector<int32_t> tokens) {
    decoder_tokens_ = std::move(tokens);
    return *this;
  }
  /// Sets flags of inlay_request_flags.
  Request& flags(uint64_t flags) {
    raw.flags |= flags;
    return *this;
  }

  /// For fields that have no setter here. The texts and the session are set by
  /// `fill`, unless raw has its own.
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
    if (full.tenant == nullptr) {
      full.tenant = tenant_.data();
      full.tenant_size = tenant_.size();
    }
    if (full.cache_domain == nullptr) {
      full.cache_domain = cache_domain_.data();
      full.cache_domain_size = cache_domain_.size();
    }
    if (full.decoder_tokens == nullptr) {
      full.decoder_tokens = decoder_tokens_.data();
      full.decoder_token_count = decoder_tokens_.size();
    }
    if (full.session == nullptr && session_ != nullptr) {
      full.session = session_->get();
    }
    use(full);
  }

 private:
  std::string prompt_;
  std::string tenant_;
  std::string cache_domain_;
  std::shared_ptr<Session> session_;
  std::vector<std::string> stops_;
  std::vector<int32_t> decoder_tokens_;
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
  /// Of which answer, from 0.
  int32_t choice = 0;
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
        piece_.choice = event.choice;
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
  /// Of several answers: the mean log-probability, or the beam's score.
  double score = 0;
};

/// How an encoder makes vectors; see inlay_embed.
struct EmbedOptions {
  /// One of inlay_pooling.
  int32_t pooling = INLAY_POOLING_MODEL;
  /// 0: as the model says; 1: vectors of length 1; 2: as they come.
  int32_t normalize = 0;
};

/// Runs requests of one model; see inlay_engine.
class Engine {
 public:
  /// An engine; see inlay_engine_options.
  explicit Engine(const Model& model, const inlay_engine_options& options =
                                          INLAY_ENGINE_OPTIONS_INIT)
      : model_(model) {
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

  /// Waits for the whole answer; of several, the first.
  Answer generate(const Request& request) const {
    const auto held = run(request);
    inlay_event whole = INLAY_EVENT_INIT;
    detail::Call(inlay_generation_get, held.get(), &whole);
    return to_answer(whole);
  }
  /// Waits for all answers, of best_of and beams the best first.
  std::vector<Answer> answers(const Request& request) const {
    const auto held = run(request);
    size_t count = 0;
    detail::Call(inlay_generation_choice_count, held.get(), &count);
    std::vector<Answer> answers;
    for (size_t i = 0; i < count; ++i) {
      inlay_event whole = INLAY_EVENT_INIT;
      detail::Call(inlay_generation_get_choice, held.get(), i, &whole);
      answers.push_back(to_answer(whole));
    }
    return answers;
  }

  /// One vector for each input of an encoder, each of at least one token.
  /// Waits; inputs of other calls share its steps.
  std::vector<std::vector<float>> embed(
      const std::vector<std::vector<int32_t>>& inputs,
      const EmbedOptions& options = {}) const {
    std::vector<int32_t> tokens, lengths;
    for (const std::vector<int32_t>& input : inputs) {
      tokens.insert(tokens.end(), input.begin(), input.end());
      lengths.push_back(static_cast<int32_t>(input.size()));
    }
    std::vector<float> flat;
    const auto run = [&](size_t* count) {
      detail::Call(inlay_embed, get(), tokens.data(), tokens.size(),
                   lengths.data(), lengths.size(), options.pooling,
                   options.normalize, flat.empty() ? nullptr : flat.data(),
                   flat.size(), count);
    };
    size_t count = 0;
    run(&count);
    flat.resize(count);
    run(&count);
    const size_t width = count / inputs.size();
    std::vector<std::vector<float>> vectors;
    for (size_t i = 0; i < inputs.size(); ++i) {
      const float* own = flat.data() + i * width;
      vectors.emplace_back(own, own + width);
    }
    return vectors;
  }
  /// The same of texts, with the tokens that the model wants around them.
  std::vector<std::vector<float>> embed(
      const std::vector<std::string>& texts,
      const EmbedOptions& options = {}) const {
    std::vector<std::vector<int32_t>> inputs;
    inputs.reserve(texts.size());
    for (const std::string& text : texts) {
      inputs.push_back(model_.tokenize(text));
    }
    return embed(inputs, options);
  }

  /// One score for each pair; the greater, the better its texts fit. Waits, as
  /// embed does.
  std::vector<float> rank(const std::vector<TokenPair>& pairs) const {
    std::vector<int32_t> tokens, types, lengths;
    for (const TokenPair& pair : pairs) {
      tokens.insert(tokens.end(), pair.tokens.begin(), pair.tokens.end());
      types.insert(types.end(), pair.types.begin(), pair.types.end());
      types.resize(tokens.size(), 0);
      lengths.push_back(static_cast<int32_t>(pair.tokens.size()));
    }
    std::vector<float> scores(pairs.size());
    detail::Call(inlay_rank, get(), static_cast<const int32_t*>(tokens.data()),
                 static_cast<const int32_t*>(types.data()), tokens.size(),
                 static_cast<const int32_t*>(lengths.data()), lengths.size(),
                 scores.data(), scores.size(), static_cast<size_t*>(nullptr));
    return scores;
  }
  /// How well each of the texts fits the query.
  std::vector<float> rank(std::string_view query,
                          const std::vector<std::string>& texts) const {
    std::vector<TokenPair> pairs;
    pairs.reserve(texts.size());
    for (const std::string& text : texts) {
      pairs.push_back(model_.tokenize_pair(query, text));
    }
    return rank(pairs);
  }

  /// Weight of a tenant, above 0; 1 unless set.
  void set_tenant(std::string_view name, double weight) const {
    detail::Call(inlay_engine_set_tenant, get(), name.data(), name.size(),
                 weight);
  }
  /// Counters and histograms in the Prometheus text format.
  std::string metrics() const {
    size_t size = 0;
    detail::Call(inlay_engine_get_metrics, get(), static_cast<char*>(nullptr),
                 size_t{0}, &size);
    for (;;) {
      std::string text(size + 256, '\0');  // it may have grown meanwhile
      inlay_error error = INLAY_ERROR_INIT;
      const inlay_status status =
          inlay_engine_get_metrics(get(), &text[0], text.size(), &size, &error);
      if (status == INLAY_ERR_BUFFER_TOO_SMALL) continue;
      if (status != INLAY_OK) throw Error(error);
      text.resize(size);
      return text;
    }
  }
  /// Records the parts of every step from now on.
  void start_trace(int32_t max_steps) const {
    detail::Call(inlay_engine_start_trace, get(), max_steps);
  }
  /// What was recorded, as JSON in the Chrome trace format.
  std::string stop_trace() const {
    std::string json;
    const auto append = [&](const char* data, size_t bytes) {
      json.append(data, bytes);
    };
    using Writer = detail::Stream<decltype(append)>;
    Writer stream{append, nullptr};
    stream.During([&] {
      detail::Call(inlay_engine_stop_trace, get(), &Writer::Write,
                   static_cast<void*>(&stream));
    });
    return json;
  }

 private:
  std::shared_ptr<inlay_generation> run(const Request& request) const {
    inlay_generation* raw = nullptr;
    request.fill([&](const inlay_request& full) {
      detail::Call(inlay_generate, get(), &full, &raw);
    });
    return {raw, inlay_generation_release};
  }
  static Answer to_answer(const inlay_event& whole) {
    Answer answer;
    answer.text = detail::View(whole.text, whole.text_size);
    answer.tokens.assign(whole.tokens, whole.tokens + whole.token_count);
    answer.finish_reason = whole.finish_reason;
    answer.score = whole.score;
    return answer;
  }

  Model model_;
  EngineHandle handle_;
};

inline Session::Session(const Engine& engine, std::string_view cache_domain) {
  inlay_session* raw = nullptr;
  detail::Call(inlay_session_create, engine.get(), cache_domain.data(),
               cache_domain.size(), &raw);
  handle_.reset(raw, inlay_session_release);
}

inline Session Session::load(const Engine& engine, std::string_view path) {
  inlay_session* raw = nullptr;
  detail::Call(inlay_session_load_file, engine.get(), path.data(), path.size(),
               &raw);
  return Session(raw);
}

template <typename Read>
Session Session::load_from(const Engine& engine, Read read) {
  using Reader = detail::Stream<Read>;
  Reader stream{std::move(read), nullptr};
  inlay_session* raw = nullptr;
  stream.During([&] {
    detail::Call(inlay_session_load, engine.get(), &Reader::Read,
                 static_cast<void*>(&stream), &raw);
  });
  return Session(raw);
}

}  // namespace inlay

#endif  // INLAY_INLAY_HPP_
