#include "cpp/architectures/text_format.h"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "cpp/architectures/schema.h"
#include "cpp/architectures/text_tokens.h"

namespace inlay::architectures {
namespace {

// Numbers of descriptor.proto.
enum FieldType : uint32_t {
  kDouble = 1,
  kFloat = 2,
  kInt32 = 5,
  kBool = 8,
  kString = 9,
  kMessage = 11,
  kUint32 = 13,
  kEnum = 14,
};
constexpr uint32_t kRepeated = 3;
constexpr int kMaxDepth = 32;

void PutVarint(uint64_t value, std::string* out) {
  for (; value >= 0x80; value >>= 7) {
    out->push_back(static_cast<char>(value | 0x80));
  }
  out->push_back(static_cast<char>(value));
}

void PutTag(const schema::Field& field, uint32_t wire_type, std::string* out) {
  PutVarint((field.number() << 3) | wire_type, out);
}

void PutBytes(const schema::Field& field, std::string_view bytes,
              std::string* out) {
  PutTag(field, 2, out);
  PutVarint(bytes.size(), out);
  out->append(bytes);
}

template <typename Bits, typename Number>
void PutFixed(Number number, std::string* out) {
  Bits bits;
  static_assert(sizeof(bits) == sizeof(number));
  std::memcpy(&bits, &number, sizeof(bits));
  for (size_t i = 0; i < sizeof(bits); ++i) {
    out->push_back(static_cast<char>(bits >> (8 * i)));
  }
}

size_t IndexIn(const schema::Message& type, const schema::Field& field) {
  size_t index = 0;
  for (const schema::Field& other : type.field()) {
    if (&other == &field) break;
    ++index;
  }
  return index;
}

// A name with parts in braces. Others than these would never be replaced.
const char* ProblemOf(std::string_view name) {
  if (name.empty()) return "is empty";
  for (size_t at = 0; (at = name.find('{', at)) != name.npos; ++at) {
    const std::string_view rest = name.substr(at);
    bool known = false;
    for (const std::string_view part : {"{arch}", "{layer}", "{expert}"}) {
      known = known || rest.substr(0, part.size()) == part;
    }
    if (!known) {
      return "has a part in braces that is none of {arch}, {layer}, {expert}";
    }
  }
  return nullptr;
}

class TextEncoder {
 public:
  TextEncoder(std::string_view text, const Schema& schema)
      : tokens_(text), schema_(schema) {}

  StatusOr<std::string> Encode() {
    const schema::Message* type = schema_.FindMessage("Architecture");
    if (type == nullptr) return absl::InternalError("no message Architecture");
    INLAY_RETURN_IF_ERROR(Advance());
    if (token_.kind != TokenKind::kName || token_.text != "schema_version") {
      return TextError(token_, "schema_version", "must be the first field");
    }
    std::string out;
    INLAY_RETURN_IF_ERROR(Message(*type, 0, &out));
    return out;
  }

 private:
  Status Advance() {
    INLAY_ASSIGN_OR_RETURN(token_, tokens_.Next());
    return OkStatus();
  }
  Status Problem(std::string_view problem) const {
    return TextError(token_, path_, problem);
  }

  // The fields up to the closing brace, or to the end of the text.
  Status Message(const schema::Message& type, int depth, std::string* out);
  Status Field(const schema::Field& field, int depth, std::string* out);
  Status Values(const schema::Field& field, int depth, std::string* out);
  Status Value(const schema::Field& field, int depth, std::string* out);
  Status Scalar(const schema::Field& field, std::string* out);
  Status Number(const schema::Field& field, std::string* out);
  Status Integer(const schema::Field& field, std::string* out);
  Status EnumValue(const schema::Field& field, std::string* out);
  Status CheckVersion();

