# The site: `cmake --build build --target docs` writes it to docs/html in the
# build folder. -DINLAY_BUILD_DOCS=ON builds it with everything else, installs it,
# and makes a package of it.
find_package(Doxygen 1.9.4 QUIET)
find_package(Python3 QUIET COMPONENTS Interpreter)
if(NOT DOXYGEN_FOUND OR NOT Python3_FOUND)
  if(INLAY_BUILD_DOCS)
    message(FATAL_ERROR "INLAY_BUILD_DOCS needs Doxygen 1.9.4 and Python 3")
  endif()
  return()
endif()

set(site ${PROJECT_BINARY_DIR}/docs)
set(all_or_not)
if(INLAY_BUILD_DOCS)
  set(all_or_not ALL)
endif()
# Built anew each time: it takes seconds, and pages may come and go.
add_custom_target(docs ${all_or_not}
  COMMAND ${CMAKE_COMMAND} -E rm -rf ${site}/html
  COMMAND ${CMAKE_COMMAND} -E make_directory ${site}
  COMMAND ${CMAKE_COMMAND} -E env INLAY_DOCS_OUT=${site}
    INLAY_DOCS_SOURCE=${PROJECT_SOURCE_DIR}
    INLAY_DOCS_VERSION=${PROJECT_VERSION}
    $<TARGET_FILE:Doxygen::doxygen> ${PROJECT_SOURCE_DIR}/docs/site/Doxyfile
  COMMENT "Writing the site to ${site}/html"
  VERBATIM)
if(INLAY_BUILD_DOCS)
  install(DIRECTORY ${site}/html DESTINATION ${CMAKE_INSTALL_DOCDIR}
    COMPONENT documentation)
endif()
