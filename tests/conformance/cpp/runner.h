// The interpreter in C++: objects of inlay.hpp by name.
#ifndef INLAY_CONFORMANCE_CPP_RUNNER_H_
#define INLAY_CONFORMANCE_CPP_RUNNER_H_

#include <deque>
#include <inlay/inlay.hpp>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "../c/json.h"
#include "../c/request.h"
#include "../c/trace.h"

namespace conformance {

struct RunningEngine {
  inlay::Engine engine;
  bool host_driven = false;
  std::vector<outcome*> pending;  // what `submit` left there
};

struct Objects {
  std::map<std::string, inlay::Context> contexts;
  std::map<std::string, inlay::Options> options;
  std::map<std::string, inlay::Model> models;
  std::map<std::string, RunningEngine> engines;
  std::map<std::string, inlay::Session> sessions;
};

// The object that a key of the step names.
template <typename Map>
typename Map::mapped_type& Named(Map& map, const json* step, const char* key) {
  const auto found = map.find(json_text(step, key));
  if (found == map.end()) fail("no such object", json_text(step, key));
  return found->second;
}

// The options that a step names, or null.
inlay_options* OptionsOf(Objects& objects, const json* step);
inlay_engine_options EngineOptions(Objects& objects, const json* step);

inline std::string_view View(const json* text) {
  return {text->text, text->size};
}

// Write the result of a step, or throw inlay::Error; false if the op is not
// one of theirs.
bool RunModelOp(std::string_view op, const json* step, Objects& objects);
bool RunEngineOp(std::string_view op, const json* step, Objects& objects);
bool RunRequestOp(std::string_view op, const json* step, Objects& objects);
bool RunSessionOp(std::string_view op, const json* step, Objects& objects);

// The speed of streams.
int RunBench(const char* model, int streams, int tokens);

}  // namespace conformance

#endif  // INLAY_CONFORMANCE_CPP_RUNNER_H_
