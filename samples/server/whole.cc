#include <utility>
#include <vector>

#include "connection.h"
#include "http.h"
#include "sending.h"

namespace server {
namespace {

void Append(Event event, std::vector<Choice>* choices) {
  if (event.status != INLAY_OK) FinishReason(event);  // throws
  const auto index = static_cast<size_t>(event.choice);
  if (index >= choices->size()) return;
  Choice& choice = (*choices)[index];
  choice.text += event.text;
  for (Token& token : event.tokens) choice.tokens.push_back(std::move(token));
  if (event.ends_choice) choice.finish_reason = FinishReason(event);
}

}  // namespace

void SendWhole(Plan plan, Metrics* metrics, httplib::Response* response) {
  std::vector<Choice> choices(static_cast<size_t>(plan.call->choices()));
  Usage usage;
  const Connection* connection = Connection::Current();
  while (!plan.call->ended()) {
    // At every turn: the events of a busy call may never pause.
    if (connection != nullptr && connection->IsGone()) {
      metrics->CountDisconnect();
      response->status = kClientGone;
      return;  // the call cancels its requests
    }
    Event event;
    if (!plan.call->Next(kGlance, &event)) continue;
    if (event.ends_request) usage.Add(event);
    Append(std::move(event), &choices);
  }
  nlohmann::json whole = plan.format->Whole(choices);
  whole["usage"] = usage.ToJson();
  SetJson(whole, response);
}

}  // namespace server
