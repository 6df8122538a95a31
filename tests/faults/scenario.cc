#include "tests/faults/scenario.h"

#include <time.h>

#include <atomic>
#include <cstdarg>
#include <cstdio>
#include <cstring>

namespace inlay::faults {
namespace {

constexpr int64_t kMillisecond = 1'000'000;
// Far above the two seconds that a call may take, because a test machine may
// be busy; what hangs, hangs longer.
constexpr int64_t kHangNs = 20'000 * kMillisecond;
constexpr int kRequests = 2;

int64_t NowNs() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

bool IsShortage(inlay_status status) {
  return status == INLAY_ERR_OUT_OF_MEMORY ||
         status == INLAY_ERR_RESOURCE_EXHAUSTED;
}

// What arrived for one request.
struct Seen {
  std::atomic<int> ends{0};
  std::atomic<int> after_end{0};
  std::atomic<int> released{0};
  std::atomic<inlay_status> status{INLAY_OK};
  bool accepted = false;
};

void AddEvent(const inlay_event& event) {
  auto* seen = static_cast<Seen*>(event.user_data);
  if (seen->ends.load() != 0) seen->after_end.fetch_add(1);
  if (event.kind == INLAY_EVENT_FAILED) seen->status.store(event.status);
  if (event.kind == INLAY_EVENT_FINISHED || event.kind == INLAY_EVENT_FAILED) {
    seen->ends.fetch_add(1);
  }
}

void OnEvents(void*, const inlay_event* events, size_t event_size,
              size_t count) {
  const char* at = reinterpret_cast<const char*>(events);
  for (size_t i = 0; i < count; ++i, at += event_size) {
    AddEvent(*reinterpret_cast<const inlay_event*>(at));
  }
}

void OnReleased(void* user_data) {
  static_cast<Seen*>(user_data)->released.fetch_add(1);
}

// A saved session.
struct Stream {
  unsigned char bytes[1 << 18];
  size_t size = 0;
  size_t at = 0;

  static int64_t Write(void* self, const void* data, size_t count) {
    auto* stream = static_cast<Stream*>(self);
    if (count > sizeof(stream->bytes) - stream->size) return 1;
    std::memcpy(stream->bytes + stream->size, data, count);
    stream->size += count;
    return 0;
  }
  static int64_t Read(void* self, void* buffer, size_t count) {
    auto* stream = static_cast<Stream*>(self);
    if (count > stream->size - stream->at) count = stream->size - stream->at;
    std::memcpy(buffer, stream->bytes + stream->at, count);
    stream->at += count;
    return static_cast<int64_t>(count);
  }
};

class Runner {
 public:
  explicit Runner(const Plan& plan) : plan_(plan) {}
  Runner(const Runner&) = delete;
  ~Runner() { inlay_context_release(context_); }

  Report Run() {
    if (OpenModel() && Text()) {
      // A shortage inside a step can end the engine; the next one must work.
      for (int i = 0; i < 2 && !Wrong(); ++i) {
        const bool failed = !EnginePhase();
        inlay_engine_release(engine_);
        engine_ = nullptr;
        CheckReleased();
        if (!failed) break;
        if (i == 1) Fault("the engine failed without a shortage");
        report_.engine_failed = true;
        Disarm();
      }
    }
    inlay_model_release(model_);
    if (source_seen_.released.load() != sources_) {
      Fault("%d loads were started, %d sources released", sources_,
            source_seen_.released.load());
    }
    return report_;
  }

 private:
  bool Wrong() const { return report_.fault[0] != '\0'; }
  void Disarm() { plan_.disarm(); }

  __attribute__((format(printf, 2, 3))) void Fault(const char* format, ...) {
    if (Wrong()) return;
    va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(report_.fault, sizeof(report_.fault), format, arguments);
    va_end(arguments);
  }

  bool EngineFailed() const {
    int32_t state = 0;
    return engine_ != nullptr &&
           inlay_engine_get_state(engine_, &state, nullptr) == INLAY_OK &&
           state == INLAY_ENGINE_FAILED;
  }

