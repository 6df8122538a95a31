#include <chrono>
#include <string>
#include <utility>

#include "connection.h"
#include "errors.h"
#include "sending.h"

namespace server {
namespace {

using nlohmann::json;

// Fills the body of a response, one event of the engine at a time.
class Streamer {
 public:
  Streamer(Plan plan, std::shared_ptr<InFlight> in_flight, Metrics* metrics)
      : plan_(std::move(plan)),
        in_flight_(std::move(in_flight)),
        metrics_(metrics) {}

  Streamer(const Streamer&) = delete;
  Streamer& operator=(const Streamer&) = delete;
  // httplib drops it as soon as the client is gone, which it may see first.
  ~Streamer() {
    if (!ended_) metrics_->CountDisconnect();
  }

  // False: the client is gone; what still runs is cancelled with this object.
  bool Continue(httplib::DataSink* sink) {
    if (!opened_) {
      opened_ = true;
      return Open(sink);
    }
    Event event;
    if (!plan_.call->Next(kGlance, &event)) {
      const Connection* connection = Connection::Current();
      return connection == nullptr || !connection->IsGone();
    }
    try {
      return Send(std::move(event), sink);
    } catch (const ApiError& error) {
      // The status was sent long ago, so the error is an event.
      Write(error.ToJson(), sink);
      ended_ = true;
      sink->done();
      return true;
    }
  }

 private:
  bool Write(const json& object, httplib::DataSink* sink) {
    const std::string text = "data: " + Dump(object) + "\n\n";
    return sink->write(text.data(), text.size());
  }

  bool Open(httplib::DataSink* sink) {
    for (int i = 0; i < plan_.call->choices(); ++i) {
      const json opening = plan_.format->Opening(i);
      if (!opening.is_null() && !Write(opening, sink)) return false;
    }
    return true;
  }

  bool Send(Event event, httplib::DataSink* sink) {
    if (event.status != INLAY_OK) FinishReason(event);  // throws
    if (event.ends_request) usage_.Add(event);
    Choice part;
    part.text = std::move(event.text);
    part.tokens = std::move(event.tokens);
    if (event.ends_choice) part.finish_reason = FinishReason(event);
    const bool has_news = !part.text.empty() || !part.tokens.empty() ||
                          !part.finish_reason.empty();
    if (has_news && !Write(plan_.format->Part(event.choice, part), sink)) {
      return false;
    }
    return !plan_.call->ended() || End(sink);
  }

  bool End(httplib::DataSink* sink) {
    if (plan_.include_usage) {
      json last = plan_.format->Empty();
      last["usage"] = usage_.ToJson();
      if (!Write(last, sink)) return false;
    }
    const std::string text = "data: [DONE]\n\n";
    if (!sink->write(text.data(), text.size())) return false;
    ended_ = true;
    sink->done();
    return true;
  }

  Plan plan_;
  std::shared_ptr<InFlight> in_flight_;
  Metrics* metrics_;
  Usage usage_;
  bool opened_ = false;
  bool ended_ = false;
};

}  // namespace

void SendStream(Plan plan, std::shared_ptr<InFlight> in_flight,
                Metrics* metrics, httplib::Response* response) {
  const auto streamer = std::make_shared<Streamer>(
      std::move(plan), std::move(in_flight), metrics);
  response->set_header("Cache-Control", "no-cache");
  response->set_chunked_content_provider(
      "text/event-stream", [streamer](size_t, httplib::DataSink& sink) {
        return streamer->Continue(&sink);
      });
}

}  // namespace server
