# CPack runs this before it packs: what Debian's rules ask of every package, in
# its staging folders. The archive stays as `cmake --install` makes it.
if(NOT CPACK_GENERATOR STREQUAL "DEB")
  return()
endif()

function(compress file)
  execute_process(COMMAND gzip -9n ${file} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

foreach(component ${CPACK_COMPONENTS_ALL})
  string(TOUPPER ${component} upper)
  set(package ${CPACK_DEBIAN_${upper}_PACKAGE_NAME})
  set(prefix ${CPACK_TEMPORARY_INSTALL_DIRECTORY}/${component}/usr)
  if(NOT IS_DIRECTORY ${prefix})
    message(FATAL_ERROR "no staging folder ${prefix}")
  endif()
  set(documents ${prefix}/share/doc/${package})
  file(COPY ${CPACK_INLAY_DEBIAN_DIR}/copyright ${CPACK_INLAY_DEBIAN_DIR}/changelog
    DESTINATION ${documents})
  compress(${documents}/changelog)
  if(component STREQUAL "runtime")
    configure_file(${CPACK_INLAY_SOURCE_DIR}/CHANGELOG.md ${documents}/NEWS COPYONLY)
    compress(${documents}/NEWS)
  endif()

  file(STRINGS ${CPACK_INLAY_DEBIAN_DIR}/overrides overrides
    REGEX "^${package}: ")
  if(overrides)
    string(REPLACE ";" "\n" overrides "${overrides}")
    file(WRITE ${prefix}/share/lintian/overrides/${package} "${overrides}\n")
  endif()

  file(GLOB manuals ${prefix}/share/man/man*/*.?)
  foreach(manual ${manuals})
    compress(${manual})
  endforeach()
endforeach()
