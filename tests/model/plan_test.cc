#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cpp/formats/hugging_face.h"
#include "cpp/io/folder.h"
#include "cpp/model/load.h"
#include "cpp/model/relative_buckets.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fuzz/small_llama.h"

namespace inlay::model {
namespace {

using formats::DType;
using formats::MetadataEntry;
using formats::ModelFile;
using formats::TensorInfo;
using testing::HasSubstr;

// A two-layer Llama description that tests bend.
struct File {
  std::vector<MetadataEntry> metadata;
  std::vector<TensorInfo> tensors;

  void Set(const std::string& key, formats::MetadataValue value) {
    for (MetadataEntry& entry : metadata) {
      if (entry.key == key) {
        entry.value = std::move(value);
        return;
      }
    }
    metadata.push_back({key, std::move(value)});
  }
  void Erase(const std::string& key) {
    std::erase_if(metadata, [&](const auto& e) { return e.key == key; });
  }
  void Add(const std::string& name, std::vector<int64_t> shape) {
    TensorInfo tensor{.name = name, .rank = static_cast<int>(shape.size())};
    std::copy(shape.begin(), shape.end(), tensor.shape.begin());
    tensors.push_back(tensor);
  }
  void Remove(const std::string& name) {
    std::erase_if(tensors, [&](const auto& t) { return t.name == name; });
  }
  TensorInfo& Find(const std::string& name) {
    for (TensorInfo& tensor : tensors) {
      if (tensor.name == name) return tensor;
    }
    ADD_FAILURE() << name;
    return tensors.front();
  }
  StatusOr<std::shared_ptr<const Plan>> Compile() const {
    file = std::make_shared<ModelFile>(source, "test", metadata, tensors);
    return CompilePlan(*file);
  }
  // What the rope factors are read from; the Plan points into the file.
  std::vector<float> bytes = std::vector<float>(64, 2.0f);
  std::shared_ptr<io::Source> source = *io::OpenMemory(
      {reinterpret_cast<const uint8_t*>(bytes.data()), 256}, {});
  mutable std::shared_ptr<ModelFile> file;
};

File Llama() {
  File file;
  file.Set("general.architecture", std::string("llama"));
  file.Set("llama.context_length", uint64_t{128});
  file.Set("llama.embedding_length", uint64_t{64});
  file.Set("llama.block_count", uint64_t{2});
  file.Set("llama.feed_forward_length", uint64_t{96});
  file.Set("llama.attention.head_count", uint64_t{4});
  file.Set("llama.attention.head_count_kv", uint64_t{2});
  file.Set("llama.attention.layer_norm_rms_epsilon", 1e-5);
  file.Add("token_embd.weight", {300, 64});
  file.Add("output_norm.weight", {64});
  for (int layer = 0; layer < 2; ++layer) {
    const std::string at = absl::StrCat("blk.", layer, ".");
    file.Add(at + "attn_norm.weight", {64});
    file.Add(at + "attn_q.weight", {64, 64});
    file.Add(at + "attn_k.weight", {32, 64});
    file.Add(at + "attn_v.weight", {32, 64});
    file.Add(at + "attn_output.weight", {64, 64});
    file.Add(at + "ffn_norm.weight", {64});
    file.Add(at + "ffn_gate.weight", {96, 64});
    file.Add(at + "ffn_up.weight", {96, 64});
    file.Add(at + "ffn_down.weight", {64, 96});
  }
  return file;
}

TEST(CompilePlan, LlamaIsEightOperationsALayer) {
  const File file = Llama();
  auto plan = file.Compile();
  ASSERT_TRUE(plan.ok()) << plan.status();
  // Embed; norm, qkv, rope, attention, output, norm, up, down; select, norm,
  // head.
  EXPECT_EQ((*plan)->ops.size(), 1u + 2 * 8 + 3);
  EXPECT_EQ((*plan)->vocabulary_size, 300);
  EXPECT_EQ((*plan)->head_dim, 16);
  EXPECT_EQ((*plan)->cache_layers.size(), 2u);
  EXPECT_EQ((*plan)->ropes[0].kind, Rope::Kind::kInterleaved);
  EXPECT_EQ((*plan)->ropes[0].inverse_frequency.size(), 8u);
  const auto& head = std::get<HeadOp>((*plan)->ops.back());
  EXPECT_EQ((*plan)->weights[head.weight].name, "token_embd.weight");
}

TEST(CompilePlan, ScalesRopeAsTheFileSays) {
  File file = Llama();
  const std::vector<float> plain =
      (*file.Compile())->ropes[0].inverse_frequency;
  file.Set("llama.rope.scaling.type", std::string("linear"));
  file.Set("llama.rope.scaling.factor", 4.0);
  auto linear = *file.Compile();
  for (size_t i = 0; i < plain.size(); ++i) {
    EXPECT_FLOAT_EQ(linear->ropes[0].inverse_frequency[i], plain[i] / 4);
  }
  file.Set("llama.rope.scaling.type", std::string("yarn"));
  file.Set("llama.rope.scaling.original_context_length", uint64_t{32});
  auto yarn = *file.Compile();
  // The fastest pair is kept, the slowest interpolated; scores are tempered.
  EXPECT_FLOAT_EQ(yarn->ropes[0].inverse_frequency.front(), plain.front());
  EXPECT_FLOAT_EQ(yarn->ropes[0].inverse_frequency.back(), plain.back() / 4);
  EXPECT_NEAR(yarn->ropes[0].magnitude, 1 + 0.1 * std::log(4.0), 1e-6);
  file.Set("llama.rope.scaling.type", std::string("longrope"));
  EXPECT_EQ(file.Compile().status().code(), absl::StatusCode::kUnimplemented);
}

TEST(CompilePlan, DividesRopeByTheFactorsTensor) {
  File file = Llama();
  const std::vector<float> plain =
      (*file.Compile())->ropes[0].inverse_frequency;
  file.Add("rope_freqs.weight", {8});
  file.Find("rope_freqs.weight").bytes = 32;
  auto plan = file.Compile();
  ASSERT_TRUE(plan.ok()) << plan.status();
  for (size_t i = 0; i < plain.size(); ++i) {
    EXPECT_FLOAT_EQ((*plan)->ropes[0].inverse_frequency[i], plain[i] / 2);
  }
}

// The same tensors as Gemma 2's, with a norm behind each part.
File Gemma2() {
  File file = Llama();
  for (MetadataEntry& entry : file.metadata) {
    if (entry.key.starts_with("llama.")) {
      entry.key = "gemma2." + entry.key.substr(6);
    }
  }
  file.Set("general.architecture", std::string("gemma2"));
  file.Set("gemma2.attn_logit_softcapping", 50.0);
  file.Set("gemma2.final_logit_softcapping", 30.0);
  file.Set("gemma2.attention.sliding_window", uint64_t{16});
  for (int layer = 0; layer < 2; ++layer) {
    const std::string at = absl::StrCat("blk.", layer, ".");
    file.Add(at + "post_attention_norm.weight", {64});
    file.Add(at + "post_ffw_norm.weight", {64});
  }
  return file;
}

TEST(CompilePlan, NormsBehindPartsStandBeforeTheirSums) {
  const File file = Gemma2();
  auto plan = file.Compile();
  ASSERT_TRUE(plan.ok()) << plan.status();
  int sums = 0;
  for (size_t i = 0; i < (*plan)->ops.size(); ++i) {
    if (!std::holds_alternative<AddOp>((*plan)->ops[i])) continue;
    ++sums;
    const auto& add = std::get<AddOp>((*plan)->ops[i]);
    EXPECT_EQ(std::get<NormOp>((*plan)->ops[i - 1]).out, add.in);
  }
  EXPECT_EQ(sums, 4);
  EXPECT_EQ(std::get<HeadOp>((*plan)->ops.back()).softcap, 30.0f);
}

TEST(CompilePlan, WindowsAndCapsAsGemma2HasThem) {
  const File file = Gemma2();
  auto plan = file.Compile();
  ASSERT_TRUE(plan.ok()) << plan.status();
  std::vector<int32_t> windows;
  for (const Op& op : (*plan)->ops) {
    if (const auto* attention = std::get_if<AttentionOp>(&op)) {
      windows.push_back(attention->window);
      EXPECT_EQ(attention->softcap, 50.0f);
    }
  }
  EXPECT_EQ(windows, (std::vector<int32_t>{16, 0}));
}

TEST(CompilePlan, NamesTheFieldsOfCapsAndPatterns) {
  File file = Gemma2();
  file.Set("gemma2.attn_logit_softcapping", -1.0);
  EXPECT_THAT(std::string(file.Compile().status().message()),
              HasSubstr("gemma2.attn_logit_softcapping is -1"));
  file = Gemma2();
  file.Set("gemma2.attention.sliding_window_pattern",
           std::vector<bool>{true, false, true});
  EXPECT_THAT(std::string(file.Compile().status().message()),
              HasSubstr("gemma2.attention.sliding_window_pattern is not a "
                        "list of 2 flags"));
  file = Gemma2();
  file.Remove("blk.1.post_ffw_norm.weight");
  EXPECT_THAT(std::string(file.Compile().status().message()),
              HasSubstr("blk.1.post_ffw_norm.weight is missing"));
}

TEST(CompilePlan, SlidingWindowReachesEveryAttention) {
  File file = Llama();
  file.Set("llama.attention.sliding_window", uint64_t{40});
  auto plan = *file.Compile();
  int seen = 0;
  for (const Op& op : plan->ops) {
    if (const auto* attention = std::get_if<AttentionOp>(&op)) {
      EXPECT_EQ(attention->window, 40);
      ++seen;
    }
  }
  EXPECT_EQ(seen, 2);
}

// Each fault must be refused with a message that names what is wrong.
struct Fault {
  const char* name;
  std::function<void(File*)> apply;
  absl::StatusCode code;
  const char* text;
};

class Refused : public testing::TestWithParam<Fault> {};

TEST_P(Refused, NamesTheCulprit) {
  File file = Llama();
  GetParam().apply(&file);
  auto plan = file.Compile();
  EXPECT_EQ(plan.status().code(), GetParam().code) << plan.status();
  EXPECT_THAT(std::string(plan.status().message()), HasSubstr(GetParam().text));
}

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr auto kUnsupported = absl::StatusCode::kUnimplemented;

INSTANTIATE_TEST_SUITE_P(
    Faults, Refused,
    testing::Values(
        Fault{"no_architecture",
              [](File* f) { f->Erase("general.architecture"); }, kInvalid,
              "general.architecture"},
        Fault{"unknown_architecture",
              [](File* f) {
                f->Set("general.architecture", std::string("zebra"));
              },
              kUnsupported, "\"zebra\" is not supported; known are"},
        Fault{"missing_key", [](File* f) { f->Erase("llama.block_count"); },
              kInvalid, "llama.block_count is missing"},
        Fault{"key_of_other_type",
              [](File* f) { f->Set("llama.block_count", std::string("two")); },
              kInvalid, "llama.block_count"},
        Fault{
            "zero_heads",
            [](File* f) { f->Set("llama.attention.head_count", uint64_t{0}); },
            kInvalid, "head_count"},
        Fault{"huge_block_count",
              [](File* f) { f->Set("llama.block_count", uint64_t{1} << 60); },
              kInvalid, "llama.block_count"},
        Fault{"kv_heads_do_not_divide",
              [](File* f) {
                f->Set("llama.attention.head_count_kv", uint64_t{3});
              },
              kInvalid, "does not divide"},
        Fault{"nan_epsilon",
              [](File* f) {
                f->Set("llama.attention.layer_norm_rms_epsilon", std::nan(""));
              },
              kInvalid, "epsilon"},
        Fault{
            "odd_rope_dimensions",
            [](File* f) { f->Set("llama.rope.dimension_count", uint64_t{7}); },
            kInvalid, "odd"},
        Fault{
            "per_layer_heads",
            [](File* f) {
              f->Set("llama.attention.head_count", std::vector<uint64_t>{4, 4});
            },
            kUnsupported, "differs by layer"},
        Fault{"experts",
              [](File* f) { f->Set("llama.expert_count", uint64_t{8}); },
              kInvalid, "llama.expert_used_count is missing"},
        Fault{"missing_tensor",
              [](File* f) { f->Remove("blk.1.attn_v.weight"); }, kInvalid,
              "blk.1.attn_v.weight is missing"},
        Fault{"wrong_shape",
              [](File* f) { f->Find("blk.0.ffn_up.weight").shape[0] = 95; },
              kInvalid, "blk.0.ffn_up.weight has shape [95, 64], not [96, 64]"},
        Fault{
            "not_computable",
            [](File* f) { f->Find("blk.0.ffn_up.weight").type = DType::kI32; },
            kUnsupported, "blk.0.ffn_up.weight has type I32"},
        Fault{"tensor_without_a_place",
              [](File* f) { f->Add("blk.0.attn_q_norm.weight", {16}); },
              kUnsupported, "no place for tensor blk.0.attn_q_norm.weight"},
        Fault{"rope_factors_of_other_length",
              [](File* f) { f->Add("rope_freqs.weight", {5}); }, kInvalid,
              "rope_freqs.weight must hold 8"}),
    [](const auto& info) { return std::string(info.param.name); });

// Buckets from the most negative distance on, each with how many in a row have
// it, as transformers' T5Attention gives them.
TEST(RelativeBuckets, AreThoseOfTheReference) {
  using Runs = std::vector<std::pair<int, int>>;
  const auto runs = [](int32_t count, int32_t distance, bool bidirectional) {
    Runs all;
    for (const uint8_t b : RelativeBuckets(count, distance, bidirectional)) {
      if (all.empty() || all.back().first != b) all.emplace_back(b, 0);
      ++all.back().second;
    }
    return all;
  };
  EXPECT_EQ(
      runs(32, 128, true),
      (Runs{{15, 38}, {14, 27}, {13, 18}, {12, 14}, {11, 9}, {10, 7}, {9, 4},
            {8, 4},   {7, 1},   {6, 1},   {5, 1},   {4, 1},  {3, 1},  {2, 1},
            {1, 1},   {0, 1},   {17, 1},  {18, 1},  {19, 1}, {20, 1}, {21, 1},
            {22, 1},  {23, 1},  {24, 4},  {25, 4},  {26, 7}, {27, 9}, {28, 14},
            {29, 18}, {30, 27}, {31, 38}}));
  EXPECT_EQ(
      runs(32, 128, false),
      (Runs{{31, 16}, {30, 14}, {29, 12}, {28, 10}, {27, 10}, {26, 8}, {25, 7},
            {24, 6},  {23, 6},  {22, 5},  {21, 4},  {20, 4},  {19, 3}, {18, 3},
            {17, 2},  {16, 3},  {15, 1},  {14, 1},  {13, 1},  {12, 1}, {11, 1},
            {10, 1},  {9, 1},   {8, 1},   {7, 1},   {6, 1},   {5, 1},  {4, 1},
            {3, 1},   {2, 1},   {1, 1},   {0, 129}}));
  EXPECT_EQ(runs(16, 40, true), (Runs{{7, 18},
                                      {6, 10},
                                      {5, 5},
                                      {4, 4},
                                      {3, 1},
                                      {2, 1},
                                      {1, 1},
                                      {0, 1},
                                      {9, 1},
                                      {10, 1},
                                      {11, 1},
                                      {12, 4},
                                      {13, 5},
                                      {14, 10},
                                      {15, 18}}));
}

TEST(CompilePlan, BlocksBeyondTheCountHaveNoPlace) {
  File file = Llama();
  file.Set("llama.block_count", uint64_t{1});
  EXPECT_EQ(file.Compile().status().code(), kUnsupported);
}

// One change of a folder with a small Llama; sizes stay, so that offsets do.
struct FolderFault {
  const char* name;
  bool weights;  // else of config.json
  const char* from;
  const char* to;
  absl::StatusCode code;
  const char* culprit;
};

constexpr FolderFault kFolderFaults[] = {
    {"unknown_class", false, "LlamaForCausalLM", "LlamaForTalking",
     absl::StatusCode::kUnimplemented, "\"LlamaForTalking\" is not supported"},
    {"classes_of_other_type", false, "[\"LlamaForCausalLM\"]", "7", kInvalid,
     "key architectures"},
    {"missing_key", false, "hidden_size", "hidden_cise", kInvalid,
     "config.json key hidden_size is missing"},
    {"key_of_other_type", false, "\"hidden_size\":4", "\"hidden_size\":\"4\"",
     kInvalid, "hidden_size"},
    {"key_out_of_bounds", false, "\"num_hidden_layers\":1",
     "\"num_hidden_layers\":1e9", kInvalid, "num_hidden_layers"},
    {"activation", false, "silu", "relu", absl::StatusCode::kUnimplemented,
     "hidden_act = relu"},
    {"more_layers_than_tensors", false, "\"num_hidden_layers\":1",
     "\"num_hidden_layers\":2", kInvalid, "layers.1.input_layernorm.weight"},
    {"absent_tensor", true, "model.norm.weight", "model.born.weight", kInvalid,
     "norm.weight"},
    {"mismatched_shape", true,
     "gate_proj.weight\":{\"dtype\":\"F32\","
     "\"shape\":[8,4]",
     "gate_proj.weight\":{\"dtype\":\"F32\",\"shape\":[4,8]", kInvalid,
     "mlp.gate_proj.weight"},
    {"tensor_twice", true, "self_attn.q_proj.weight", "self_attn.k_proj.weight",
     kInvalid, "self_attn.k_proj.weight"},
    {"unknown_element_type", true, "\"F32\"", "\"F33\"",
     absl::StatusCode::kUnimplemented, "F33"},
};

class RefusedFolder : public testing::TestWithParam<FolderFault> {};

TEST_P(RefusedFolder, NamesTheCulprit) {
  const FolderFault& fault = GetParam();
  std::string config =
      R"({"architectures":["LlamaForCausalLM"],"model_type":"llama",)"
      R"("max_position_embeddings":64,"hidden_size":4,"num_hidden_layers":1,)"
      R"("intermediate_size":8,"num_attention_heads":2,"hidden_act":"silu"})";
  const std::vector<uint8_t> bytes = SmallLlamaWeights();
  std::string weights(bytes.begin(), bytes.end());
  const auto compile = [&] {
    const auto folder = io::MakeMemoryFolder(
        {{"config.json", {config.begin(), config.end()}},
         {"model.safetensors", {weights.begin(), weights.end()}}});
    const auto file = formats::OpenHuggingFace(*folder);
    return file.ok() ? CompilePlan(**file).status() : file.status();
  };
  EXPECT_TRUE(compile().ok()) << compile();
  std::string& text = fault.weights ? weights : config;
  const size_t at = text.find(fault.from);
  ASSERT_NE(at, text.npos);
  text.replace(at, std::string_view(fault.from).size(), fault.to);
  const Status status = compile();
  EXPECT_EQ(status.code(), fault.code) << status;
  EXPECT_THAT(status.message(), testing::HasSubstr(fault.culprit));
}

INSTANTIATE_TEST_SUITE_P(Faults, RefusedFolder,
                         testing::ValuesIn(kFolderFaults),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace inlay::model
