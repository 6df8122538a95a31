// Architectures that an application adds to the built-in ones.
#ifndef INLAY_MODEL_REGISTERED_H_
#define INLAY_MODEL_REGISTERED_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cpp/base/status.h"

namespace inlay::architectures {
class Architecture;
}

namespace inlay::model {

// Immutable: adding makes another. Any thread.
class Registered {
 public:
  // `before` may be null. kInvalidArgument and kUnimplemented name the place
  // and the field (cpp/architectures/text_format.h); kFailedPrecondition a name
  // that a built-in or added one has already, unless `replace`: then the newest
  // counts.
  static StatusOr<std::shared_ptr<const Registered>> Add(
      const std::shared_ptr<const Registered>& before, std::string_view text,
      bool replace);

  // Encoded, the newest first.
  const std::vector<std::shared_ptr<const std::string>>& encoded() const {
    return encoded_;
  }

 private:
  std::vector<std::shared_ptr<const std::string>> encoded_;
};

// What no file can make good, by the field that is wrong: kInvalidArgument.
Status CheckArchitecture(const architectures::Architecture& architecture);

}  // namespace inlay::model

#endif  // INLAY_MODEL_REGISTERED_H_
