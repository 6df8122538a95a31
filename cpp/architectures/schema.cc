#include "cpp/architectures/schema.h"

#include "cpp/architectures/builtin.h"

namespace inlay::architectures {
namespace {

namespace embedded_schema {
#include "cpp/architectures/schema_data.inc"
}  // namespace embedded_schema

}  // namespace

StatusOr<Schema> Schema::Load(google::protobuf::Arena* arena) {
  const auto& data = embedded_schema::kBuiltinData[0];
  auto* set = google::protobuf::Arena::CreateMessage<schema::FileSet>(arena);
  if (!set->ParseFromArray(data.bytes, static_cast<int>(data.size)) ||
      set->file_size() != 1) {
    return absl::InternalError("the built-in schema is damaged");
  }
  return Schema(&set->file(0));
}

std::string_view Schema::Local(std::string_view name) const {
  const std::string& package = file_->package();
  const bool full = name.size() > package.size() + 2 && name[0] == '.' &&
                    name.substr(1, package.size()) == package &&
                    name[package.size() + 1] == '.';
  return full ? name.substr(package.size() + 2) : name;
}

const schema::Message* Schema::FindMessage(std::string_view name) const {
  for (const schema::Message& message : file_->message_type()) {
    if (message.name() == Local(name)) return &message;
  }
  return nullptr;
}

const schema::Enum* Schema::FindEnum(std::string_view name) const {
  for (const schema::Enum& type : file_->enum_type()) {
    if (type.name() == Local(name)) return &type;
  }
  return nullptr;
}

const schema::Field* Schema::FindField(const schema::Message& message,
                                       std::string_view name) {
  for (const schema::Field& field : message.field()) {
    if (field.name() == name) return &field;
  }
  return nullptr;
}

}  // namespace inlay::architectures
