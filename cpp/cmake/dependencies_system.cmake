# The system's copies, for those who package Inlay for a distribution. On
# Debian: libabsl-dev (static), libprotobuf-dev, libpcre2-dev, libsimdjson-dev,
# libutf8proc-dev (shared). Promises that are then the system's to keep, not
# Inlay's: that no copy clashes with the host's, since they are one; that no
# environment variable is read, since simdjson's library reads
# SIMDJSON_FORCE_IMPLEMENTATION; and that what a library keeps for the life of
# the process goes with an unload.
find_package(absl REQUIRED)
find_package(Protobuf REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(PCRE2 REQUIRED IMPORTED_TARGET libpcre2-8)
pkg_check_modules(SIMDJSON REQUIRED IMPORTED_TARGET simdjson)
find_library(UTF8PROC utf8proc REQUIRED)
set(INLAY_PROTOBUF_VERSION ${Protobuf_VERSION})

add_library(inlay_dep_absl INTERFACE)
target_link_libraries(inlay_dep_absl INTERFACE absl::status absl::statusor
  absl::strings absl::flat_hash_map absl::flat_hash_set absl::span
  absl::function_ref absl::str_format absl::cord)
add_library(inlay_dep_protobuf INTERFACE)
target_link_libraries(inlay_dep_protobuf INTERFACE protobuf::libprotobuf-lite)
add_library(inlay_dep_pcre2 INTERFACE)
target_link_libraries(inlay_dep_pcre2 INTERFACE PkgConfig::PCRE2)
add_library(inlay_dep_simdjson INTERFACE)
target_link_libraries(inlay_dep_simdjson INTERFACE PkgConfig::SIMDJSON)
add_library(inlay_dep_utf8proc INTERFACE)
target_link_libraries(inlay_dep_utf8proc INTERFACE ${UTF8PROC})
