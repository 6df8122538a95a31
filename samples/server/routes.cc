#include "routes.h"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "errors.h"
#include "sending.h"

namespace server {
namespace {

using httplib::Request;
using httplib::Response;
using HandlerResponse = httplib::Server::HandlerResponse;
using nlohmann::json;

constexpr char kModels[] = "/v1/models";

// Answers a call whose body was read.
using Answer = void (*)(Service*, const std::string& body,
                        const std::shared_ptr<InFlight>&, Response*);

template <Plan (*make_plan)(const Service&, const std::string&)>
void AnswerPlan(Service* service, const std::string& body,
                const std::shared_ptr<InFlight>& in_flight,
                Response* response) {
  Plan plan = make_plan(*service, body);
  if (plan.stream) {
    SendStream(std::move(plan), in_flight, service->metrics(), response);
  } else {
    SendWhole(std::move(plan), service->metrics(), response);
  }
}

void AnswerEmbeddings(Service* service, const std::string& body,
                      const std::shared_ptr<InFlight>&, Response* response) {
  SetJson(Embeddings(*service, body), response);
}

const std::map<std::string, Answer>& Posts() {
  static const std::map<std::string, Answer> posts = {
      {"/v1/chat/completions", &AnswerPlan<&PlanChat>},
      {"/v1/completions", &AnswerPlan<&PlanCompletion>},
      {"/v1/embeddings", &AnswerEmbeddings}};
  return posts;
}

// Takes the same time wherever the first difference is.
bool Equal(const std::string& a, const std::string& b) {
  unsigned different = a.size() == b.size() ? 0 : 1;
  for (size_t i = 0; i < a.size(); ++i) {
    different |= static_cast<unsigned char>(a[i]) ^
                 static_cast<unsigned char>(i < b.size() ? b[i] : 0);
  }
  return different == 0;
}

void CheckKey(const Options& options, const Request& request) {
  if (options.api_key.empty() || request.path == "/health") return;
  const std::string given = request.get_header_value("Authorization");
  if (Equal("Bearer " + options.api_key, given)) return;
  throw ApiError(401, "the API key is missing or wrong", "invalid_api_key");
}

json ModelObject(const Service& service, const std::string& name) {
  return {{"id", name},
          {"object", "model"},
          {"created", service.started()},
          {"owned_by", "inlay"}};
}

std::vector<std::string> ModelNames(const Service& service) {
  std::vector<std::string> names = {service.options().model_name};
  if (service.embedder().name != names[0]) {
    names.push_back(service.embedder().name);
  }
  return names;
}

void GetModels(const Service& service, Response* response) {
  json list = json::array();
  for (const std::string& name : ModelNames(service)) {
    list.push_back(ModelObject(service, name));
  }
  SetJson({{"object", "list"}, {"data", std::move(list)}}, response);
}

void GetModel(const Service& service, const std::string& name,
              Response* response) {
  const std::vector<std::string> names = ModelNames(service);
  if (std::find(names.begin(), names.end(), name) == names.end()) {
    throw ApiError(404, "there is no model '" + name + "'", "model_not_found");
  }
  SetJson(ModelObject(service, name), response);
}

// False: the path is none of these.
bool Get(Service* service, const Request& request, Response* response) {
  const std::string& path = request.path;
  const std::string prefix = std::string(kModels) + "/";
  if (path == "/health") {
    if (service->draining()) {
      throw ApiError(503, "the server is shutting down", "shutting_down");
    }
    SetJson({{"status", "ok"}}, response);
  } else if (path == "/metrics") {
    response->set_content(
        service->engine().metrics() + service->metrics()->Text(),
        "text/plain; version=0.0.4");
  } else if (path == kModels) {
    GetModels(*service, response);
  } else if (path.compare(0, prefix.size(), prefix) == 0) {
    GetModel(*service, path.substr(prefix.size()), response);
  } else {
    return false;
  }
  return true;
}

// A body that nobody reads would be taken for the next request.
bool HasBody(const Request& request) {
  return request.has_header("Transfer-Encoding") ||
         (request.has_header("Content-Length") &&
          request.get_header_value("Content-Length") != "0");
}

bool IsOther(const std::string& path) {
  return path == "/health" || path == "/metrics" ||
         path.compare(0, sizeof(kModels) - 1, kModels) == 0;
}

// What httplib would read for as long as the client likes, or not at all.
void CheckBody(const Request& request) {
  const bool in_chunks = request.has_header("Transfer-Encoding");
  const bool has_length = request.has_header("Content-Length");
  if (in_chunks && has_length) {
    throw ApiError(400, "the length of the body is ambiguous");
  }
  if (!in_chunks && !has_length) {
    throw ApiError(411, "the length of the body is missing");
  }
  if (request.is_multipart_form_data()) {
    throw ApiError(415, "the body must be JSON");
  }
}

// Everything but the calls. False: it is one of those.
bool HandleBefore(Service* service, const Request& request,
                  Response* response) {
  CheckKey(service->options(), request);
  if (request.method == "POST" && Posts().count(request.path) != 0) {
    CheckBody(request);
    return false;
  }
  if (request.method == "GET" || request.method == "HEAD") {
    if (HasBody(request)) throw ApiError(400, "there must be no body");
    if (Get(service, request, response)) return true;
  }
  const bool is_post = Posts().count(request.path) != 0;
  if (is_post || IsOther(request.path)) {
    response->set_header("Allow", is_post ? "POST" : "GET, HEAD");
    throw ApiError(405, request.method + " is not allowed here");
  }
  throw ApiError(404, "there is no " + request.path, "unknown_path");
}

std::string ReadBody(const Options& options, const Response& response,
                     const httplib::ContentReader& reader) {
  // Counted here too, as it may arrive compressed or in chunks.
  const auto most = static_cast<size_t>(options.max_body_bytes);
  std::string body;
  bool too_long = false;
  const bool whole = reader([&](const char* data, size_t size) {
    too_long = size > most - body.size();
    if (!too_long) body.append(data, size);
    return !too_long;
  });
  const Connection* connection = Connection::Current();
  if (connection != nullptr && connection->too_slow()) {
    throw ApiError(408, "the request did not arrive in time");
  }
  if (too_long || response.status == 413 ||
      (connection != nullptr && connection->too_long())) {
    throw ApiError(413, "the body is over " + std::to_string(most) + " bytes",
                   "body_too_large");
  }
  if (!whole) throw ApiError(400, "the body cannot be read");
  return body;
}

// Runs `body`; what it throws becomes the answer.
template <typename Body>
void Guard(Response* response, Body body) {
  try {
    body();
  } catch (const ApiError& error) {
    SetError(error, response);
  } catch (const inlay::Error& error) {
    SetError(FromEngine(error), response);
  } catch (const std::exception& error) {
    SetError(ApiError(500, error.what()), response);
  }
}

void HandlePost(Service* service, Answer answer, Response* response,
                const httplib::ContentReader& reader) {
  const std::string body = ReadBody(service->options(), *response, reader);
  const auto in_flight = std::make_shared<InFlight>(service->metrics());
  if (service->draining()) {
    throw ApiError(503, "the server is shutting down", "shutting_down");
  }
  answer(service, body, in_flight, response);
}

// For what httplib itself refuses.
void FillError(const Request&, Response& response) {
  if (!response.body.empty()) return;
  const Connection* connection = Connection::Current();
  if (connection != nullptr && connection->too_slow()) response.status = 408;
  SetError(ApiError(response.status, "the request is malformed"), &response);
}

}  // namespace

void AddRoutes(Service* service, HttpServer* http) {
  http->set_payload_max_length(
      static_cast<size_t>(service->options().max_body_bytes));
  http->set_pre_routing_handler(
      [=](const Request& request, Response& response) {
        bool handled = true;
        Guard(&response,
              [&] { handled = HandleBefore(service, request, &response); });
        if (handled && Posts().count(request.path) != 0) {
          service->metrics()->Count(request.path, response.status);
        }
        return handled ? HandlerResponse::Handled : HandlerResponse::Unhandled;
      });
  for (const auto& post : Posts()) {
    http->Post(post.first, [=](const Request&, Response& response,
                               const httplib::ContentReader& reader) {
      Guard(&response,
            [&] { HandlePost(service, post.second, &response, reader); });
      if (response.status == -1) response.status = 200;
      service->metrics()->Count(post.first, response.status);
    });
  }
  http->set_error_handler(httplib::Server::Handler(&FillError));
}

}  // namespace server
