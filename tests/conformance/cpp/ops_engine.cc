#include <algorithm>
#include <fstream>

#include "runner.h"

namespace conformance {
namespace {

void Ok() { put_status(INLAY_OK, nullptr); }

void RunEngine(const json* step, Objects& objects) {
  const inlay_engine_options options = EngineOptions(objects, step);
  const inlay::Engine engine(Named(objects.models, step, "model"), options);
  objects.engines.emplace(json_text(step, "id"),
                          RunningEngine{engine, options.flags != 0, {}});
  const inlay_engine_config config = engine.config();
  Ok();
  put_int("context_length", config.context_length);
  put_int("max_concurrency", config.max_concurrency);
  put_int("max_queue", config.max_queue);
  put_int("page_tokens", config.page_tokens);
  put_int("page_count", config.page_count);
}

void RunEmbed(const json* step, const inlay::Engine& engine) {
  const std::string_view name = json_text(step, "pooling");
  inlay::EmbedOptions options;
  options.pooling = name == "cls"    ? INLAY_POOLING_CLS
                    : name == "mean" ? INLAY_POOLING_MEAN
                    : name == "last" ? INLAY_POOLING_LAST
                                     : INLAY_POOLING_MODEL;
  options.normalize = static_cast<int32_t>(json_number(step, "normalize", 0));
  std::vector<std::string> texts;
  std::vector<std::vector<int32_t>> inputs;
  if (const json* list = json_get(step, "texts")) {
    for (size_t i = 0; i < list->size; ++i) {
      texts.emplace_back(list->items[i].text, list->items[i].size);
    }
  } else {
    const json* lists = json_get(step, "inputs");
    for (size_t i = 0; i < lists->size; ++i) {
      inputs.emplace_back();
      for (size_t j = 0; j < lists->items[i].size; ++j) {
        inputs.back().push_back(
            static_cast<int32_t>(lists->items[i].items[j].number));
      }
    }
  }
  const auto vectors = texts.empty() ? engine.embed(inputs, options)
                                     : engine.embed(texts, options);
  Ok();
  put_int("inputs", static_cast<int64_t>(vectors.size()));
  open_list("vectors");
  for (const auto& vector : vectors) {
    for (const float value : vector) put_float(nullptr, value);
  }
  close_list();
}

std::vector<int32_t> Ids(const json& list) {
  std::vector<int32_t> ids;
  for (size_t i = 0; i < list.size; ++i) {
    ids.push_back(static_cast<int32_t>(list.items[i].number));
  }
  return ids;
}

void RunRank(const json* step, const inlay::Engine& engine) {
  std::vector<float> scores;
  if (const json* list = json_get(step, "texts")) {
    const json* query = json_get(step, "query");
    std::vector<std::string> texts;
    for (size_t i = 0; i < list->size; ++i) {
      texts.emplace_back(list->items[i].text, list->items[i].size);
    }
    scores = engine.rank(std::string_view(query->text, query->size), texts);
  } else {
    const json* inputs = json_get(step, "inputs");
    const json* types = json_get(step, "types");
    std::vector<inlay::TokenPair> pairs;
    for (size_t i = 0; i < inputs->size; ++i) {
      pairs.push_back({Ids(inputs->items[i]), Ids(types->items[i])});
    }
    scores = engine.rank(pairs);
  }
  Ok();
  put_floats("scores", scores.data(), scores.size());
}

void RunScore(const json* step, const inlay::Engine& engine) {
  size_t rows = 0;
  size_t count = 0;
  const int32_t* ids = json_ids(step, "tokens", &rows);
  inlay::detail::Call(inlay_score, engine.get(), ids, rows,
                      static_cast<float*>(nullptr), size_t{0}, &count);
  std::vector<float> logits(count);
  inlay::detail::Call(inlay_score, engine.get(), ids, rows, logits.data(),
                      logits.size(), &count);
  const size_t width = count / rows;
  Ok();
  put_int("rows", static_cast<int64_t>(rows));
  open_list("best");
  for (size_t i = 0; i < rows; ++i) {
    const float* row = &logits[i * width];
    put_int(nullptr, std::max_element(row, row + width) - row);
  }
  close_list();
  open_list("next");
  for (size_t i = 0; i + 1 < rows; ++i) {
    put_float(nullptr, logits[i * width + static_cast<size_t>(ids[i + 1])]);
  }
  close_list();
}

void RunStats(const inlay::Engine& engine) {
  const inlay_engine_stats stats = engine.stats();
  Ok();
#define FIELD(name) put_int(#name, static_cast<int64_t>(stats.name));
  FIELD(running)
  FIELD(queued)
  FIELD(submitted)
  FIELD(finished) FIELD(failed) FIELD(cancelled) FIELD(generated_tokens)
      FIELD(events_pending) FIELD(sessions)
#undef FIELD
}

void RunMetrics(const json* step, const inlay::Engine& engine) {
  const json* wanted = json_get(step, "contains");
  const std::string text = engine.metrics();
  Ok();
  open_list("contains");
  for (size_t i = 0; i < wanted->size; ++i) {
    put_int(nullptr, text.find(wanted->items[i].text) != std::string::npos);
  }
  close_list();
}

void RunClose(const json* step, const inlay::Engine& engine) {
  static const char* const kNames[] = {"", "running", "draining", "closed",
                                       "failed"};
  const bool drain = std::string_view(json_text(step, "mode")) == "drain";
  inlay::detail::Call(inlay_engine_close, engine.get(),
                      drain ? INLAY_CLOSE_DRAIN : INLAY_CLOSE_CANCEL,
                      int64_t{-1});
  int32_t state = 0;
  inlay::detail::Call(inlay_engine_get_state, engine.get(), &state);
  Ok();
  put_text("state", kNames[state], std::string_view(kNames[state]).size());
}

inlay::Session Load(const json* step, const inlay::Engine& engine) {
  const char* path = json_text(step, "path");
  if (std::string_view(json_text(step, "via")) == "file") {
    return inlay::Session::load(engine, path);
  }
  std::ifstream file(path, std::ios::binary);
  return inlay::Session::load_from(engine, [&](char* buffer, size_t bytes) {
    return file.read(buffer, static_cast<std::streamsize>(bytes)).gcount();
  });
}

void Save(const json* step, const inlay::Session& session) {
  const char* path = json_text(step, "path");
  if (std::string_view(json_text(step, "via")) == "file") {
    return session.save(path);
  }
  std::ofstream file(path, std::ios::binary);
  session.save_to([&](const char* data, size_t bytes) {
    file.write(data, static_cast<std::streamsize>(bytes));
  });
}

void PutInfo(const inlay::Session& session) {
  const inlay_session_info info = session.info();
  const std::vector<int32_t> tokens = session.tokens();
  Ok();
  put_int("token_count", info.token_count);
  put_int("busy", info.busy);
  put_ids("tokens", tokens.data(), tokens.size());
}

}  // namespace

inlay_engine_options EngineOptions(Objects& objects, const json* step) {
  inlay_engine_options options = INLAY_ENGINE_OPTIONS_INIT;
  const auto number = [&](const char* key) {
    return static_cast<int64_t>(json_number(step, key, 0));
  };
  options.context_length = static_cast<int32_t>(number("context_length"));
  options.max_concurrency = static_cast<int32_t>(number("max_concurrency"));
  options.kv_cache_bytes = static_cast<uint64_t>(number("kv_cache_bytes"));
  options.options = OptionsOf(objects, step);
  if (number("host_driven") != 0) options.flags = INLAY_ENGINE_HOST_DRIVEN;
  return options;
}

bool RunEngineOp(std::string_view op, const json* step, Objects& objects) {
  const auto engine = [&]() -> inlay::Engine& {
    return Named(objects.engines, step, "engine").engine;
  };
  if (op == "engine") return RunEngine(step, objects), true;
  if (op == "embed") return RunEmbed(step, engine()), true;
  if (op == "rank") return RunRank(step, engine()), true;
  if (op == "score") return RunScore(step, engine()), true;
  if (op == "stats") return RunStats(engine()), true;
  if (op == "metrics") return RunMetrics(step, engine()), true;
  if (op == "close") return RunClose(step, engine()), true;
  return false;
}

bool RunSessionOp(std::string_view op, const json* step, Objects& objects) {
  const auto session = [&]() -> inlay::Session& {
    return Named(objects.sessions, step, "session");
  };
  const auto add = [&](inlay::Session made) {
    objects.sessions.emplace(json_text(step, "id"), std::move(made));
    Ok();
  };
  if (op == "session_info") return PutInfo(session()), true;
  if (op == "fork") return add(session().fork()), true;
  if (op == "truncate") {
    session().truncate(static_cast<int32_t>(json_number(step, "count", 0)));
    return Ok(), true;
  }
  if (op == "save") return Save(step, session()), Ok(), true;
  if (op != "session" && op != "load") return false;
  const inlay::Engine& engine = Named(objects.engines, step, "engine").engine;
  return add(op == "load" ? Load(step, engine) : inlay::Session(engine)), true;
}

}  // namespace conformance
