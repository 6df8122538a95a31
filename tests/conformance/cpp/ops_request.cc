#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <mutex>

#include "runner.h"

namespace conformance {
namespace {

using Outcomes = std::vector<outcome*>;

bool AllEnded(const Outcomes& requests) {
  for (const outcome* request : requests) {
    if (!request->ended) return false;
  }
  return true;
}

void PollOnce(const RunningEngine& running, const Outcomes& requests) {
  inlay_event events[32];
  size_t count = 0;
  inlay::detail::Call(inlay_poll, running.engine.get(), &events[0],
                      sizeof(events[0]), std::size(events),
                      int64_t{running.host_driven ? 0 : -1}, &count);
  for (size_t i = 0; i < count; ++i) {
    for (outcome* request : requests) {
      if (request->id == events[i].request_id) take_event(request, &events[i]);
    }
  }
}

// Lets a host-driven engine go on.
void Step(const RunningEngine& running) {
  if (!running.host_driven) return;
  int32_t state = 0;
  inlay::detail::Call(inlay_engine_get_state, running.engine.get(), &state);
  if (state == INLAY_ENGINE_CLOSED) return;
  inlay::detail::Call(inlay_engine_step, running.engine.get(),
                      static_cast<int32_t*>(nullptr));
}

void FinishAll(const RunningEngine& running, const Outcomes& requests) {
  for (;;) {
    PollOnce(running, requests);
    if (AllEnded(requests)) return;
    Step(running);
  }
}

inlay::Request RequestOf(const json* from, Objects& objects) {
  inlay::Request request("");
  read_request(from, &request.raw);
  if (json_get(from, "session") != nullptr) {
    request.session(Named(objects.sessions, from, "session"));
  }
  return request;
}

outcome* Submit(const RunningEngine& running, const json* from,
                Objects& objects) {
  const inlay::Request request = RequestOf(from, objects);
  const uint64_t id = running.engine.submit(request);
  return new_outcome(id, &request.raw);
}

void RunStream(const json* step, Objects& objects) {
  const RunningEngine& running = Named(objects.engines, step, "engine");
  outcome* result = Submit(running, json_get(step, "request"), objects);
  FinishAll(running, {result});
  put_outcome(result, 1, 1);
}

void RunGenerate(const json* step, Objects& objects) {
  const inlay::Engine& engine = Named(objects.engines, step, "engine").engine;
  const inlay::Request request = RequestOf(json_get(step, "request"), objects);
  outcome* result = new_outcome(0, &request.raw);
  inlay_generation* raw = nullptr;
  request.fill([&](const inlay_request& full) {
    inlay::detail::Call(inlay_generate, engine.get(), &full, &raw);
  });
  const std::shared_ptr<inlay_generation> held(raw, inlay_generation_release);
  inlay::detail::Call([&](inlay_error* error) {
    return take_generation(result, raw, &request.raw, error);
  });
  put_outcome(result, 0, 1);
}

void PutAll(const Outcomes& results) {
  put_status(INLAY_OK, nullptr);
  open_list("requests");
  for (const outcome* result : results) {
    open_object(nullptr);
    put_outcome(result, 1, 0);
    close_object();
  }
  close_list();
}

void RunConcurrent(const json* step, Objects& objects) {
  const RunningEngine& running = Named(objects.engines, step, "engine");
  const json* requests = json_get(step, "requests");
  Outcomes results;
  for (size_t i = 0; i < requests->size; ++i) {
    results.push_back(Submit(running, &requests->items[i], objects));
  }
  FinishAll(running, results);
  PutAll(results);
}

void RunSubmit(const json* step, Objects& objects) {
  RunningEngine& running = Named(objects.engines, step, "engine");
  running.pending.push_back(
      Submit(running, json_get(step, "request"), objects));
  put_status(INLAY_OK, nullptr);
}

void RunDrain(const json* step, Objects& objects) {
  RunningEngine& running = Named(objects.engines, step, "engine");
  FinishAll(running, running.pending);
  PutAll(running.pending);
  running.pending.clear();
}

void RunCancel(const json* step, Objects& objects) {
  const RunningEngine& running = Named(objects.engines, step, "engine");
  const auto wanted = static_cast<size_t>(json_number(step, "after_tokens", 0));
  const bool stop = std::string_view(json_text(step, "mode")) == "stop";
  const int32_t mode = stop ? INLAY_CANCEL_STOP : INLAY_CANCEL_DROP;
  outcome* result = Submit(running, json_get(step, "request"), objects);
  for (;;) {
    PollOnce(running, {result});
    if (result->ended || result->answers[0].count >= wanted) break;
    Step(running);
  }
  inlay::detail::Call(inlay_cancel, result->id, mode);
  FinishAll(running, {result});
  const std::string_view finish = finish_name(result->finish);
  const std::string_view late =
      inlay_status_name(inlay_cancel(result->id, mode, nullptr));
  put_status(INLAY_OK, nullptr);
  put_text("finish", finish.data(), finish.size());
  put_text("late", late.data(), late.size());
}

// What the delivery thread and the runner share.
struct Delivery {
  std::mutex lock;
  std::condition_variable changed;
  outcome* result = nullptr;

