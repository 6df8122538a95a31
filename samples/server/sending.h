// How answers leave: at once, or as server-sent events.
#ifndef SAMPLES_SERVER_SENDING_H_
#define SAMPLES_SERVER_SENDING_H_

#include <httplib.h>

#include <memory>

#include "answer.h"
#include "metrics.h"

namespace server {

// How often a waiting thread looks whether its client is still there.
inline constexpr std::chrono::milliseconds kGlance{100};

// Nobody reads this status: the client left before its answer.
inline constexpr int kClientGone = 499;

// Waits for all of the answer. Throws ApiError.
void SendWhole(Plan plan, Metrics* metrics, httplib::Response* response);

// Each part as soon as it is there. `in_flight` lives as long as the stream.
void SendStream(Plan plan, std::shared_ptr<InFlight> in_flight,
                Metrics* metrics, httplib::Response* response);

}  // namespace server

#endif  // SAMPLES_SERVER_SENDING_H_
