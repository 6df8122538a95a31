# The lite runtime alone: the full one works in static initialisers.
set(protobuf_BUILD_TESTS OFF)
set(protobuf_BUILD_EXAMPLES OFF)
set(protobuf_BUILD_CONFORMANCE OFF)
set(protobuf_BUILD_PROTOC_BINARIES OFF)
set(protobuf_BUILD_SHARED_LIBS OFF)
set(protobuf_WITH_ZLIB OFF)
set(protobuf_INSTALL OFF)
add_subdirectory(${SOURCES}/protobuf protobuf EXCLUDE_FROM_ALL)

add_library(inlay_protobuf STATIC $<TARGET_OBJECTS:libprotobuf-lite>)
set_target_properties(inlay_protobuf PROPERTIES LINKER_LANGUAGE CXX)
install(TARGETS inlay_protobuf ARCHIVE DESTINATION lib)
install(DIRECTORY ${SOURCES}/protobuf/src/google DESTINATION include
  FILES_MATCHING PATTERN "*.h" PATTERN "*.inc"
  PATTERN "compiler" EXCLUDE PATTERN "testing" EXCLUDE)
install(FILES ${SOURCES}/protobuf/LICENSE DESTINATION licenses
  RENAME protobuf.txt)
