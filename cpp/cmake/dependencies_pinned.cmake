# The pinned sources of dependencies.lock, built once per compiler into
# INLAY_CACHE_DIR and shared by all build folders.
set(lock_file ${CMAKE_CURRENT_LIST_DIR}/dependencies.lock)
set(third_party ${CMAKE_CURRENT_LIST_DIR}/third_party)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${lock_file})
set(INLAY_SIMDJSON_DEFINITIONS SIMDJSON_IMPLEMENTATION_HASWELL=0
  SIMDJSON_IMPLEMENTATION_WESTMERE=0 SIMDJSON_IMPLEMENTATION_ARM64=0
  SIMDJSON_IMPLEMENTATION_PPC64=0 SIMDJSON_IMPLEMENTATION_ICELAKE=0
  SIMDJSON_IMPLEMENTATION_FALLBACK=1 SIMDJSON_EXCEPTIONS=0)

set(cache_dir ${PROJECT_SOURCE_DIR}/.cache)
execute_process(COMMAND test -w ${PROJECT_SOURCE_DIR} RESULT_VARIABLE readonly)
if(readonly)
  set(cache_dir ${PROJECT_BINARY_DIR}/.cache)
endif()
set(INLAY_CACHE_DIR ${cache_dir} CACHE PATH
  "Where dependencies are downloaded and built")
set(INLAY_DEPENDENCY_SOURCES "" CACHE PATH
  "A folder with the tarballs of dependencies.lock, to build offline")

# The thread sanitizer must see the atomics inside the dependencies; the
# address sanitizer is content with plain ones.
set(third_party_flags "-O2 -DNDEBUG")
if(INLAY_SANITIZE MATCHES "thread")
  string(APPEND third_party_flags " -g1 -fsanitize=thread")
endif()

