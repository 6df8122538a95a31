// The engine: requests in, events out, one step at a time.
//
// A request ends with exactly one terminal event:
//   kFinished  kStop         an end id, a stop token or a stop string
//              kLength       max_tokens were generated
//              kContextFull  prompt and generated tokens fill the context
//              kCancelled    by Cancel, or by a close
//              kDeadline
//   kFailed    kError        its status says why
// The end id or stop token itself is in no delta: neither its text nor its id,
// and usage does not count it; generated_tokens is the number of ids in the
// request's deltas. The token that completes a stop string is in them; of its
// text, what precedes the stop string.
//
// A prompt leaves room for at least one token, or Submit refuses it; nothing
// of it is ever dropped to make room.
//
// When pages run out, the youngest requests lose theirs and are computed again
// later; they give the same tokens, and their consumers see only a pause.
#ifndef INLAY_ENGINE_ENGINE_H_
#define INLAY_ENGINE_ENGINE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cpp/base/clock.h"
#include "cpp/base/status.h"
#include "cpp/engine/model.h"
#include "cpp/engine/request.h"
#include "cpp/scheduler/scheduler.h"

namespace inlay::engine {

struct EngineOptions {
  int32_t context_length = 0;   // tokens of one request; 0: chosen
  int32_t max_concurrency = 0;  // requests in one step; 0: chosen
  int32_t max_step_tokens = 0;  // rows of one step; 0: chosen (512)
  int32_t max_queue = 0;        // waiting requests; 0: chosen (1024)
  uint64_t kv_cache_bytes = 0;  // 0: chosen from free memory
  backend::KvType kv_type = backend::KvType::kAuto;
  bool host_driven = false;        // no step thread; the host calls Step
  int32_t max_pending_events = 0;  // per request, before it pauses; 0: 1024
  // Push mode: called on the delivery thread with every batch of events;
  // Poll is then refused.
  std::function<void(const std::vector<Event>&)> on_events;
  const Clock* clock = nullptr;  // null: monotonic

