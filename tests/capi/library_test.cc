#include <inlay/inlay.h>

#include <cstring>
#include <fstream>
#include <set>
#include <string>

#include "gtest/gtest.h"

namespace {

TEST(LibraryTest, TellsItsVersions) {
  EXPECT_STREQ(inlay_version(), INLAY_VERSION_STRING);
  EXPECT_EQ(inlay_abi_version(), static_cast<uint32_t>(INLAY_ABI_VERSION));
  EXPECT_NE(std::string(inlay_build_info()).find(INLAY_VERSION_STRING),
            std::string::npos);
  EXPECT_EQ(inlay_has_feature("cpu"), 1);
  EXPECT_EQ(inlay_has_feature("telemetry"), 0);
  EXPECT_EQ(inlay_has_feature(""), 0);
}

TEST(LibraryTest, GetProcKnowsExactlyTheExportedNames) {
  std::ifstream file(INLAY_SOURCE_DIR "/capi/api/generated/symbols.txt");
  std::set<inlay_proc> addresses;
  size_t names = 0;
  for (std::string line; std::getline(file, line); ++names) {
    const inlay_proc proc = inlay_get_proc(line.c_str());
    ASSERT_NE(proc, nullptr) << line;
    addresses.insert(proc);
  }
  EXPECT_GT(names, 50u);
  EXPECT_EQ(addresses.size(), names);
  EXPECT_EQ(inlay_get_proc("inlay_no_such_function"), nullptr);
  EXPECT_EQ(inlay_get_proc(""), nullptr);
  EXPECT_EQ(inlay_get_proc(nullptr), nullptr);
  const auto version =
      reinterpret_cast<const char* (*)(void)>(inlay_get_proc("inlay_version"));
  EXPECT_STREQ(version(), INLAY_VERSION_STRING);
}

TEST(LibraryTest, NamesEveryStatus) {
  EXPECT_STREQ(inlay_status_name(INLAY_OK), "INLAY_OK");
  std::set<std::string> names;
  for (inlay_status s = 0; s <= INLAY_ERR_FORKED; ++s) {
    names.insert(inlay_status_name(s));
  }
  EXPECT_EQ(names.size(), static_cast<size_t>(INLAY_ERR_FORKED) + 1);
  EXPECT_EQ(names.count("INLAY_ERR_?"), 0u);
  for (const inlay_status s :
       {-1, INLAY_ERR_FORKED + 1, INT32_MAX, INT32_MIN}) {
    EXPECT_STREQ(inlay_status_name(s), "INLAY_ERR_?");
  }
}

TEST(LibraryTest, StructSizesAreThoseOfTheHeader) {
#define INLAY_STRUCT(type) EXPECT_EQ(inlay_struct_size(#type), sizeof(type));
#include "capi/api/generated/struct_list.inc"
#undef INLAY_STRUCT
  EXPECT_EQ(inlay_struct_size("inlay_nothing"), 0u);
  EXPECT_EQ(inlay_struct_size(nullptr), 0u);
}

TEST(LibraryTest, StructInitDoesWhatTheMacroDoes) {
  inlay_request made, given = INLAY_REQUEST_INIT;
  std::memset(&made, 0xFF, sizeof(made));
  inlay_struct_init(&made, sizeof(made));
  EXPECT_EQ(std::memcmp(&made, &given, sizeof(made)), 0);
  inlay_struct_init(&made, 3);
  inlay_struct_init(nullptr, sizeof(made));
  EXPECT_EQ(made.struct_size, sizeof(made));
}

}  // namespace
