#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cpp/model/load.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

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
              kUnsupported, "llama.expert_count"},
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

TEST(CompilePlan, BlocksBeyondTheCountHaveNoPlace) {
  File file = Llama();
  file.Set("llama.block_count", uint64_t{1});
  EXPECT_EQ(file.Compile().status().code(), kUnsupported);
}

}  // namespace
}  // namespace inlay::model
