// Runs the conformance scenario through inlay.hpp: runner SCENARIO.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "runner.h"

namespace conformance {
namespace {

void PutError(const inlay::Error& error) {
  const char* name = inlay_status_name(error.status());
  put_text("status", name, std::strlen(name));
  put_text("message", error.what(), std::strlen(error.what()));
}

void Forget(const std::string& name, Objects& objects) {
  objects.contexts.erase(name);
  objects.options.erase(name);
  objects.models.erase(name);
  objects.engines.erase(name);
  objects.sessions.erase(name);
}

void RunStep(const json* step, Objects& objects) {
  const std::string op = json_text(step, "op");
  const json* name = json_get(step, "step");
  open_object(nullptr);
  put_text("step", name->text, name->size);
  open_object("result");
  try {
    if (op == "release") {
      Forget(json_text(step, "id"), objects);
      put_status(INLAY_OK, nullptr);
    } else if (!RunModelOp(op, step, objects) &&
               !RunEngineOp(op, step, objects) &&
               !RunRequestOp(op, step, objects) &&
               !RunSessionOp(op, step, objects)) {
      fail("an unknown op", op.c_str());
    }
  } catch (const inlay::Error& error) {
    PutError(error);
    if (op == "submit") put_int("retry", error.retry_after_ns() > 0);
  }
  Forget("none", objects);
  close_object();
  close_object();
  std::putchar('\n');
  start_line();
}

int Run(const char* path) {
  const char* text = read_file(path, nullptr);
  if (text == nullptr) fail("no such file", path);
  const json* steps = json_get(json_parse(text), "steps");
  Objects objects;
  for (size_t i = 0; i < steps->size; ++i) RunStep(&steps->items[i], objects);
  return 0;
}

}  // namespace
}  // namespace conformance

int main(int argc, char** argv) {
  if (argc == 5 && std::strcmp(argv[1], "--bench") == 0) {
    return conformance::RunBench(argv[2], std::atoi(argv[3]),
                                 std::atoi(argv[4]));
  }
  if (argc != 2) fail("usage", "runner SCENARIO | --bench MODEL N TOKENS");
  const int status = conformance::Run(argv[1]);
  free_kept();
  return std::fflush(stdout) == 0 ? status : 2;
}
