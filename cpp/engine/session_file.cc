#include "cpp/engine/session_file.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace inlay::engine {
namespace {

constexpr std::array<uint8_t, 8> kMagic = {'I', 'N', 'L', 'A',
                                           'Y', 'S', 'E', 'S'};
// magic, version, kv type, identity, page bytes, page tokens, tokens, cached,
// bytes of the recipe
constexpr size_t kHeaderBytes = 8 + 4 + 4 + 8 + 8 + 4 + 4 + 4 + 4;

class Packer {
 public:
  explicit Packer(uint8_t* out) : out_(out) {}
  template <typename T>
  void Put(T value) {
    uint64_t bits = static_cast<uint64_t>(value);
    for (size_t i = 0; i < sizeof(T); ++i, bits >>= 8) {
      *out_++ = static_cast<uint8_t>(bits);
    }
  }

 private:
  uint8_t* out_;
};

class Unpacker {
 public:
  explicit Unpacker(const uint8_t* in) : in_(in) {}
  template <typename T>
  T Get() {
    uint64_t bits = 0;
    for (size_t i = 0; i < sizeof(T); ++i) bits |= uint64_t{*in_++} << (8 * i);
    return static_cast<T>(bits);
  }

 private:
  const uint8_t* in_;
};

Status Damaged(std::string_view what) {
  return absl::DataLossError(absl::StrCat("the session is damaged: ", what));
}

}  // namespace

Status SessionWriter::Bytes(std::span<const uint8_t> bytes) {
  sum_.Add(bytes.data(), bytes.size());
  return write_(bytes.data(), bytes.size());
}

Status SessionWriter::Finish() {
  std::array<uint8_t, 8> bytes;
  Packer(bytes.data()).Put(sum_.value());
  return Bytes(bytes);
}

Status SessionWriter::Header(const SessionHeader& header) {
  std::array<uint8_t, kHeaderBytes> bytes;
  std::copy(kMagic.begin(), kMagic.end(), bytes.begin());
  Packer packer(bytes.data() + kMagic.size());
  packer.Put(kSessionVersion);
  packer.Put(header.kv_type);
  packer.Put(header.model_identity);
  packer.Put(header.page_bytes);
  packer.Put(header.page_tokens);
  packer.Put(header.token_count);
  packer.Put(header.cached_count);
  const std::string recipe = header.recipe.substr(0, kMaxRecipeBytes);
  packer.Put(static_cast<uint32_t>(recipe.size()));
  INLAY_RETURN_IF_ERROR(Bytes(bytes));
  INLAY_RETURN_IF_ERROR(
      Bytes({reinterpret_cast<const uint8_t*>(recipe.data()), recipe.size()}));
  return Finish();
}

Status SessionWriter::Tokens(std::span<const int32_t> tokens) {
  std::array<uint8_t, 4096> block;
  while (!tokens.empty()) {
    const size_t count = std::min(tokens.size(), block.size() / 4);
    Packer packer(block.data());
    for (int32_t token : tokens.first(count)) packer.Put(token);
    INLAY_RETURN_IF_ERROR(Bytes({block.data(), count * 4}));
    tokens = tokens.subspan(count);
  }
  return OkStatus();
}

Status SessionReader::Bytes(std::span<uint8_t> bytes) {
  INLAY_RETURN_IF_ERROR(read_(bytes.data(), bytes.size()));
  sum_.Add(bytes.data(), bytes.size());
  return OkStatus();
}

Status SessionReader::CheckSum() {
  const uint64_t expected = sum_.value();
  std::array<uint8_t, 8> bytes;
  INLAY_RETURN_IF_ERROR(Bytes(bytes));
  if (Unpacker(bytes.data()).Get<uint64_t>() == expected) return OkStatus();
  return Damaged("its checksum differs");
}

Status SessionReader::Finish() { return CheckSum(); }

StatusOr<SessionHeader> SessionReader::Header() {
  std::array<uint8_t, kHeaderBytes> bytes;
  INLAY_RETURN_IF_ERROR(Bytes(bytes));
  if (!std::equal(kMagic.begin(), kMagic.end(), bytes.begin())) {
    return absl::DataLossError("this is not a saved session");
  }
  Unpacker unpacker(bytes.data() + kMagic.size());
  const uint32_t version = unpacker.Get<uint32_t>();
  if (version != kSessionVersion) {
    return absl::FailedPreconditionError(
        absl::StrCat("the session has version ", version,
                     "; this library reads version ", kSessionVersion));
  }
  SessionHeader header;
  header.kv_type = unpacker.Get<int32_t>();
  header.model_identity = unpacker.Get<uint64_t>();
  header.page_bytes = unpacker.Get<uint64_t>();
  header.page_tokens = unpacker.Get<int32_t>();
  header.token_count = unpacker.Get<int32_t>();
  header.cached_count = unpacker.Get<int32_t>();
  const uint32_t recipe_bytes = unpacker.Get<uint32_t>();
  if (recipe_bytes > kMaxRecipeBytes) return Damaged("a name is too long");
  header.recipe.resize(recipe_bytes);
  INLAY_RETURN_IF_ERROR(
      Bytes({reinterpret_cast<uint8_t*>(header.recipe.data()), recipe_bytes}));
  INLAY_RETURN_IF_ERROR(CheckSum());
  if (header.page_tokens < 1 || header.token_count < 0 ||
      header.cached_count < 0 || header.cached_count > header.token_count) {
    return Damaged("its counts make no sense");
  }
  return header;
}

StatusOr<std::vector<int32_t>> SessionReader::Tokens(int32_t count,
                                                     int32_t vocabulary_size) {
  std::vector<int32_t> tokens;
  std::array<uint8_t, 4096> block;
  // Grows with what is really there, not with what the header promises.
  while (static_cast<int32_t>(tokens.size()) < count) {
    const size_t part =
        std::min(static_cast<size_t>(count) - tokens.size(), block.size() / 4);
    INLAY_RETURN_IF_ERROR(Bytes({block.data(), part * 4}));
    Unpacker unpacker(block.data());
    for (size_t i = 0; i < part; ++i) {
      const int32_t token = unpacker.Get<int32_t>();
      if (token < 0 || token >= vocabulary_size) {
        return Damaged(absl::StrCat("token ", token, " is not in [0, ",
                                    vocabulary_size, ")"));
      }
      tokens.push_back(token);
    }
  }
  return tokens;
}

Status CheckSameSetup(const SessionHeader& saved, const SessionHeader& own) {
  std::string_view what;
  if (saved.model_identity != own.model_identity) {
    what = "another model";
  } else if (saved.recipe != own.recipe) {
    what = "kernels that compute otherwise";
  } else if (saved.kv_type != own.kv_type ||
             saved.page_tokens != own.page_tokens ||
             saved.page_bytes != own.page_bytes) {
    what = "another format of the cache";
  } else {
    return OkStatus();
  }
  return absl::FailedPreconditionError(
      absl::StrCat("the session was saved with ", what, " (", saved.recipe,
                   "; here ", own.recipe, ")"));
}

}  // namespace inlay::engine