  static void OnEvents(void* self, const inlay_event* events, size_t event_size,
                       size_t count) {
    auto* to = static_cast<Delivery*>(self);
    const std::lock_guard<std::mutex> held(to->lock);
    for (size_t i = 0; i < count; ++i) {
      const char* at = reinterpret_cast<const char*>(events) + i * event_size;
      take_event(to->result, reinterpret_cast<const inlay_event*>(at));
    }
    to->changed.notify_one();
  }
};

void RunPush(const json* step, Objects& objects) {
  Delivery delivery;
  inlay_engine_options options = EngineOptions(objects, step);
  options.on_events = Delivery::OnEvents;
  options.event_user_data = &delivery;
  const inlay::Request request = RequestOf(json_get(step, "request"), objects);
  delivery.result = new_outcome(0, &request.raw);
  {
    const inlay::Engine engine(Named(objects.models, step, "model"), options);
    engine.submit(request);
    std::unique_lock<std::mutex> held(delivery.lock);
    delivery.changed.wait(held, [&] { return delivery.result->ended; });
    held.unlock();
    inlay::detail::Call(inlay_engine_close, engine.get(), INLAY_CLOSE_DRAIN,
                        int64_t{-1});
  }
  put_outcome(delivery.result, 1, 1);
}

void RunCancelId(const json* step) {
  inlay::detail::Call(inlay_cancel,
                      static_cast<uint64_t>(json_number(step, "id", 0)),
                      INLAY_CANCEL_STOP);
  put_status(INLAY_OK, nullptr);
}

struct Counts {
  long tokens = 0;
  long polls = 0;
};

// Reads everything, into types of its own as a host would.
Counts TakeAll(const inlay::Engine& engine, int streams) {
  Counts counts;
  std::vector<inlay_event> events(256);
  std::string text;
  std::vector<int32_t> ids;
  while (streams > 0) {
    size_t got = 0;
    inlay::detail::Call(inlay_poll, engine.get(), events.data(),
                        sizeof(inlay_event), events.size(), int64_t{-1}, &got);
    ++counts.polls;
    for (size_t i = 0; i < got; ++i) {
      const inlay_event& event = events[i];
      if (event.kind == INLAY_EVENT_FAILED) fail("bench", event.message);
      if (event.kind == INLAY_EVENT_FINISHED) --streams;
      if (event.kind != INLAY_EVENT_DELTA) continue;
      text.assign(event.text, event.text_size);
      ids.assign(event.tokens, event.tokens + event.token_count);
      counts.tokens += static_cast<long>(ids.size());
    }
  }
  return counts;
}

}  // namespace

bool RunRequestOp(std::string_view op, const json* step, Objects& objects) {
  if (op == "stream") return RunStream(step, objects), true;
  if (op == "generate") return RunGenerate(step, objects), true;
  if (op == "concurrent") return RunConcurrent(step, objects), true;
  if (op == "submit") return RunSubmit(step, objects), true;
  if (op == "drain") return RunDrain(step, objects), true;
  if (op == "cancel") return RunCancel(step, objects), true;
  if (op == "cancel_id") return RunCancelId(step), true;
  if (op == "push") return RunPush(step, objects), true;
  return false;
}

int RunBench(const char* path, int streams, int tokens) {
  inlay_context_options threads = INLAY_CONTEXT_OPTIONS_INIT;
  threads.thread_count = 1;
  inlay_engine_options options = INLAY_ENGINE_OPTIONS_INIT;
  options.max_concurrency = streams;
  options.context_length = 512;
  const inlay::Engine engine(inlay::Context(threads).open(path), options);
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < streams; ++i) {
    engine.submit(inlay::Request("Item " + std::to_string(i) + ":")
                      .max_tokens(tokens)
                      .flags(INLAY_REQUEST_IGNORE_END));
  }
  const Counts counts = TakeAll(engine, streams);
  const std::chrono::nanoseconds time =
      std::chrono::steady_clock::now() - begin;
  std::printf("{\"tokens\":%ld,\"polls\":%ld,\"ns\":%lld}\n", counts.tokens,
              counts.polls, static_cast<long long>(time.count()));
  return 0;
}

}  // namespace conformance