  TextTokens tokens_;
  const Schema& schema_;
  TextToken token_;   // the one that is read next
  std::string path_;  // of the field that is read
};

Status TextEncoder::CheckVersion() {
  uint32_t version = 0;
  if (!absl::SimpleAtoi(token_.text, &version) || version == kSchemaVersion) {
    return OkStatus();  // what is no number is refused as such
  }
  return absl::UnimplementedError(absl::StrCat(
      "schema_version: is ", version, "; this library reads ", kSchemaVersion));
}

Status TextEncoder::Message(const schema::Message& type, int depth,
                            std::string* out) {
  std::vector<int> lines(static_cast<size_t>(type.field_size()), 0);
  const size_t stem = path_.size();
  bool named = false;
  while (token_.kind == TokenKind::kName) {
    const schema::Field* field = Schema::FindField(type, token_.text);
    absl::StrAppend(&path_, stem == 0 ? "" : ".", token_.text.substr(0, 100));
    if (field == nullptr) {
      return Problem(absl::StrCat("is not a field of ", type.name()));
    }
    int& line = lines[IndexIn(type, *field)];
    if (line != 0 && field->label() != kRepeated) {
      return Problem(absl::StrCat("is given twice, first in line ", line));
    }
    line = token_.line;
    named = named || field->name() == "gguf" || field->name() == "huggingface";
    INLAY_RETURN_IF_ERROR(Field(*field, depth, out));
    path_.resize(stem);
    if (token_.Is(',') || token_.Is(';')) INLAY_RETURN_IF_ERROR(Advance());
  }
  if (!(depth == 0 ? token_.kind == TokenKind::kEnd : token_.Is('}'))) {
    return Problem(depth == 0 ? "a field is expected here"
                              : "a field or } is expected here");
  }
  if (type.name() == "Tensor" && !named) {
    return Problem("has no name: gguf, huggingface or both");
  }
  return OkStatus();
}

Status TextEncoder::Field(const schema::Field& field, int depth,
                          std::string* out) {
  const bool version = depth == 0 && field.name() == "schema_version";
  INLAY_RETURN_IF_ERROR(Advance());
  if (token_.Is(':')) {
    INLAY_RETURN_IF_ERROR(Advance());
  } else if (field.type() != kMessage) {
    return Problem("a colon is expected before its value");
  }
  if (version) INLAY_RETURN_IF_ERROR(CheckVersion());
  if (!token_.Is('[')) return Value(field, depth, out);
  if (field.label() != kRepeated) return Problem("takes one value, no list");
  return Values(field, depth, out);
}

Status TextEncoder::Values(const schema::Field& field, int depth,
                           std::string* out) {
  INLAY_RETURN_IF_ERROR(Advance());
  if (token_.Is(']')) return Advance();
  while (true) {
    INLAY_RETURN_IF_ERROR(Value(field, depth, out));
    if (token_.Is(']')) return Advance();
    if (!token_.Is(',')) return Problem("a comma or ] is expected here");
    INLAY_RETURN_IF_ERROR(Advance());
  }
}

Status TextEncoder::Value(const schema::Field& field, int depth,
                          std::string* out) {
  if (field.type() != kMessage) {
    INLAY_RETURN_IF_ERROR(Scalar(field, out));
    return Advance();
  }
  const schema::Message* type = schema_.FindMessage(field.type_name());
  if (type == nullptr || depth >= kMaxDepth) {
    return Problem("cannot be read by this library");
  }
  if (!token_.Is('{')) return Problem("takes fields in braces");
  INLAY_RETURN_IF_ERROR(Advance());
  std::string inner;
  INLAY_RETURN_IF_ERROR(Message(*type, depth + 1, &inner));
  PutBytes(field, inner, out);
  return Advance();
}

Status TextEncoder::Scalar(const schema::Field& field, std::string* out) {
  switch (field.type()) {
    case kString: {
      if (token_.kind != TokenKind::kString) {
        return Problem("takes a string in quotes");
      }
      const char* problem = ProblemOf(token_.text);
      if (problem != nullptr) return Problem(problem);
      PutBytes(field, token_.text, out);
      return OkStatus();
    }
    case kBool: {
      const bool value = token_.text == "true";
      if (token_.kind != TokenKind::kName ||
          (!value && token_.text != "false")) {
        return Problem("takes true or false");
      }
      PutTag(field, 0, out);
      PutVarint(value ? 1 : 0, out);
      return OkStatus();
    }
    case kDouble:
    case kFloat:
      return Number(field, out);
    case kInt32:
    case kUint32:
      return Integer(field, out);
    case kEnum:
      return EnumValue(field, out);
    default:
      return Problem("cannot be read by this library");
  }
}

Status TextEncoder::Number(const schema::Field& field, std::string* out) {
  double value = 0;
  if (token_.kind != TokenKind::kNumber ||
      !absl::SimpleAtod(token_.text, &value) || !std::isfinite(value)) {
    return Problem("takes a number");
  }
  if (field.type() == kDouble) {
    PutTag(field, 1, out);
    PutFixed<uint64_t>(value, out);
    return OkStatus();
  }
  if (std::fabs(value) > 3.4e38) return Problem("takes a number of 32 bits");
  PutTag(field, 5, out);
  PutFixed<uint32_t>(static_cast<float>(value), out);
  return OkStatus();
}

Status TextEncoder::Integer(const schema::Field& field, std::string* out) {
  const bool is_signed = field.type() == kInt32;
  int64_t value = 0;
  if (token_.kind != TokenKind::kNumber ||
      !absl::SimpleAtoi(token_.text, &value) ||
      value < (is_signed ? INT32_MIN : 0) ||
      value > (is_signed ? int64_t{INT32_MAX} : int64_t{UINT32_MAX})) {
    return Problem(is_signed ? "takes an integer of 32 bits"
                             : "takes an integer from 0 to 2^32 - 1");
  }
  PutTag(field, 0, out);
  PutVarint(static_cast<uint64_t>(value), out);
  return OkStatus();
}

Status TextEncoder::EnumValue(const schema::Field& field, std::string* out) {
  const schema::Enum* type = schema_.FindEnum(field.type_name());
  if (type == nullptr) return Problem("cannot be read by this library");
  std::string names;
  for (const schema::EnumValue& value : type->value()) {
    if (token_.kind == TokenKind::kName && value.name() == token_.text) {
      PutTag(field, 0, out);
      PutVarint(static_cast<uint64_t>(int64_t{value.number()}), out);
      return OkStatus();
    }
    absl::StrAppend(&names, names.empty() ? "" : ", ", value.name());
  }
  return Problem(absl::StrCat("takes one of ", names));
}

}  // namespace

StatusOr<std::string> EncodeText(std::string_view text) {
  if (text.size() > kMaxTextBytes) {
    return absl::InvalidArgumentError("the description is above 1 MiB");
  }
  google::protobuf::Arena arena;
  INLAY_ASSIGN_OR_RETURN(const Schema schema, Schema::Load(&arena));
  return TextEncoder(text, schema).Encode();
}

}  // namespace inlay::architectures
