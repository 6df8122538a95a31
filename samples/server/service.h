// What all endpoints share: the model, its engine, and the counters.
#ifndef SAMPLES_SERVER_SERVICE_H_
#define SAMPLES_SERVER_SERVICE_H_

#include <atomic>
#include <chrono>
#include <ctime>
#include <inlay/inlay.hpp>
#include <memory>
#include <string>

#include "answer.h"
#include "fields.h"
#include "metrics.h"
#include "options.h"

namespace server {

// Who answers calls for embeddings: a model of its own, or the only one.
struct Embedder {
  std::string name;
  inlay::Model model;
  inlay::Engine engine;
};

class Service {
 public:
  // Opens the model and starts the engine. Throws inlay::Error.
  explicit Service(const Options& options);

  const Options& options() const { return options_; }
  const inlay::Model& model() const { return model_; }
  const inlay::Engine& engine() const { return engine_; }
  const Embedder& embedder() const { return embedder_; }
  Metrics* metrics() { return &metrics_; }
  int64_t started() const { return started_; }

  std::unique_ptr<Call> NewCall() const {
    return std::make_unique<Call>(engine_);
  }
  // No calls are taken any more.
  void StartDraining() { draining_ = true; }
  bool draining() const { return draining_; }
  // Waits for the calls being answered; then ends the rest.
  void Drain(std::chrono::seconds most);

 private:
  Options options_;
  inlay::Context context_;
  inlay::Model model_;
  inlay::Engine engine_;
  Embedder embedder_;
  Metrics metrics_;
  std::atomic<bool> draining_{false};
  int64_t started_ = std::time(nullptr);
};

// Throws ApiError unless the field "model" is this name.
void CheckModel(Fields* fields, const std::string& name);

// POST /v1/chat/completions. Throws ApiError or inlay::Error.
Plan PlanChat(const Service& service, const std::string& body);
// POST /v1/completions.
Plan PlanCompletion(const Service& service, const std::string& body);
// POST /v1/embeddings: the whole answer.
nlohmann::json Embeddings(const Service& service, const std::string& body);

}  // namespace server

#endif  // SAMPLES_SERVER_SERVICE_H_