  void Note(const char* name, inlay_status status) {
    if (report_.status == INLAY_OK) {
      report_.failed_call = name;
      report_.status = status;
    }
  }

  // Calls; after a shortage once more, without one. False: no success.
  template <typename F>
  bool Call(const char* name, F call) {
    for (int i = 0; i < 2; ++i) {
      inlay_error error = INLAY_ERROR_INIT;
      const int64_t start = NowNs();
      const inlay_status status = call(&error);
      if (NowNs() - start > kHangNs) Fault("%s took too long", name);
      if (status == INLAY_OK) return true;
      Note(name, status);
      const bool failed = EngineFailed();
      if (!IsShortage(status) && !failed) {
        Fault("%s: status %d: %s", name, status, error.message);
      } else if (i == 1 && !failed) {
        Fault("%s fails again: status %d: %s", name, status, error.message);
      }
      if (error.message_size == 0) Fault("%s: no message", name);
      if (error.code != status) Fault("%s: code differs from status", name);
      Disarm();
      if (failed || Wrong()) return false;
    }
    return false;
  }

  bool OpenModel() {
    if (!Call("context_create", [this](inlay_error* e) {
          return inlay_context_create(&plan_.context, &context_, e);
        })) {
      return false;
    }
    inlay_model_source source = INLAY_MODEL_SOURCE_INIT;
    source.path = plan_.path;
    source.path_size = INLAY_NUL;
    if (plan_.drive == Drive::kPush) return OpenAsync(source);
    return Call("model_open", [&](inlay_error* e) {
      return inlay_model_open(context_, &source, nullptr, &model_, e);
    });
  }

  // From a source that is released exactly once if its load was started.
  bool OpenAsync(inlay_model_source source) {
    inlay_load* load = nullptr;
    int started = 0;
    source.user_data = &source_seen_;
    source.release = OnReleased;
    const bool opened = Call("model_open_async", [&](inlay_error* e) {
      inlay_status status =
          inlay_model_open_async(context_, &source, nullptr, &load, e);
      if (status != INLAY_OK) return status;
      ++started;
      status = inlay_load_wait(load, kHangNs, e);
      if (status == INLAY_OK) status = inlay_load_get_model(load, &model_, e);
      inlay_load_release(load);
      load = nullptr;
      return status;
    });
    // A model that was opened keeps its source.
    sources_ = started;
    return opened;
  }

  bool Text() {
    int32_t ids[64];
    size_t count = 0;
    char text[512];
    size_t size = 0;
    inlay_chat_input chat = INLAY_CHAT_INPUT_INIT;
    chat.messages_json = R"([{"role":"user","content":"hi"}])";
    chat.messages_json_size = INLAY_NUL;
    chat.template_text =
        "{% for m in messages %}<{{ m.role | upper }}>{{ m['content'] }}"
        "{% endfor %}";
    chat.template_text_size = INLAY_NUL;
    return Call("tokenize",
                [&](inlay_error* e) {
                  return inlay_tokenize(model_, "Hello world", INLAY_NUL, 0,
                                        ids, 64, &count, e);
                }) &&
           Call("detokenize",
                [&](inlay_error* e) {
                  return inlay_detokenize(model_, ids, count, 0, text, 512,
                                          &size, e);
                }) &&
           Call("chat_render", [&](inlay_error* e) {
             return inlay_chat_render(model_, &chat, text, 512, &size, e);
           });
  }

  // False if the engine failed on the way.
  bool EnginePhase() {
    inlay_engine_options options = INLAY_ENGINE_OPTIONS_INIT;
    options.context_length = 64;
    options.max_concurrency = 2;
    if (plan_.drive == Drive::kHost) options.flags = INLAY_ENGINE_HOST_DRIVEN;
    if (plan_.drive == Drive::kPush) options.on_events = OnEvents;
    for (Seen& seen : seen_) Reset(&seen);
    if (!Call("engine_create", [&](inlay_error* e) {
          return inlay_engine_create(model_, &options, &engine_, e);
        })) {
      return true;
    }
    for (int i = 0; i < kRequests; ++i) {
      if (!Submit(i)) break;
    }
    WaitForEnds();
    if (Wrong()) return true;
    if (EngineFailed()) return false;
    if (!Generate()) return Wrong();
    const bool talked = Converse();
    inlay_session_release(session_);
    inlay_session_release(copy_);
    session_ = copy_ = nullptr;
    if (!talked) return Wrong();
    CheckStats();
    return Call("engine_close", [this](inlay_error* e) {
      return inlay_engine_close(engine_, INLAY_CLOSE_DRAIN, kHangNs, e);
    });
  }

