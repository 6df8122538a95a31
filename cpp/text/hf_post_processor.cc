#include "cpp/text/hf_post_processor.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace inlay::text {
namespace {

constexpr size_t kMaxFrame = 256;

Status AppendId(const json::Value& value, const HfVocabulary& vocabulary,
                std::vector<TokenId>* ids) {
  int64_t id = 0;
  INLAY_RETURN_IF_ERROR(value.Get(&id));
  if (id < 0 || id >= vocabulary.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat(value.path(), " is ", id, "; the vocabulary has ",
                     vocabulary.size(), " tokens"));
  }
  if (ids->size() >= kMaxFrame) {
    return absl::ResourceExhaustedError(
        absl::StrCat(value.path(), " is one of more than ", kMaxFrame));
  }
  ids->push_back(static_cast<TokenId>(id));
  return OkStatus();
}

// ["[CLS]", 101]
Status AppendPair(const json::Value& value, const HfVocabulary& vocabulary,
                  std::vector<TokenId>* ids) {
  simdjson::dom::array pair;
  INLAY_RETURN_IF_ERROR(value.Get(&pair));
  simdjson::dom::element id;
  if (pair.at(1).get(id) != simdjson::SUCCESS) {
    return value.Wrong("a pair of text and id");
  }
  return AppendId(json::Value(id, value.path()), vocabulary, ids);
}

// BERT: [CLS] A [SEP] B [SEP], B in segment 1. RoBERTa: <s> A </s></s> B </s>.
StatusOr<HfFrame> ParseEnds(const json::Value& value, bool roberta,
                            const HfVocabulary& vocabulary) {
  HfFrame frame;
  INLAY_RETURN_IF_ERROR(AppendPair(value["cls"], vocabulary, &frame.before));
  INLAY_RETURN_IF_ERROR(AppendPair(value["sep"], vocabulary, &frame.after));
  const TokenId cls = frame.before[0], sep = frame.after[0];
  const int32_t type = roberta ? 0 : 1;
  frame.pair = {{.id = cls}, {.text = 0}, {.id = sep}};
  if (roberta) frame.pair.push_back({.id = sep});
  frame.pair.push_back({.text = 1, .type = type});
  frame.pair.push_back({.id = sep, .type = type});
  return frame;
}

// One step of "pair"; a special token may stand for several ids.
Status AppendStep(const json::Value& value, const json::Value& item,
                  const HfVocabulary& vocabulary,
                  std::vector<HfPairStep>* steps) {
  const bool text = item["Sequence"].present();
  const json::Value step = item[text ? "Sequence" : "SpecialToken"];
  std::string_view name;
  int64_t type = 0;
  INLAY_RETURN_IF_ERROR(step["id"].Get(&name));
  INLAY_RETURN_IF_ERROR(step["type_id"].Get(&type));
  if (type < 0 || type > kMaxFrame) return step.Wrong("a segment");
  HfPairStep made{.type = static_cast<int32_t>(type)};
  if (text) {
    if (name != "A" && name != "B") return item.Wrong("a template of A and B");
    made.text = name == "A" ? 0 : 1;
    steps->push_back(made);
    return OkStatus();
  }
  const json::Value ids = value["special_tokens"][name]["ids"];
  simdjson::dom::array numbers;
  INLAY_RETURN_IF_ERROR(ids.Get(&numbers));
  for (const simdjson::dom::element number : numbers) {
    std::vector<TokenId> id;
    INLAY_RETURN_IF_ERROR(
        AppendId(json::Value(number, ids.path()), vocabulary, &id));
    made.id = id[0];
    steps->push_back(made);
  }
  return OkStatus();
}

// Leaves a template that does not have A and B once each unknown.
Status ParsePair(const json::Value& value, const HfVocabulary& vocabulary,
                 std::vector<HfPairStep>* steps) {
  if (!value["pair"].present()) return OkStatus();
  simdjson::dom::array items;
  INLAY_RETURN_IF_ERROR(value["pair"].Get(&items));
  if (items.size() > kMaxFrame) return value["pair"].Wrong("a short template");
  int texts[2] = {};
  for (const simdjson::dom::element element : items) {
    INLAY_RETURN_IF_ERROR(AppendStep(
        value, json::Value(element, value["pair"].path()), vocabulary, steps));
  }
  for (const HfPairStep& step : *steps) {
    if (step.text >= 0) ++texts[step.text];
  }
  if (texts[0] != 1 || texts[1] != 1) steps->clear();
  return OkStatus();
}

StatusOr<HfFrame> ParseTemplate(const json::Value& value,
                                const HfVocabulary& vocabulary) {
  simdjson::dom::array items;
  INLAY_RETURN_IF_ERROR(value["single"].Get(&items));
  HfFrame frame;
  bool seen = false;
  for (const simdjson::dom::element element : items) {
    const json::Value item(element, value["single"].path());
    if (item["Sequence"].present()) {
      std::string_view name;
      INLAY_RETURN_IF_ERROR(item["Sequence"]["id"].Get(&name));
      if (seen || name != "A") return item.Wrong("a template of one A");
      seen = true;
      continue;
    }
    std::string_view name;
    INLAY_RETURN_IF_ERROR(item["SpecialToken"]["id"].Get(&name));
    const json::Value ids = value["special_tokens"][name]["ids"];
    simdjson::dom::array numbers;
    INLAY_RETURN_IF_ERROR(ids.Get(&numbers));
    for (const simdjson::dom::element number : numbers) {
      INLAY_RETURN_IF_ERROR(AppendId(json::Value(number, ids.path()),
                                     vocabulary,
                                     seen ? &frame.after : &frame.before));
    }
  }
  if (!seen) return value["single"].Wrong("a template of one A");
  INLAY_RETURN_IF_ERROR(ParsePair(value, vocabulary, &frame.pair));
  return frame;
}

StatusOr<HfFrame> ParseSequence(const json::Value& value,
                                const HfVocabulary& vocabulary) {
  simdjson::dom::array items;
  INLAY_RETURN_IF_ERROR(value["processors"].Get(&items));
  HfFrame frame;
  int pairs = 0;
  for (const simdjson::dom::element item : items) {
    INLAY_ASSIGN_OR_RETURN(
        const HfFrame outer,
        ParsePostProcessor(json::Value(item, value["processors"].path()),
                           vocabulary));
    frame.before.insert(frame.before.begin(), outer.before.begin(),
                        outer.before.end());
    frame.after.insert(frame.after.end(), outer.after.begin(),
                       outer.after.end());
    if (outer.pair.empty()) continue;
    if (++pairs == 1) {
      frame.pair = outer.pair;
    } else {
      frame.pair.clear();  // templates inside templates
    }
  }
  return frame;
}

}  // namespace

StatusOr<HfFrame> ParsePostProcessor(const json::Value& value,
                                     const HfVocabulary& vocabulary) {
  if (!value.present()) return HfFrame();
  std::string_view type;
  INLAY_RETURN_IF_ERROR(value["type"].Get(&type));
  if (type == "ByteLevel") return HfFrame();  // moves offsets alone
  if (type == "TemplateProcessing") return ParseTemplate(value, vocabulary);
  if (type == "BertProcessing" || type == "RobertaProcessing") {
    return ParseEnds(value, type == "RobertaProcessing", vocabulary);
  }
  if (type == "Sequence") return ParseSequence(value, vocabulary);
  return absl::UnimplementedError(
      absl::StrCat(value.path(), ": post-processor \"", type.substr(0, 100),
                   "\" is not known"));
}

}  // namespace inlay::text
