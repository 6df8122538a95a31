#include "errors.h"

#include <algorithm>

namespace server {
namespace {

const char* TypeOf(int http_status) {
  if (http_status == 401) return "authentication_error";
  if (http_status == 429) return "rate_limit_error";
  if (http_status >= 500) return "server_error";
  return "invalid_request_error";
}

int HttpStatusOf(const inlay::Error& error) {
  switch (error.status()) {
    case INLAY_ERR_INVALID_ARGUMENT:
    case INLAY_ERR_OUT_OF_RANGE:
    case INLAY_ERR_UNSUPPORTED:
    case INLAY_ERR_UNSUPPORTED_FIELD:
      return 400;
    case INLAY_ERR_RESOURCE_EXHAUSTED:
      // Without a hint it would not fit into an empty engine either.
      return error.retry_after_ns() > 0 ? 429 : 400;
    case INLAY_ERR_FAILED_PRECONDITION:
    case INLAY_ERR_CANCELLED:
    case INLAY_ERR_OUT_OF_MEMORY:
      return 503;
    case INLAY_ERR_DEADLINE_EXCEEDED:
      return 504;
    default:
      return 500;
  }
}

}  // namespace

nlohmann::json ApiError::ToJson() const {
  nlohmann::json error = {{"message", what()},
                          {"type", TypeOf(http_status_)},
                          {"param", nullptr},
                          {"code", nullptr}};
  if (!param_.empty()) error["param"] = param_;
  if (!code_.empty()) error["code"] = code_;
  return {{"error", std::move(error)}};
}

ApiError FromEngine(const inlay::Error& error) {
  const int status = HttpStatusOf(error);
  ApiError api(status, error.what(), inlay_status_name(error.status()));
  if (status == 429) {
    const int64_t second = 1000000000;
    api.set_retry_after_seconds(std::max<int64_t>(
        1, error.retry_after_ns() / second +
               (error.retry_after_ns() % second != 0 ? 1 : 0)));
  }
  return api;
}

std::string Dump(const nlohmann::json& json) {
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace server