  static void Reset(Seen* seen) {
    seen->ends = 0;
    seen->after_end = 0;
    seen->released = 0;
    seen->status = INLAY_OK;
    seen->accepted = false;
  }

  bool Submit(int i) {
    static constexpr int32_t kIds[] = {3, 10, 17, 24, 31, 38, 45};
    static constexpr const char* kStops[] = {"never in the answer"};
    inlay_prompt_part part = INLAY_PROMPT_PART_INIT;
    part.kind = INLAY_PART_TOKENS;
    part.tokens = kIds;
    part.token_count = 7;
    inlay_request request = INLAY_REQUEST_INIT;
    if (i == 0) {
      request.prompt = "Hello world";
      request.prompt_size = INLAY_NUL;
      request.temperature = 0.8F;
      request.top_p = 0.9F;
      request.repetition_penalty = 1.1F;
      request.top_logprobs = 2;
    } else {
      request.parts = &part;
      request.part_size = sizeof(part);
      request.part_count = 1;
    }
    request.max_tokens = 5;
    request.flags = INLAY_REQUEST_IGNORE_END;
    request.stop_strings = kStops;
    request.stop_string_count = 1;
    request.user_data = &seen_[i];
    request.release = OnReleased;
    uint64_t id = 0;
    seen_[i].accepted = Call("submit", [&](inlay_error* e) {
      return inlay_submit(engine_, &request, &id, e);
    });
    return seen_[i].accepted;
  }

  bool AllEnded() const {
    for (const Seen& seen : seen_) {
      if (seen.accepted && seen.ends.load() == 0) return false;
    }
    return true;
  }

