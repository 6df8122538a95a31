# utf8proc and simdjson are one source file each.
add_library(inlay_utf8proc STATIC ${SOURCES}/utf8proc/utf8proc.c)
target_compile_definitions(inlay_utf8proc PRIVATE UTF8PROC_STATIC)
install(TARGETS inlay_utf8proc ARCHIVE DESTINATION lib)
install(FILES ${SOURCES}/utf8proc/utf8proc.h DESTINATION include)
install(FILES ${SOURCES}/utf8proc/LICENSE.md DESTINATION licenses
  RENAME utf8proc.txt)

add_library(inlay_simdjson STATIC simdjson.cc)
target_include_directories(inlay_simdjson PRIVATE
  ${SOURCES}/simdjson/singleheader)
# The users of the header get the same definitions (dependencies_pinned.cmake).
target_compile_definitions(inlay_simdjson PRIVATE ${SIMDJSON_DEFINITIONS})
install(TARGETS inlay_simdjson ARCHIVE DESTINATION lib)
install(FILES ${SOURCES}/simdjson/singleheader/simdjson.h DESTINATION include)
install(FILES ${SOURCES}/simdjson/LICENSE DESTINATION licenses
  RENAME simdjson.txt)
