// Loads a saved conversation into a fresh engine and continues it.
//
//   continue_session FILE KV_TYPE TOKENS
//
// Prints the ids of the answer, one a line; exit status 1 on an error.
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "tests/serving/load_answers.h"
#include "tests/serving/load_model.h"
#include "tests/serving/load_session.h"

namespace inlay::serving {
namespace {

Status Continue(const char* path, int kv_type, int32_t tokens) {
  std::ifstream file(path, std::ios::binary);
  INLAY_ASSIGN_OR_RETURN(auto model, OpenTinyModel(2));
  engine::EngineOptions options = SessionOptions();
  options.kv_type = static_cast<backend::KvType>(kv_type);
  INLAY_ASSIGN_OR_RETURN(auto engine, engine::Engine::Create(model, options));
  INLAY_ASSIGN_OR_RETURN(
      auto session, engine->LoadSession([&](uint8_t* data, size_t size) {
        file.read(reinterpret_cast<char*>(data),
                  static_cast<std::streamsize>(size));
        return file.good() ? OkStatus() : absl::DataLossError("cut off");
      }));
  INLAY_ASSIGN_OR_RETURN(const uint64_t id,
                         engine->Submit(SessionTurn(session, {}, tokens)));
  Answers answers;
  INLAY_RETURN_IF_ERROR(RunToEnd(*engine, &answers));
  INLAY_RETURN_IF_ERROR(answers[id].status);
  if (answers[id].usage.cached_tokens == 0) {
    return absl::InternalError("nothing of the cache came with the file");
  }
  for (int32_t token : answers[id].choices[0].tokens) {
    std::printf("%d\n", token);
  }
  return OkStatus();
}

}  // namespace
}  // namespace inlay::serving

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const inlay::Status status =
      inlay::serving::Continue(argv[1], std::atoi(argv[2]), std::atoi(argv[3]));
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return status.ok() ? 0 : 1;
}
