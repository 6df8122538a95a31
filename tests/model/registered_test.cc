// Descriptions in their text form: equal to what protoc makes of the built-in
// ones, and errors that name line, column and field.
#include "cpp/model/registered.h"

#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "cpp/architectures/architecture.pb.h"
#include "cpp/architectures/builtin.h"
#include "cpp/architectures/text_format.h"
#include "gtest/gtest.h"

namespace inlay::model {
namespace {

using architectures::Architecture;
using architectures::EncodeText;

std::string DataFile(const std::string& name) {
  std::ifstream file(absl::StrCat(INLAY_SOURCE_DIR, "/cpp/architectures/", name,
                                  ".textproto"));
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

Architecture Parsed(const void* bytes, size_t size) {
  Architecture architecture;
  EXPECT_TRUE(architecture.ParseFromArray(bytes, static_cast<int>(size)));
  return architecture;
}

TEST(EncodeText, BuiltInFilesAreAsProtocEncodesThem) {
  for (const auto& builtin : architectures::Builtins()) {
    SCOPED_TRACE(builtin.name);
    const auto ours = EncodeText(DataFile(builtin.name));
    ASSERT_TRUE(ours.ok()) << ours.status();
    const Architecture expected = Parsed(builtin.bytes, builtin.size);
    EXPECT_EQ(Parsed(ours->data(), ours->size()).SerializeAsString(),
              expected.SerializeAsString());
    const Status sound = CheckArchitecture(expected);
    EXPECT_TRUE(sound.ok()) << sound;
  }
}

// A whole description, of the Llama kind.
constexpr char kMine[] = R"(# Mine
schema_version: 4
gguf_name: "mine"
huggingface_names: ["MineForCausalLM"]
huggingface_model_types: ["mine"]
norm_kind: NORM_RMS
hyperparameters {
  context_length { huggingface: "max_position_embeddings" }
  embedding_length { huggingface: "hidden_size" }
  block_count { huggingface: "num_hidden_layers" }
  norm_epsilon { huggingface: "rms_norm_eps" huggingface_default: 1e-6 }
}
embedding {
  tokens { gguf: "token_embd.weight" }
}
attention {
  norm { weight { huggingface: "layers.{layer}.input_layernorm.weight" } }
  q {
    weight { huggingface: "layers.{layer}.self_attn.q_proj.weight" }
    bias { huggingface: "layers.{layer}.self_attn.q_proj.bias" optional: true }
  }
}
mlp {
  up { weight { huggingface: "layers.{layer}.mlp.up_proj.weight" } }
  activation: ACTIVATION_SILU
}
huggingface_prefixes: ["model."]
)";

struct Change {
  const char* from;
  const char* to;
  absl::StatusCode code;
  const char* message;  // a part of it
};

// Each is one change of kMine.
constexpr auto kWrong = absl::StatusCode::kInvalidArgument;
constexpr Change kChanges[] = {
    {"schema_version: 4", "schema_version: 5", absl::StatusCode::kUnimplemented,
     "schema_version: is 5; this library"},
    {"schema_version: 4\n", "", kWrong, "schema_version: must be the first"},
    {"schema_version: 4", "schema_version: \"4\"", kWrong,
     "line 2, column 17: schema_version: takes an integer"},
    {"schema_version: 4", "schema_version: -1", kWrong, "takes an integer"},
    {"gguf_name: \"mine\"\n", "", kWrong, "gguf_name: is missing"},
    {"gguf_name: \"mine\"", "gguf_name: mine", kWrong,
     "gguf_name: takes a string in quotes"},
    {"gguf_name: \"mine\"", "gguf_name: \"\"", kWrong, "gguf_name: is empty"},
    {"gguf_name: \"mine\"", "gguf_name: [\"mine\"]", kWrong,
     "gguf_name: takes one value"},
    {"gguf_name: \"mine\"", "gguf_name: \"mine", kWrong, "without an end"},
    {"gguf_name: \"mine\"", "gguf_name: \"ll\\x41\"", kWrong, "ASCII"},
    {"gguf_name: \"mine\"", "gguf_name: \"ll\xff\"", kWrong, "ASCII"},
    {"gguf_name: \"mine\"", "gguf_name \"mine\"", kWrong,
     "gguf_name: a colon is expected"},
    {"gguf_name", "gguf_nam", kWrong,
     "line 3, column 1: gguf_nam: is not a field of Architecture"},
    {"norm_kind: NORM_RMS", "norm_kind: NORM_UNSPECIFIED", kWrong,
     "norm_kind: is missing"},
    {"norm_kind: NORM_RMS", "norm_kind: NORM_MAX", kWrong,
     "norm_kind: takes one of NORM_UNSPECIFIED, NORM_RMS"},
    {"norm_kind: NORM_RMS", "norm_kind: 1", kWrong, "norm_kind: takes one of"},
    {"norm_kind: NORM_RMS", "norm_kind: NORM_RMS norm_kind: NORM_RMS", kWrong,
     "norm_kind: is given twice, first in line"},
    {"huggingface_default: 1e-6", "huggingface_default: tiny", kWrong,
     "hyperparameters.norm_epsilon.huggingface_default: takes a number"},
    {"huggingface_default: 1e-6", "huggingface_default: 1e999", kWrong,
     "huggingface_default: takes a number"},
    {"optional: true", "optional: 1", kWrong,
     "attention.q.bias.optional: takes true or false"},
    {"tokens { gguf: \"token_embd.weight\" }", "tokens { optional: true }",
     kWrong, "embedding.tokens: has no name"},
    {"embedding {", "head {", kWrong, "head.tokens: is not a field of Head"},
    {"{layer}", "{block}", kWrong,
     "attention.norm.weight.huggingface: has a part in braces"},
    {"activation: ACTIVATION_SILU", "", kWrong, "mlp.activation: is missing"},
    {"hyperparameters {", "hyperparameters: 3 {", kWrong,
     "hyperparameters: takes fields in braces"},
    {"huggingface_prefixes: [\"model.\"]", "huggingface_prefixes: [\"model.\"",
     kWrong, "huggingface_prefixes: a comma or ] is expected"},
    {"embedding {", "embedding {{", kWrong,
     "embedding: a field or } is expected"},
    {"embedding {", "} embedding {", kWrong, "a field is expected here"},
    {"embedding {", "$", kWrong, "has no meaning here"},
};

TEST(Registered, NamesTheFieldThatIsWrong) {
  for (const Change& change : kChanges) {
    SCOPED_TRACE(change.to);
    std::string text = kMine;
    const size_t at = text.find(change.from);
    ASSERT_NE(at, text.npos) << change.from;
    text.replace(at, std::strlen(change.from), change.to);
    const auto added = Registered::Add(nullptr, text, true);
    ASSERT_FALSE(added.ok());
    EXPECT_EQ(added.status().code(), change.code) << added.status();
    EXPECT_TRUE(absl::StrContains(added.status().message(), change.message))
        << added.status();
  }
}

TEST(Registered, EveryEndOfAFileIsAnErrorOrADescription) {
  const std::string llama = DataFile("llama");
  for (size_t size = 0; size < llama.size(); size += 7) {
    const auto encoded = EncodeText(llama.substr(0, size));
    EXPECT_TRUE(encoded.ok() ||
                encoded.status().code() == absl::StatusCode::kInvalidArgument);
  }
}

TEST(Registered, HugeAndDeepTextsEndEarly) {
  const std::string deep = "schema_version: 4 " + [] {
    std::string text;
    for (int i = 0; i < 100000; ++i) text += "attention {";
    return text;
  }();
  EXPECT_FALSE(EncodeText(deep).ok());
  EXPECT_FALSE(EncodeText(std::string(2 << 20, ' ')).ok());
}

// In the place of what stands between `begin` and the next bracket.
void SetList(const std::string& begin, const std::string& list,
             std::string* text) {
  const size_t at = text->find(begin) + begin.size();
  text->replace(at, text->find(']', at) - at, list);
}

TEST(Registered, AKnownNameNeedsTheFlag) {
  const auto known = Registered::Add(nullptr, DataFile("llama"), false);
  EXPECT_EQ(known.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(absl::StrContains(known.status().message(),
                                "gguf_name: \"llama\" is known"))
      << known.status();
  const auto replaced = Registered::Add(nullptr, DataFile("llama"), true);
  ASSERT_TRUE(replaced.ok()) << replaced.status();
  const std::string of_mistral =
      absl::StrReplaceAll(kMine, {{"[\"mine\"]", "[\"mine\", \"mistral\"]"}});
  const auto model_type = Registered::Add(nullptr, of_mistral, false);
  EXPECT_TRUE(absl::StrContains(model_type.status().message(),
                                "huggingface_model_types: \"mistral\""))
      << model_type.status();
  const auto one = Registered::Add(nullptr, kMine, false);
  ASSERT_TRUE(one.ok()) << one.status();
  EXPECT_EQ(Registered::Add(*one, kMine, false).status().code(),
            absl::StatusCode::kFailedPrecondition);
  const auto two = Registered::Add(*one, kMine, true);
  ASSERT_TRUE(two.ok()) << two.status();
  EXPECT_EQ((*two)->encoded().size(), 2u);
  EXPECT_EQ((*one)->encoded().size(), 1u);
}

}  // namespace
}  // namespace inlay::model