  void WaitForEnds() {
    const int64_t start = NowNs();
    while (!AllEnded() && !Wrong()) {
      if (NowNs() - start > kHangNs) Fault("a request does not end");
      if (plan_.drive == Drive::kHost && !EngineFailed()) {
        Call("engine_step", [this](inlay_error* e) {
          return inlay_engine_step(engine_, nullptr, e);
        });
      }
      if (plan_.drive == Drive::kPush) {
        const timespec pause = {0, 100'000};
        nanosleep(&pause, nullptr);
      } else {
        Poll();
      }
    }
    for (const Seen& seen : seen_) CheckEnd(seen);
  }

  void Poll() {
    const int64_t timeout =
        plan_.drive == Drive::kHost ? 0 : 100 * kMillisecond;
    inlay_event events[8];
    size_t count = 0;
    if (!Call("poll", [&](inlay_error* e) {
          return inlay_poll(engine_, events, sizeof(events[0]), 8, timeout,
                            &count, e);
        })) {
      return;  // the engine failed; its events still come
    }
    for (size_t i = 0; i < count; ++i) AddEvent(events[i]);
  }

  void CheckEnd(const Seen& seen) {
    if (!seen.accepted) return;
    if (seen.ends.load() != 1 || seen.after_end.load() != 0) {
      Fault("%d terminal events, %d events after the first", seen.ends.load(),
            seen.after_end.load());
    }
    const inlay_status status = seen.status.load();
    if (status == INLAY_OK) return;
    Note("a request", status);
    Disarm();
    if (!IsShortage(status)) Fault("a request ended by status %d", status);
  }

  // The host keeps its user_data exactly if the submit failed.
  void CheckReleased() {
    for (const Seen& seen : seen_) {
      if (seen.released.load() != (seen.accepted ? 1 : 0)) {
        Fault("user_data of an %s request was released %d times",
              seen.accepted ? "accepted" : "refused", seen.released.load());
      }
    }
  }

  bool Generate() {
    inlay_request request = INLAY_REQUEST_INIT;
    request.prompt = "Once";
    request.prompt_size = INLAY_NUL;
    request.max_tokens = 3;
    request.flags = INLAY_REQUEST_IGNORE_END;
    inlay_generation* generation = nullptr;
    const bool done = Call("generate", [&](inlay_error* e) {
      return inlay_generate(engine_, &request, &generation, e);
    });
    if (!done) return false;
    inlay_event answer = INLAY_EVENT_INIT;
    if (inlay_generation_get(generation, &answer, nullptr) != INLAY_OK ||
        answer.generated_tokens != 3 || answer.token_count != 3) {
      Fault("generate lost tokens: %d, %zu", answer.generated_tokens,
            answer.token_count);
    }
    inlay_generation_release(generation);
    return true;
  }

  // Two answers that continue a session, a fork of it, and its bytes.
  bool Converse() {
    inlay_request request = INLAY_REQUEST_INIT;
    request.prompt = "Once";
    request.prompt_size = INLAY_NUL;
    request.max_tokens = 2;
    request.flags = INLAY_REQUEST_IGNORE_END;
    const bool made = Call("session_create", [&](inlay_error* e) {
      return inlay_session_create(engine_, nullptr, 0, &session_, e);
    });
    if (!made) return false;
    request.session = session_;
    if (!GenerateWith("generate in a session", request)) return false;
    request.session = nullptr;
    request.choices = 2;
    request.best_of = 3;
    if (!GenerateWith("generate the best", request)) return false;
    return Call("session_fork",
                [&](inlay_error* e) {
                  return inlay_session_fork(session_, &copy_, e);
                }) &&
           SaveAndLoad();
  }
  bool GenerateWith(const char* name, const inlay_request& request) {
    inlay_generation* generation = nullptr;
    const bool done = Call(name, [&](inlay_error* e) {
      return inlay_generate(engine_, &request, &generation, e);
    });
    inlay_generation_release(generation);
    return done;
  }
  bool SaveAndLoad() {
    const bool saved = Call("session_save", [&](inlay_error* e) {
      stream_.size = stream_.at = 0;
      return inlay_session_save(copy_, Stream::Write, &stream_, e);
    });
    if (!saved) return false;
    inlay_session_release(copy_);
    copy_ = nullptr;
    return Call("session_load", [&](inlay_error* e) {
      stream_.at = 0;
      return inlay_session_load(engine_, Stream::Read, &stream_, &copy_, e);
    });
  }

  // No page is lost, no request forgotten.
  void CheckStats() {
    inlay_engine_stats stats = INLAY_ENGINE_STATS_INIT;
    // A cancelled generate leaves with the next step.
    for (int i = 0; i < 4 && plan_.drive == Drive::kHost; ++i) {
      inlay_engine_step(engine_, nullptr, nullptr);
    }
    const int64_t start = NowNs();
    do {
      inlay_engine_get_stats(engine_, &stats, nullptr);
    } while ((stats.pages_used != 0 || stats.running != 0) &&
             NowNs() - start < kHangNs / 10);
    if (stats.pages_used != 0 || stats.running != 0 || stats.queued != 0) {
      Fault("%d pages used, %d running, %d queued after the last request",
            stats.pages_used, stats.running, stats.queued);
    }
    if (stats.submitted != stats.finished + stats.failed + stats.cancelled) {
      Fault("%d requests submitted, %d ended", (int)stats.submitted,
            (int)(stats.finished + stats.failed + stats.cancelled));
    }
  }

  const Plan& plan_;
  Report report_;
  inlay_context* context_ = nullptr;
  inlay_model* model_ = nullptr;
  inlay_engine* engine_ = nullptr;
  inlay_session* session_ = nullptr;
  inlay_session* copy_ = nullptr;
  Stream stream_;
  Seen seen_[kRequests];
  Seen source_seen_;
  int sources_ = 0;
};

}  // namespace

Report RunScenario(const Plan& plan) {
  Runner runner(plan);
  return runner.Run();
}

}  // namespace inlay::faults
