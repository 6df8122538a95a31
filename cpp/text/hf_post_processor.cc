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

StatusOr<HfFrame> ParseEnds(const json::Value& value,
                            const HfVocabulary& vocabulary) {
  HfFrame frame;
  INLAY_RETURN_IF_ERROR(AppendPair(value["cls"], vocabulary, &frame.before));
  INLAY_RETURN_IF_ERROR(AppendPair(value["sep"], vocabulary, &frame.after));
  return frame;
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
  return frame;
}

StatusOr<HfFrame> ParseSequence(const json::Value& value,
                                const HfVocabulary& vocabulary) {
  simdjson::dom::array items;
  INLAY_RETURN_IF_ERROR(value["processors"].Get(&items));
  HfFrame frame;
  for (const simdjson::dom::element item : items) {
    INLAY_ASSIGN_OR_RETURN(
        const HfFrame outer,
        ParsePostProcessor(json::Value(item, value["processors"].path()),
                           vocabulary));
    frame.before.insert(frame.before.begin(), outer.before.begin(),
                        outer.before.end());
    frame.after.insert(frame.after.end(), outer.after.begin(),
                       outer.after.end());
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
    return ParseEnds(value, vocabulary);
  }
  if (type == "Sequence") return ParseSequence(value, vocabulary);
  return absl::UnimplementedError(
      absl::StrCat(value.path(), ": post-processor \"", type.substr(0, 100),
                   "\" is not known"));
}

}  // namespace inlay::text
