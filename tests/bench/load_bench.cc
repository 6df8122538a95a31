// How long a model file takes to become packed weights, part by part.
//
//   load_bench FILE.gguf [THREADS] [ISA] [REPETITIONS]
//
// The file is read once beforehand, so that it comes from the page cache.
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "cpp/backend/cpu/cpu_backend.h"
#include "cpp/base/thread_pool.h"
#include "cpp/formats/gguf.h"
#include "cpp/io/source.h"
#include "cpp/model/load.h"

namespace inlay {
namespace {

double Seconds() {
  return std::chrono::duration<double>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

Status WarmUp(const std::string& path) {
  INLAY_ASSIGN_OR_RETURN(const auto source, io::OpenFile(path, false));
  std::vector<uint8_t> buffer(1 << 20);
  for (uint64_t at = 0; at < source->size(); at += buffer.size()) {
    const uint64_t bytes =
        std::min<uint64_t>(buffer.size(), source->size() - at);
    INLAY_RETURN_IF_ERROR(source->ReadAt(at, {buffer.data(), bytes}));
  }
  return OkStatus();
}

Status LoadOnce(const std::string& path, ThreadPool* threads,
                const std::string& isa) {
  const double begin = Seconds();
  INLAY_ASSIGN_OR_RETURN(const auto source, io::OpenFile(path, true));
  INLAY_ASSIGN_OR_RETURN(const auto file, formats::ParseGguf(source));
  INLAY_ASSIGN_OR_RETURN(const auto plan, model::CompilePlan(*file));
  const double described = Seconds();
  auto pool = MemoryPool::Create(nullptr, 0);
  INLAY_ASSIGN_OR_RETURN(
      const auto weights,
      backend::CreateCpuBackend()->LoadWeights(file, plan, {.isa = isa.c_str()},
                                               pool, threads, nullptr));
  const double packed = Seconds();
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  std::printf(
      "described in %.3f s, packed in %.3f s: %.2f GB/s; %.3f bytes for each "
      "of the file; at most %.2f GB resident\n",
      described - begin, packed - described,
      1e-9 * static_cast<double>(source->size()) / (packed - described),
      static_cast<double>(pool->used_bytes()) /
          static_cast<double>(source->size()),
      1e-6 * static_cast<double>(usage.ru_maxrss));
  return OkStatus();
}

Status Run(int argc, char** argv) {
  const std::string path = argc > 1 ? argv[1] : "";
  INLAY_RETURN_IF_ERROR(WarmUp(path));
  INLAY_ASSIGN_OR_RETURN(
      const auto threads,
      ThreadPool::Create({.thread_count = argc > 2 ? std::atoi(argv[2]) : 0}));
  const int repetitions = argc > 4 ? std::atoi(argv[4]) : 3;
  for (int i = 0; i < repetitions; ++i) {
    INLAY_RETURN_IF_ERROR(
        LoadOnce(path, threads.get(), argc > 3 ? argv[3] : "auto"));
  }
  return OkStatus();
}

}  // namespace
}  // namespace inlay

int main(int argc, char** argv) {
  const inlay::Status status = inlay::Run(argc, argv);
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return status.ok() ? 0 : 1;
}
