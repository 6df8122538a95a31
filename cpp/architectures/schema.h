// The fields of architecture.proto by name, as the build found them there.
#ifndef INLAY_ARCHITECTURES_SCHEMA_H_
#define INLAY_ARCHITECTURES_SCHEMA_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "cpp/architectures/schema.pb.h"
#include "cpp/base/status.h"
#include "google/protobuf/arena.h"

namespace inlay::architectures {

// The one version that this library reads.
inline constexpr uint32_t kSchemaVersion = 4;

class Schema {
 public:
  // Everything lives on `arena`.
  static StatusOr<Schema> Load(google::protobuf::Arena* arena);

  // Null if there is none of that name.
  const schema::Message* FindMessage(std::string_view name) const;
  const schema::Enum* FindEnum(std::string_view name) const;
  static const schema::Field* FindField(const schema::Message& message,
                                        std::string_view name);

 private:
  explicit Schema(const schema::File* file) : file_(file) {}
  // "Key" for ".inlay.architectures.Key".
  std::string_view Local(std::string_view name) const;

  const schema::File* file_;
};

}  // namespace inlay::architectures

#endif  // INLAY_ARCHITECTURES_SCHEMA_H_
