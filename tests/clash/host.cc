// A host that lives on its own Protobuf and Abseil, before, during and after
// it uses Inlay in the same process. Exits 0 if each kept working.
#include <dlfcn.h>

#include <cstdio>
#include <string>
#include <thread>

#include <google/protobuf/arena.h>
#include <google/protobuf/text_format.h>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_format.h"
#include "absl/synchronization/mutex.h"
#include "inlay/inlay.h"
#include "note.pb.h"

namespace {

// The functions of Inlay, linked or looked up.
struct Inlay {
#ifdef INLAY_LIBRARY
  void* library = dlopen(INLAY_LIBRARY, RTLD_NOW | RTLD_GLOBAL);
#define INLAY_FUNCTION(name) \
  decltype(&inlay_##name) name = \
      reinterpret_cast<decltype(&inlay_##name)>(dlsym(library, "inlay_" #name))
#else
#define INLAY_FUNCTION(name) decltype(&inlay_##name) name = &inlay_##name
#endif
  INLAY_FUNCTION(context_create);
  INLAY_FUNCTION(context_release);
  INLAY_FUNCTION(model_open);
  INLAY_FUNCTION(model_release);
  INLAY_FUNCTION(engine_create);
  INLAY_FUNCTION(engine_release);
  INLAY_FUNCTION(generate);
  INLAY_FUNCTION(generation_get);
  INLAY_FUNCTION(generation_release);
#undef INLAY_FUNCTION
};

bool Check(bool condition, const char* what) {
  if (!condition) std::fprintf(stderr, "failed: %s\n", what);
  return condition;
}

bool UseOwnProtobuf(int round) {
  google::protobuf::Arena arena;
  auto* note = google::protobuf::Arena::CreateMessage<clash::Note>(&arena);
  note->set_title(absl::StrFormat("round %d", round));
  for (int i = 0; i < 100; ++i) {
    note->add_lines(std::to_string(i));
    (*note->mutable_counts())[std::to_string(i)] = i;
  }
  clash::Note copy;
  std::string text;
  return Check(copy.ParseFromString(note->SerializeAsString()), "parse") &&
         Check(copy.counts_size() == 100, "map field") &&
         Check(google::protobuf::TextFormat::PrintToString(copy, &text),
               "text format") &&
         Check(text.find("title: \"round") != std::string::npos, "text");
}

absl::StatusOr<int> Lookup(const absl::flat_hash_map<std::string, int>& map,
                           const std::string& key) {
  const auto found = map.find(key);
  if (found == map.end()) return absl::NotFoundError(key);
  return found->second;
}

bool UseOwnAbseil() {
  absl::flat_hash_map<std::string, int> map;
  absl::Mutex mutex;
  const auto fill = [&](int first) {
    for (int i = first; i < 1000; i += 2) {
      absl::MutexLock lock(&mutex);
      map[std::to_string(i)] = i;
    }
  };
  std::thread other(fill, 1);
  fill(0);
  other.join();
  return Check(map.size() == 1000, "hash map") &&
         Check(*Lookup(map, "999") == 999, "lookup") &&
         Check(absl::IsNotFound(Lookup(map, "x").status()), "status");
}

bool UseInlay(const Inlay& inlay, const char* model_path) {
  inlay_error error = INLAY_ERROR_INIT;
  inlay_context* context = nullptr;
  inlay_model* model = nullptr;
  inlay_engine* engine = nullptr;
  inlay_generation* generation = nullptr;
  inlay_model_source source = INLAY_MODEL_SOURCE_INIT;
  source.path = model_path;
  source.path_size = INLAY_NUL;
  inlay_request request = INLAY_REQUEST_INIT;
  request.prompt = "The sky is";
  request.prompt_size = INLAY_NUL;
  request.max_tokens = 4;
  inlay_event event = INLAY_EVENT_INIT;
  const bool ok =
      inlay.context_create(nullptr, &context, &error) == INLAY_OK &&
      inlay.model_open(context, &source, nullptr, &model, &error) == INLAY_OK &&
      inlay.engine_create(model, nullptr, &engine, &error) == INLAY_OK &&
      UseOwnProtobuf(2) && UseOwnAbseil() &&
      inlay.generate(engine, &request, &generation, &error) == INLAY_OK &&
      inlay.generation_get(generation, &event, &error) == INLAY_OK &&
      event.token_count == 4;
  if (!ok) std::fprintf(stderr, "failed: inlay: %s\n", error.message);
  inlay.generation_release(generation);
  inlay.engine_release(engine);
  inlay.model_release(model);
  inlay.context_release(context);
  return ok;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  if (!UseOwnProtobuf(1) || !UseOwnAbseil()) return 1;
  const Inlay inlay;
  if (inlay.generation_release == nullptr) {
    std::fprintf(stderr, "failed: opening the library: %s\n", dlerror());
    return 1;
  }
  if (!UseInlay(inlay, argv[1])) return 1;
#ifdef INLAY_LIBRARY
  if (!Check(dlclose(inlay.library) == 0, "dlclose")) return 1;
#endif
  return UseOwnProtobuf(3) && UseOwnAbseil() ? 0 : 1;
}