  scheduler::PolicyKind policy = scheduler::PolicyKind::kFair;
  scheduler::Batching batching = scheduler::Batching::kInFlight;
  bool prefix_cache = true;      // requests share prefixes inside a domain
  uint64_t swap_bytes = 0;       // host memory for preempted requests; 0: none
  int64_t max_queue_tokens = 0;  // known tokens of waiting requests; 0: 2^20
  // A step that also computes prompts takes at most this many times what its
  // decodes alone would; in [1, 1000]; 0: 1.85.
  float stall_factor = 0;
  int64_t ageing_ns = 0;      // a class per so much waiting; 0: 10 s
  int64_t starvation_ns = 0;  // then before all later ones; 0: 600 s
  // A request whose consumer is slow ends after being paused so long, with
  // kResourceExhausted; 0: 60 s; < 0: never.
  int64_t pause_timeout_ns = 0;
};

// What was chosen, and why.
struct EngineConfig {
  int32_t context_length = 0;
  int32_t max_concurrency = 0;
  int32_t max_step_tokens = 0;
  int32_t max_queue = 0;
  int32_t page_tokens = 0;
  int32_t page_count = 0;
  uint64_t kv_cache_bytes = 0;
  backend::KvType kv_type = backend::KvType::kAuto;
  int32_t swap_pages = 0;
  uint64_t swap_bytes = 0;
  std::string explanation;  // "context 8192 (model); cache 1.2 GiB (half of
                            // free 2.4 GiB)"
};

// Inputs of an encoder, each of which becomes a vector.
struct EmbedRequest {
  std::vector<std::vector<int32_t>> inputs;
  // Of each input the segments of its tokens; none: all 0.
  std::vector<std::vector<int32_t>> types;
  std::optional<scheduler::Pooling> pooling;  // none: the model's own
  std::optional<bool> normalize;
};

struct MemoryEstimate {
  uint64_t weights = 0;
  uint64_t weights_mapped = 0;
  uint64_t kv_cache = 0;
  uint64_t activations = 0;
  uint64_t vocabulary = 0;  // tokenizer and metadata
  uint64_t total() const {
    return weights + weights_mapped + kv_cache + activations + vocabulary;
  }
};

struct EngineStats {
  uint64_t steps = 0, submitted = 0, finished = 0, failed = 0, cancelled = 0;
  uint64_t prompt_tokens = 0, generated_tokens = 0;
  int32_t running = 0, queued = 0;
  int32_t pages_total = 0, pages_used = 0;
  uint64_t events_pending = 0;
  uint64_t memory_used_bytes = 0, memory_peak_bytes = 0;
  // Of prompts: tokens looked up in the cache, and found there.
  uint64_t lookup_tokens = 0, cached_tokens = 0;
  int32_t pages_idle = 0;  // kept for reuse, given out when needed
  uint64_t pages_evicted = 0, pages_copied = 0;
  uint64_t preempted_recompute = 0, preempted_swap = 0;
  int32_t swap_pages_total = 0, swap_pages_used = 0;
  int64_t queued_tokens = 0;
  int32_t paused = 0, sessions = 0;
};

// A conversation whose tokens stay, and whose part of the cache stays as long
// as there is room (least recently used goes first; what was lost is computed
// again, with the same result). Thread-safe. Keeps its engine's memory alive,
// not the engine running.
class Session {
 public:
  virtual ~Session() = default;
  virtual std::vector<int32_t> tokens() const = 0;
  // True while a request continues it.
  virtual bool busy() const = 0;
  // Another conversation that begins with the same tokens, also while this one
  // is busy: then with those known so far. Shares the pages.
  virtual StatusOr<std::shared_ptr<Session>> Fork() = 0;
  // Keeps the first `count` tokens. kFailedPrecondition while busy.
  virtual Status Truncate(int32_t count) = 0;
  // Writes tokens and cache, in pieces; blocking. kFailedPrecondition while
  // busy; an error of `write` ends it and is returned.
  using Write = std::function<Status(const uint8_t* data, size_t size)>;
  virtual Status Save(const Write& write) = 0;
};

// On a kResourceExhausted of Submit for a full queue: decimal nanoseconds
// after which it may be worth trying again.
inline constexpr char kRetryAfterPayload[] = "inlay/retry_after_ns";

enum class EngineState : int32_t {
  kRunning = 1,
  kDraining = 2,
  kClosed = 3,
  kFailed = 4
};
enum class CloseMode : int32_t { kDrain = 1, kCancel = 2 };
enum class CancelMode : int32_t { kStop = 1, kDrop = 2 };

// Thread-safe except Poll and Step, which take one caller at a time (a second
// Poll is refused, a second Step waits). Inside a callback Poll, Step, Score
// and Close are kAborted; the rest is allowed, also to release the engine: then
// no further callback comes.
//
// Destruction without Close is Close(kCancel).
class Engine {
 public:
  static StatusOr<std::shared_ptr<Engine>> Create(std::shared_ptr<Model> model,
                                                  const EngineOptions& options);
  // The configuration that Create would choose, and its memory.
  static StatusOr<EngineConfig> Choose(const Model& model,
                                       const EngineOptions& options);
  static StatusOr<MemoryEstimate> Estimate(const Model& model,
                                           const EngineOptions& options);
  virtual ~Engine() = default;

  // Checks everything; a bad request fails here, alone. The id is unique in
  // the process (from `NextRequestId`) and never 0.
  virtual StatusOr<uint64_t> Submit(Request request) = 0;
  // kNotFound if unknown or already ended. STOP keeps what was produced, DROP
  // also discards undelivered deltas. The terminal event says kCancelled.
  virtual Status Cancel(uint64_t id, CancelMode mode) = 0;
  virtual StatusOr<RequestState> GetRequestState(uint64_t id) = 0;

