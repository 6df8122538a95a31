set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 11)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND
   CMAKE_CXX_COMPILER_VERSION VERSION_LESS 12)
  message(FATAL_ERROR "Inlay needs g++ 12 or newer; ${CMAKE_CXX_COMPILER} is "
    "version ${CMAKE_CXX_COMPILER_VERSION}")
endif()
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()
option(INLAY_BUILD_TESTS "Build the tests" OFF)
option(INLAY_BUILD_FUZZERS "Build the fuzz targets (needs clang)" OFF)
option(INLAY_BUILD_DOCS "Build and install the site (needs Doxygen)" OFF)
option(INLAY_SYSTEM_DEPS "Use the system's copies of all dependencies" OFF)
set(INLAY_SANITIZE "" CACHE STRING
  "Sanitizers, as -fsanitize= takes them: address,undefined or thread")

# Sections let the linker drop what nobody calls.
add_compile_options(-ffunction-sections -fdata-sections)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # Unique symbols would pin the library in memory after dlclose.
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-fno-gnu-unique>)
endif()
if(INLAY_SANITIZE)
  add_compile_options(-fsanitize=${INLAY_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${INLAY_SANITIZE})
endif()
if(INLAY_BUILD_FUZZERS)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "The fuzz targets need clang's libFuzzer: use the "
      "preset 'fuzz' (Debian: clang-14, libclang-rt-14-dev)")
  endif()
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
