// The call sequence of the C ABI: bytes become calls with good, null, stale
// and hostile arguments on a tiny model. Engines are host-driven, so that a
// sequence always runs the same way. Checked: one terminal event per accepted
// request, and that nothing is left after the last release.
#include <inlay/inlay.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <limits>
#include <map>
#include <string>
#include <vector>

namespace {

constexpr int kEngines = 2;
constexpr int kMostCalls = 96;
constexpr int kMostSteps = 400;
constexpr uint64_t kUntouched = ~uint64_t{0};

void Require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "abi_fuzz: %s\n", what);
  std::abort();
}

// Written once, before the first input.
std::vector<uint8_t> ReadModel() {
  std::ifstream stream(
      std::string(INLAY_SOURCE_DIR) + "/tests/goldens/models/tiny-llama.gguf",
      std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

class Bytes {
 public:
  Bytes(const uint8_t* data, size_t size) : data_(data), size_(size) {}
  bool empty() const { return at_ == size_; }
  uint8_t Next() { return at_ < size_ ? data_[at_++] : 0; }
  uint32_t Next32() {
    uint32_t value = 0;
    for (int i = 0; i < 4; ++i) value = value << 8 | Next();
    return value;
  }
  // An ordinary small number, or an extreme one.
  int32_t Number() {
    const uint8_t kind = Next();
    switch (kind) {
      case 255:
        return std::numeric_limits<int32_t>::max();
      case 254:
        return std::numeric_limits<int32_t>::min();
      case 253:
        return -1;
      case 252:
        return static_cast<int32_t>(Next32());
      default:
        return kind;
    }
  }
  float Float() {
    const uint8_t kind = Next();
    if (kind < 128) return static_cast<float>(kind) / 64;
    if (kind > 250) return 0;
    const uint32_t bits = Next32();
    float value;
    std::memcpy(&value, &bits, sizeof(value));
    return value;
  }
  std::string Text() {
    std::string text;
    for (uint8_t left = Next() % 40; left > 0; --left) {
      text.push_back(static_cast<char>(Next()));
    }
    return text;
  }

 private:
  const uint8_t* const data_;
  const size_t size_;
  size_t at_ = 0;
};

class Session {
 public:
  Session(const std::vector<uint8_t>& model, Bytes bytes) : bytes_(bytes) {
    inlay_context_options options = INLAY_CONTEXT_OPTIONS_INIT;
    options.thread_count = 1;
    options.memory_budget_bytes = 64 << 20;
    Require(inlay_context_create(&options, &context_, nullptr) == INLAY_OK,
            "no context");
    inlay_model_source source = INLAY_MODEL_SOURCE_INIT;
    source.kind = INLAY_SOURCE_MEMORY;
    source.data = model.data();
    source.size = model.size();
    Require(inlay_model_open(context_, &source, nullptr, &model_, nullptr) ==
                INLAY_OK,
            "no model");
  }

  void Run() {
    for (int i = 0; i < kMostCalls && !bytes_.empty(); ++i) Call();
    for (inlay_engine*& engine : engines_) Finish(&engine);
    inlay_model_release(model_);
    inlay_context_stats stats = INLAY_CONTEXT_STATS_INIT;
    inlay_context_get_stats(context_, &stats, nullptr);
    Require(stats.memory_used_bytes == 0, "memory is left");
    inlay_context_release(context_);
    Require(submits_.released == submits_.owed &&
                generates_.released == generates_.owed,
            "user_data was not released once");
  }

 private:
  struct Request {
    int engine = 0;
    int ends = 0;
  };

  struct PaddedRequest {
    inlay_request request = INLAY_REQUEST_INIT;
    char tail[1024] = {};
  };

  // Calls that took user_data over, and how often it was given back.
  struct Releases {
    size_t owed = 0;
    size_t released = 0;
    // A caller whose struct ends before the field has no release function.
    void Owe(const inlay_request& request) {
      constexpr size_t kEnd =
          offsetof(inlay_request, release) + sizeof(inlay_release_fn);
      if (request.struct_size >= kEnd) ++owed;
    }
  };

  static void Release(void* self) { ++static_cast<Releases*>(self)->released; }

  // An engine, sometimes none.
  inlay_engine* Engine(int* index) {
    *index = bytes_.Next() % kEngines;
    return engines_[*index];
  }
  // A live, ended or invented id.
  uint64_t Id() {
    const uint8_t which = bytes_.Next();
    if (which > 200 || ids_.empty()) return bytes_.Next32();
    return ids_[which % ids_.size()];
  }
  inlay_error* Error() {
    error_ = INLAY_ERROR_INIT;
    const uint8_t kind = bytes_.Next();
    if (kind == 255) error_.struct_size = bytes_.Next();
    if (kind == 254) return nullptr;
    return &error_;
  }

  void Call() {
    switch (bytes_.Next() % 20) {
      case 0:
      case 1:
        return Create();
      case 2:
      case 3:
      case 4:
        return Submit();
      case 5:
      case 6:
      case 7:
        return Step();
      case 8:
      case 9:
        return Poll();
      case 10:
        inlay_cancel(Id(), bytes_.Next() % 4, Error());
        return;
      case 11: {
        int32_t state = 0;
        inlay_request_status(Id(), bytes_.Next() % 8 ? &state : nullptr,
                             Error());
        return;
      }
      case 12:
        return Generate();
      case 13:
        return Score();
      case 14:
        return Tokenize();
      case 15:
        return Chat();
      case 16:
        return Ask();
      case 17:
        return Close();
      case 18:
        return Retain();
      default:
        return Model();
    }
  }

  void Create() {
    const int index = bytes_.Next() % kEngines;
    if (engines_[index] != nullptr) Finish(&engines_[index]);
    // As many bytes as any size below may claim.
    struct {
      inlay_engine_options options = INLAY_ENGINE_OPTIONS_INIT;
      char tail[256] = {};
    } padded;
    inlay_engine_options& options = padded.options;
    padded.tail[bytes_.Next()] = bytes_.Next() == 1;
    options.context_length = bytes_.Number();
    options.max_concurrency = bytes_.Number();
    options.flags = INLAY_ENGINE_HOST_DRIVEN;
    const uint8_t odd = bytes_.Next();
    if (odd == 1) options.kv_cache_bytes = bytes_.Next32();
    if (odd == 2) options.struct_size = bytes_.Next();
    if (odd == 3) options.flags |= uint64_t{1} << bytes_.Next() % 64;
    inlay_engine_create(odd == 4 ? nullptr : model_, &options, &engines_[index],
                        Error());
  }

  // Fields that outlive the call live here.
  void Fill(inlay_request* request, Releases* releases) {
    *request = INLAY_REQUEST_INIT;
    text_ = bytes_.Text();
    stop_ = bytes_.Text();
    stops_[0] = stop_.c_str();
    const uint8_t odd = bytes_.Next();
    request->max_tokens = odd == 1 ? bytes_.Number() : bytes_.Next() % 12;
    request->flags = bytes_.Next() & 0x3f;
    if (odd == 2) request->flags = uint64_t{bytes_.Next32()} << 16;
    request->prompt = text_.data();
    request->prompt_size = text_.size();
    if (odd == 3) request->prompt = nullptr;
    if (odd == 4) request->struct_size = bytes_.Next32() % 1024;
    if (odd == 5) request->top_logprobs = bytes_.Number();
    if (odd == 6) request->deadline_ns = bytes_.Number();
    if (odd < 32) FillSampling(request);
    if (bytes_.Next() < 64) {
      request->stop_strings = stops_;
      request->stop_string_count = 1;
    }
    if (bytes_.Next() < 100) FillParts(request);
    request->user_data = releases;
    request->release = Release;
  }
  void FillSampling(inlay_request* request) {
    request->temperature = bytes_.Float();
    request->top_p = bytes_.Float();
    request->min_p = bytes_.Float();
    request->typical_p = bytes_.Float();
    request->repetition_penalty = bytes_.Float();
    request->presence_penalty = bytes_.Float();
    request->top_k = bytes_.Number();
    bias_token_ = bytes_.Number();
    bias_value_ = bytes_.Float();
    request->bias_tokens = &bias_token_;
    request->bias_values = &bias_value_;
    request->bias_count = 1;
  }
  void FillParts(inlay_request* request) {
    tokens_.clear();
    for (int i = bytes_.Next() % 24; i > 0; --i) {
      tokens_.push_back(bytes_.Number());
    }
    for (inlay_prompt_part& part : parts_) part = INLAY_PROMPT_PART_INIT;
    parts_[0].kind = INLAY_PART_TOKENS;
    parts_[0].tokens = tokens_.data();
    parts_[0].token_count = tokens_.size();
    parts_[1].text = text_.data();
    parts_[1].text_size = text_.size();
    parts_[1].flags = bytes_.Next() & 1;
    request->prompt = nullptr;
    request->prompt_size = 0;
    request->parts = parts_;
    request->part_size = sizeof(parts_[0]);
    request->part_count = 1 + bytes_.Next() % 2;
  }

  void Submit() {
    int index = 0;
    inlay_engine* engine = Engine(&index);
    PaddedRequest padded;
    inlay_request& request = padded.request;
    Fill(&request, &submits_);
    uint64_t id = kUntouched;
    if (inlay_submit(engine, &request, &id, Error()) == INLAY_OK) {
      Require(id != 0 && accepted_.count(id) == 0, "an id comes twice");
      accepted_[id].engine = index;
      submits_.Owe(request);
      ids_.push_back(id);
    } else {
      // An unusable error record stops a call before it writes anything.
      Require(id == 0 || id == kUntouched || engine == nullptr,
              "a refused request has an id");
    }
  }

  void Step() {
    int index = 0;
    inlay_engine* engine = Engine(&index);
    inlay_engine_step(engine, nullptr, Error());
  }

  size_t Take(inlay_engine* engine, size_t capacity, inlay_error* error) {
    inlay_event events[8];
    size_t count = 0;
    if (inlay_poll(engine, events, sizeof(events[0]), capacity, 0, &count,
                   error) != INLAY_OK) {
      return 0;
    }
    Require(count <= capacity, "more events than asked for");
    for (size_t i = 0; i < count; ++i) {
      const auto found = accepted_.find(events[i].request_id);
      Require(found != accepted_.end(), "an event of nobody's request");
      Require(found->second.ends == 0, "an event after the terminal one");
      if (events[i].kind == INLAY_EVENT_FINISHED ||
          events[i].kind == INLAY_EVENT_FAILED) {
        ++found->second.ends;
      }
    }
    return count;
  }
  void Poll() {
    int index = 0;
    inlay_engine* engine = Engine(&index);
    Take(engine, 1 + bytes_.Next() % 8, Error());
  }

  void Generate() {
    int index = 0;
    inlay_engine* engine = Engine(&index);
    PaddedRequest padded;
    inlay_request& request = padded.request;
    Fill(&request, &generates_);
    inlay_generation* generation = nullptr;
    if (inlay_generate(engine, &request, &generation, Error()) == INLAY_OK) {
      inlay_event event = INLAY_EVENT_INIT;
      inlay_generation_get(generation, &event, nullptr);
      Require(event.finish_reason != INLAY_FINISH_NONE, "no finish reason");
      // A call that fails leaves user_data with the host.
      generates_.Owe(request);
    }
    inlay_generation_release(generation);
  }

  void Score() {
    int index = 0;
    inlay_engine* engine = Engine(&index);
    int32_t tokens[3] = {bytes_.Number(), bytes_.Number(), bytes_.Number()};
    size_t count = 0;
    std::vector<float> logits(bytes_.Next() < 128 ? 4096 : 5);
    inlay_score(engine, tokens, bytes_.Next() % 4, logits.data(), logits.size(),
                &count, Error());
  }

  void Tokenize() {
    const std::string text = bytes_.Text();
    int32_t ids[64];
    size_t count = 0;
    const size_t room = bytes_.Next() % 64;
    if (inlay_tokenize(model_, text.data(), text.size(), bytes_.Next() % 8, ids,
                       room, &count, Error()) != INLAY_OK ||
        count > room) {
      return;
    }
    char back[512];
    size_t size = 0;
    if (count != 0 && bytes_.Next() > 200) ids[0] = bytes_.Number();
    inlay_detokenize(model_, ids, count, bytes_.Next() % 4, back, sizeof(back),
                     &size, Error());
  }

  void Chat() {
    inlay_chat_input input = INLAY_CHAT_INPUT_INIT;
    const std::string messages =
        bytes_.Next() < 128
            ? "[{\"role\":\"user\",\"content\":\"" + bytes_.Text() + "\"}]"
            : bytes_.Text();
    const std::string text =
        "{% for m in messages %}{{ m." + bytes_.Text() + " }}{% endfor %}";
    input.messages_json = messages.data();
    input.messages_json_size = messages.size();
    input.template_text = text.data();
    input.template_text_size = text.size();
    char buffer[256];
    size_t size = 0;
    inlay_chat_render(model_, &input, buffer, sizeof(buffer), &size, Error());
  }

  void Ask() {
    int index = 0;
    inlay_engine* engine = Engine(&index);
    int32_t state = 0;
    inlay_engine_get_state(engine, &state, Error());
    inlay_engine_stats stats = INLAY_ENGINE_STATS_INIT;
    stats.struct_size = bytes_.Next();
    // Only as many bytes as are there may be claimed.
    if (stats.struct_size <= sizeof(stats)) {
      inlay_engine_get_stats(engine, &stats, Error());
    }
    inlay_engine_config config = INLAY_ENGINE_CONFIG_INIT;
    inlay_engine_get_config(engine, &config, Error());
    inlay_wake(engine, Error());
  }

  void Close() {
    int index = 0;
    inlay_engine* engine = Engine(&index);
    // A drain that nobody steps ends at its timeout.
    inlay_engine_close(engine, bytes_.Next() % 4, 1000, Error());
  }

  void Retain() {
    int index = 0;
    inlay_engine* engine = Engine(&index);
    if (inlay_engine_retain(engine, Error()) == INLAY_OK) {
      inlay_engine_release(engine);
    }
    inlay_engine_step(reinterpret_cast<inlay_engine*>(model_), nullptr,
                      Error());
  }

  void Model() {
    inlay_token_info info = INLAY_TOKEN_INFO_INIT;
    inlay_model_token_info(model_, bytes_.Number(), &info, Error());
    inlay_tensor_info tensor = INLAY_TENSOR_INFO_INIT;
    inlay_model_tensor_get_info(model_, bytes_.Next(), &tensor, Error());
    char buffer[64];
    size_t size = 0;
    const std::string key = bytes_.Text();
    inlay_model_metadata_get(model_, key.data(), key.size(), buffer,
                             bytes_.Next() % 64, &size, Error());
  }

  // Takes what is left; every accepted request must have ended.
  void Finish(inlay_engine** engine) {
    if (*engine == nullptr) return;
    int32_t more = 1;
    for (int i = 0; i < kMostSteps && more != 0; ++i) {
      if (inlay_engine_step(*engine, &more, nullptr) != INLAY_OK) break;
      while (Take(*engine, 8, nullptr) != 0) {
      }
    }
    inlay_engine_close(*engine, INLAY_CLOSE_CANCEL, 0, nullptr);
    while (Take(*engine, 8, nullptr) != 0) {
    }
    const int index = static_cast<int>(engine - engines_);
    for (auto& [id, request] : accepted_) {
      if (request.engine != index) continue;
      Require(request.ends == 1, "a request has no terminal event");
    }
    inlay_engine_release(*engine);
    *engine = nullptr;
  }

  Bytes bytes_;
  inlay_context* context_ = nullptr;
  inlay_model* model_ = nullptr;
  inlay_engine* engines_[kEngines] = {};
  std::map<uint64_t, Request> accepted_;
  std::vector<uint64_t> ids_;
  Releases submits_;
  Releases generates_;
  inlay_error error_ = INLAY_ERROR_INIT;
  std::string text_;
  std::string stop_;
  const char* stops_[1] = {};
  std::vector<int32_t> tokens_;
  inlay_prompt_part parts_[2] = {};
  int32_t bias_token_ = 0;
  float bias_value_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::vector<uint8_t>& model = *new auto(ReadModel());
  Session session(model, Bytes(data, size));
  session.Run();
  return 0;
}
