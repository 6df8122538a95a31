# inlay_library(NAME DEPS...): one static library of all .cc files in this
# folder (not its subfolders); *_avx2.cc and *_avx512.cc get their own flags.
set(INLAY_WARNINGS -Wall -Wextra -Wconversion -Wno-sign-conversion -Wno-unused-parameter
  -Wno-missing-field-initializers)
set(INLAY_NO_FALSE_ALARMS)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # -Wrestrict: std::string concatenation (GCC bug 105651). The other: inside
  # the compiler's own AVX-512 header.
  list(APPEND INLAY_WARNINGS -Wno-restrict)
  set(INLAY_NO_FALSE_ALARMS -Wno-maybe-uninitialized)
endif()
set(INLAY_AVX2_FLAGS -mavx2 -mfma -mf16c -mbmi2)
set(INLAY_AVX512_FLAGS ${INLAY_AVX2_FLAGS} -mavx512f -mavx512bw -mavx512vl -mavx512dq
  -mavx512vnni -mavx512bf16 -mavx512vbmi -mavx512vbmi2
  ${INLAY_NO_FALSE_ALARMS})

function(inlay_library name)
  file(GLOB sources CONFIGURE_DEPENDS *.cc)
  if(NOT sources)  # headers only
    add_library(${name} INTERFACE)
    target_include_directories(${name} INTERFACE ${PROJECT_SOURCE_DIR})
    target_link_libraries(${name} INTERFACE ${ARGN})
    return()
  endif()
  add_library(${name} STATIC ${sources})
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR})
  target_compile_options(${name} PRIVATE ${INLAY_WARNINGS} -ffp-contract=off)
  target_link_libraries(${name} PUBLIC ${ARGN})
  set_target_properties(${name} PROPERTIES LINKER_LANGUAGE CXX)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    foreach(source ${sources})
      if(source MATCHES "_avx2\\.cc$")
        set_source_files_properties(${source} PROPERTIES COMPILE_OPTIONS "${INLAY_AVX2_FLAGS}")
      elseif(source MATCHES "_avx512\\.cc$")
        set_source_files_properties(${source} PROPERTIES COMPILE_OPTIONS "${INLAY_AVX512_FLAGS}")
      endif()
    endforeach()
  endif()
endfunction()