# The prefix is named by everything that goes into it.
file(GLOB recipe LIST_DIRECTORIES false ${third_party}/*)
list(SORT recipe)
set(recipe_text "${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION} \
${CMAKE_SYSTEM_PROCESSOR} ${third_party_flags} ${INLAY_SIMDJSON_DEFINITIONS}")
foreach(file ${lock_file} ${recipe})
  file(SHA256 ${file} hash)
  string(APPEND recipe_text " ${hash}")
endforeach()
string(SHA256 recipe_hash "${recipe_text}")
string(SUBSTRING ${recipe_hash} 0 12 recipe_hash)
set(INLAY_DEPS_PREFIX ${INLAY_CACHE_DIR}/deps-${recipe_hash})

# Runs one quiet step; its output goes to a log that is shown on failure.
function(inlay_third_party_step what log)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result
    OUTPUT_FILE ${log} ERROR_FILE ${log})
  if(result)
    file(READ ${log} text)
    string(LENGTH "${text}" length)
    if(length GREATER 4000)
      math(EXPR start "${length} - 4000")
      string(SUBSTRING "${text}" ${start} -1 text)
    endif()
    message(FATAL_ERROR "${what} failed:\n${text}")
  endif()
endfunction()

function(inlay_unpack_dependencies folder)
  file(STRINGS ${lock_file} lines REGEX "^[^#]")
  foreach(line ${lines})
    string(REGEX REPLACE "[ \t]+" ";" fields "${line}")
    list(GET fields 0 name)
    list(GET fields 2 tarball)
    file(REMOVE_RECURSE ${folder}/unpacked ${folder}/${name})
    file(ARCHIVE_EXTRACT INPUT ${INLAY_CACHE_DIR}/sources/${tarball}
      DESTINATION ${folder}/unpacked)
    file(GLOB top ${folder}/unpacked/*)
    file(RENAME ${top} ${folder}/${name})
  endforeach()
  file(REMOVE_RECURSE ${folder}/unpacked)
  # Our copy of Abseil lives in its own inline namespace: even a static link
  # with another copy of the same release cannot mix the two.
  set(options ${folder}/abseil/absl/base/options.h)
  file(READ ${options} text)
  string(REPLACE "NAMESPACE_NAME lts_20220623" "NAMESPACE_NAME inlay_lts_20220623"
    renamed "${text}")
  if(renamed STREQUAL text)
    message(FATAL_ERROR "${options} has another namespace than expected")
  endif()
  file(WRITE ${options} "${renamed}")
endfunction()

function(inlay_build_dependencies)
  set(work ${INLAY_CACHE_DIR}/work-${recipe_hash})
  file(MAKE_DIRECTORY ${work})
  message(STATUS "Fetching dependencies into ${INLAY_CACHE_DIR}/sources")
  execute_process(
    COMMAND bash ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/fetch_dependencies.sh
      ${lock_file} ${INLAY_CACHE_DIR}/sources ${INLAY_DEPENDENCY_SOURCES}
    RESULT_VARIABLE result)
  if(result)
    message(FATAL_ERROR "The dependencies could not be fetched (see above)")
  endif()
  inlay_unpack_dependencies(${work}/src)
  message(STATUS "Building dependencies (once; about two minutes on 2 cores)")
  string(REPLACE ";" "\\;" definitions "${INLAY_SIMDJSON_DEFINITIONS}")
  inlay_third_party_step("Configuring the dependencies" ${work}/configure.log
    ${CMAKE_COMMAND} -S ${third_party} -B ${work}/build -G ${CMAKE_GENERATOR}
    -DCMAKE_MAKE_PROGRAM=${CMAKE_MAKE_PROGRAM} -DSOURCES=${work}/src
    -DCMAKE_C_COMPILER=${CMAKE_C_COMPILER}
    -DCMAKE_CXX_COMPILER=${CMAKE_CXX_COMPILER}
    -DCMAKE_C_COMPILER_LAUNCHER=${CMAKE_C_COMPILER_LAUNCHER}
    -DCMAKE_CXX_COMPILER_LAUNCHER=${CMAKE_CXX_COMPILER_LAUNCHER}
    -DCMAKE_BUILD_TYPE=None -DCMAKE_C_FLAGS=${third_party_flags}
    -DCMAKE_CXX_FLAGS=${third_party_flags}
    -DSIMDJSON_DEFINITIONS=${definitions}
    -DCMAKE_INSTALL_PREFIX=${work}/prefix)
  cmake_host_system_information(RESULT cores QUERY NUMBER_OF_LOGICAL_CORES)
  execute_process(  # Not quiet: it takes minutes.
    COMMAND ${CMAKE_COMMAND} --build ${work}/build --parallel ${cores}
    RESULT_VARIABLE result)
  if(result)
    message(FATAL_ERROR "Building the dependencies failed (see above)")
  endif()
  inlay_third_party_step("Installing the dependencies" ${work}/install.log
    ${CMAKE_COMMAND} --install ${work}/build)
  file(REMOVE_RECURSE ${INLAY_DEPS_PREFIX})
  file(RENAME ${work}/prefix ${INLAY_DEPS_PREFIX})
  file(REMOVE_RECURSE ${work})
endfunction()

# The prefix appears in one rename, so its presence means that it is whole;
# the lock keeps build folders that are configured together from racing.
if(NOT EXISTS ${INLAY_DEPS_PREFIX})
  file(MAKE_DIRECTORY ${INLAY_CACHE_DIR})
  file(LOCK ${INLAY_CACHE_DIR}/lock-${recipe_hash} GUARD FILE TIMEOUT 1800)
  if(NOT EXISTS ${INLAY_DEPS_PREFIX})
    inlay_build_dependencies()
  endif()
  file(LOCK ${INLAY_CACHE_DIR}/lock-${recipe_hash} RELEASE)
endif()

find_package(Threads REQUIRED)
function(inlay_pinned name)
  add_library(inlay_dep_${name} INTERFACE)
  target_include_directories(inlay_dep_${name} SYSTEM INTERFACE
    ${INLAY_DEPS_PREFIX}/include)
  target_link_libraries(inlay_dep_${name} INTERFACE
    ${INLAY_DEPS_PREFIX}/lib/libinlay_${name}.a ${ARGN})
endfunction()
inlay_pinned(absl Threads::Threads)
inlay_pinned(protobuf Threads::Threads)
inlay_pinned(pcre2)
inlay_pinned(utf8proc)
inlay_pinned(simdjson)
target_compile_definitions(inlay_dep_pcre2 INTERFACE PCRE2_STATIC)
target_compile_definitions(inlay_dep_utf8proc INTERFACE UTF8PROC_STATIC)
target_compile_definitions(inlay_dep_simdjson INTERFACE
  ${INLAY_SIMDJSON_DEFINITIONS})
file(STRINGS ${lock_file} protobuf_line REGEX "^protobuf ")
string(REGEX MATCH "[0-9]+\\.[0-9]+\\.[0-9]+" INLAY_PROTOBUF_VERSION
  "${protobuf_line}")