  // Waits up to timeout_ns (0: returns at once, <0: for ever) for events, and
  // returns at most `max`. Empty after Wake or the timeout. The deltas of a
  // request that were not read yet come as one; after max_pending_events of
  // them the request pauses until they are read. The events of an engine that
  // was closed or has failed stay readable; after the last one, and in push
  // mode, kFailedPrecondition.
  virtual StatusOr<std::vector<Event>> Poll(size_t max, int64_t timeout_ns) = 0;
  // Ends a Poll that waits, or the next one.
  virtual void Wake() = 0;
  // A descriptor that is readable while Poll would not wait; owned by the
  // engine, only to be waited on.
  virtual StatusOr<int> WaitHandle() = 0;
  // Host-driven mode: one step. True if there is more to do.
  virtual StatusOr<bool> Step() = 0;

  // Ends all requests (each with its terminal event) and stops the threads;
  // no event arises after it returns. Push mode: all are delivered by then.
  // Pull mode: those that wait stay readable. kDrain finishes accepted requests
  // first, up to timeout_ns (<0: for ever), then cancels; while it drains, a
  // slow consumer pauses nothing, so that it cannot hang. kCancel waits for the
  // step in flight. Any thread, idempotent, several at once: kCancel overtakes
  // a kDrain. kDeadlineExceeded if drain had to cancel. From the delivery
  // thread: kAborted (the ABI's WOULD_DEADLOCK).
  virtual Status Close(CloseMode mode, int64_t timeout_ns) = 0;

  virtual EngineState state() const = 0;
  virtual EngineStats stats() const = 0;
  virtual const EngineConfig& config() const = 0;
  virtual const std::shared_ptr<Model>& model() const = 0;
  // True on the delivery thread, inside a callback.
  virtual bool InCallback() const = 0;

  // Weight of a tenant in the fair policy, in (0, 1e6]; 1 for one never named.
  // kInvalidArgument, kResourceExhausted (too many tenants).
  virtual Status SetTenantWeight(const std::string& tenant, double weight) = 0;

  // A conversation of its own. Engine::Submit with Request::session adds to it.
  virtual StatusOr<std::shared_ptr<Session>> CreateSession(
      const std::string& cache_domain) = 0;
  // What Save wrote. `read` fills the whole array or fails. The bytes are not
  // trusted: kDataLoss (damaged), kFailedPrecondition (another model, recipe,
  // page format or version), kResourceExhausted. Its pages are shared with
  // nobody but its forks. Blocking.
  using Read = std::function<Status(uint8_t* data, size_t size)>;
  virtual StatusOr<std::shared_ptr<Session>> LoadSession(const Read& read) = 0;

  // Counters and histograms in the Prometheus text format (version 0.0.4).
  virtual std::string MetricsText() const = 0;
  // Records the parts of every step until StopTrace, at most `max_steps` (the
  // first ones stay). Starting again forgets what was recorded.
  virtual Status StartTrace(int32_t max_steps) = 0;
  // The recorded steps in the Chrome trace format (JSON). kFailedPrecondition
  // if none was started.
  virtual StatusOr<std::string> StopTrace() = 0;

  // Blocking: raw logits of every position, tokens.size() * vocabulary floats.
  // Takes turns with the steps of requests; when pages are short, requests
  // give theirs and are computed again.
  virtual Status Score(std::vector<int32_t> tokens, float* logits) = 0;
  // The same for a model with an encoder, whose input this is; the tokens are
  // its decoder's.
  virtual Status ScoreWithEncoder(std::vector<int32_t> encoder_tokens,
                                  std::vector<int32_t> tokens,
                                  float* logits) = 0;

  // Blocking: one vector of Model::vector_length floats for each input.
  // Inputs of all callers share steps; each runs whole in one, so that
  // kOutOfRange says that one is longer than the context or a step. For
  // models that embed only: the others are kFailedPrecondition.
  virtual Status Embed(EmbedRequest request, float* out) = 0;
  // The same for models that score pairs of texts: one logit for each input.
  // Pooling and normalize are not looked at.
  virtual Status Rank(EmbedRequest request, float* scores) = 0;
};

// Process-unique, starting at 1.
uint64_t NextRequestId();

}  // namespace inlay::engine

#endif  // INLAY_ENGINE_ENGINE_H_
