# Defines inlay_dep_absl, inlay_dep_protobuf, inlay_dep_pcre2,
# inlay_dep_simdjson, inlay_dep_utf8proc and INLAY_PROTOC.
if(INLAY_SYSTEM_DEPS)
  include(dependencies_system)
else()
  include(dependencies_pinned)
endif()

# The schema compiler must be of the runtime's version: generated code checks.
if(NOT INLAY_PROTOC)
  find_program(INLAY_PROTOC protoc)
endif()
if(NOT INLAY_PROTOC)
  message(FATAL_ERROR "protoc ${INLAY_PROTOBUF_VERSION} is missing "
    "(Debian package protobuf-compiler); or pass -DINLAY_PROTOC=PATH")
endif()
execute_process(COMMAND ${INLAY_PROTOC} --version
  OUTPUT_VARIABLE protoc_version OUTPUT_STRIP_TRAILING_WHITESPACE)
if(NOT protoc_version STREQUAL "libprotoc ${INLAY_PROTOBUF_VERSION}")
  message(FATAL_ERROR "${INLAY_PROTOC} is '${protoc_version}', but Protobuf "
    "${INLAY_PROTOBUF_VERSION} is linked: install that version (Debian 12: "
    "protobuf-compiler), or pass -DINLAY_PROTOC=PATH")
endif()
