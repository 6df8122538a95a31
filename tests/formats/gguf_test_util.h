// Shared by the tests of the GGUF parser.
#ifndef INLAY_TESTS_FORMATS_GGUF_TEST_UTIL_H_
#define INLAY_TESTS_FORMATS_GGUF_TEST_UTIL_H_

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "cpp/formats/gguf.h"
#include "tests/formats/gguf_builder.h"

namespace inlay::formats {

inline StatusOr<std::shared_ptr<const ModelFile>> Parse(
    const std::vector<uint8_t>& file, const GgufLimits& limits = {}) {
  auto bytes = std::make_shared<std::vector<uint8_t>>(file);
  INLAY_ASSIGN_OR_RETURN(std::shared_ptr<io::Source> source,
                         io::OpenMemory(*bytes, [bytes] {}));
  return ParseGguf(std::move(source), limits);
}

inline std::vector<uint8_t> ReadSmallGolden() {
  std::ifstream file(INLAY_SOURCE_DIR "/tests/goldens/formats/small.gguf",
                     std::ios::binary);
  return std::vector<uint8_t>(std::istreambuf_iterator<char>(file), {});
}

// A file with every kind of value and a few tensors.
inline GgufBuilder SmallModel() {
  GgufBuilder builder;
  builder.String("general.architecture", "llama")
      .U32("general.alignment", 32)
      .Scalar<uint8_t>("v.u8", kGgufU8, 250)
      .Scalar<int8_t>("v.i8", kGgufI8, -5)
      .Scalar<uint16_t>("v.u16", kGgufU16, 65000)
      .Scalar<int16_t>("v.i16", kGgufI16, -300)
      .Scalar<int32_t>("v.i32", kGgufI32, -70000)
      .Scalar<uint64_t>("v.u64", kGgufU64, uint64_t{1} << 63)
      .Scalar<int64_t>("v.i64", kGgufI64, -(int64_t{1} << 40))
      .F32("v.f32", 0.5f)
      .Scalar<double>("v.f64", kGgufF64, 1e300)
      .Bool("v.bool", true)
      .Array<uint32_t>("a.u32", kGgufU32, {1, 2, 3})
      .Array<float>("a.f32", kGgufF32, {0.5f, -2.0f})
      .Array<uint8_t>("a.bool", kGgufBool, {1, 0})
      .Strings("a.string", {"<s>", "", "hello"});
  builder.FloatTensor("output_norm.weight", {4}, {1, 2, 3, 4})
      .Tensor("token_embd.weight", 8, {32, 3}, std::vector<uint8_t>(3 * 34, 7))
      .Tensor("rope_freqs.weight", 28, {2}, std::vector<uint8_t>(16));
  return builder;
}

}  // namespace inlay::formats

#endif  // INLAY_TESTS_FORMATS_GGUF_TEST_UTIL_H_
