# inlay_library(NAME DEPS...): one static library of all .cc files in this
# folder (not its subfolders); a name that ends in an instruction set, as
# *_avx2.cc, gets its flags.
set(INLAY_WARNINGS -Wall -Wextra -Wconversion -Wno-sign-conversion -Wno-unused-parameter
  -Wno-missing-field-initializers)
set(INLAY_NO_FALSE_ALARMS)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # -Wrestrict: std::string concatenation (GCC bug 105651). The other: inside
  # the compiler's own AVX-512 header.
  list(APPEND INLAY_WARNINGS -Wno-restrict)
  set(INLAY_NO_FALSE_ALARMS -Wno-maybe-uninitialized)
endif()
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  set(INLAY_ISAS avx2 avxvnni avx512 avx512bf16 amx)
  set(INLAY_FLAGS_avx2 -mavx2 -mfma -mf16c -mbmi2)
  set(INLAY_FLAGS_avxvnni ${INLAY_FLAGS_avx2} -mavxvnni)
  set(INLAY_FLAGS_avx512 ${INLAY_FLAGS_avx2} -mavx512f -mavx512bw -mavx512vl -mavx512dq
    -mavx512vnni ${INLAY_NO_FALSE_ALARMS})
  set(INLAY_FLAGS_avx512bf16 ${INLAY_FLAGS_avx512} -mavx512bf16)
  set(INLAY_FLAGS_amx ${INLAY_FLAGS_avx512bf16} -mamx-tile -mamx-int8 -mamx-bf16)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
  set(INLAY_ISAS neon i8mm)
  set(INLAY_NEON_SCHEDULE)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # Moving loads ahead before registers are given out makes the sums of a tile
    # spill.
    set(INLAY_NEON_SCHEDULE -fno-schedule-insns)
  endif()
  set(INLAY_FLAGS_neon -march=armv8.2-a+dotprod+fp16 ${INLAY_NEON_SCHEDULE})
  set(INLAY_FLAGS_i8mm -march=armv8.2-a+dotprod+fp16+i8mm+bf16 ${INLAY_NEON_SCHEDULE})
endif()

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
  foreach(isa ${INLAY_ISAS})
    foreach(source ${sources})
      if(source MATCHES "_${isa}\\.cc$")
        set_source_files_properties(${source} PROPERTIES COMPILE_OPTIONS "${INLAY_FLAGS_${isa}}")
      endif()
    endforeach()
  endforeach()
endfunction()
