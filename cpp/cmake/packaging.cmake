# The manual page, and packages: `cpack` in the build folder makes a .tar.gz of
# everything, a .deb with the library and the command, and a -dev .deb.
if(NOT TARGET inlay)
  return()
endif()

# The library has its C++ runtime inside already; so has the command, that both
# run where nothing is installed but the C library.
if(TARGET inlay_command AND NOT APPLE AND NOT MSVC)
  target_link_options(inlay_command PRIVATE -static-libstdc++ -static-libgcc)
endif()

install(FILES ${PROJECT_SOURCE_DIR}/cpp/cmake/manual/inlay.1
  DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT runtime)

set(CPACK_PACKAGE_NAME inlay)
set(CPACK_PACKAGE_VENDOR "Inlay")
set(CPACK_PACKAGE_CONTACT "The Inlay developers <developers@inlay.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY
  "Language model inference inside an application")
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_GENERATOR "TGZ;DEB")
set(CPACK_STRIP_FILES ON)
set(CPACK_ARCHIVE_COMPONENT_INSTALL OFF)
set(CPACK_PACKAGE_FILE_NAME
  "inlay-${PROJECT_VERSION}-linux-${CMAKE_SYSTEM_PROCESSOR}")

# Two packages: what programs need, and what their makers need besides.
set(CPACK_COMPONENTS_ALL runtime development)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME inlay)
set(CPACK_DEBIAN_RUNTIME_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SHLIBDEPS OFF)
# The newest symbol of the C library that the linker took; a test compares.
set(CPACK_DEBIAN_RUNTIME_PACKAGE_DEPENDS "libc6 (>= 2.36)")
# Packages of programs that were linked to the library depend on this one.
file(WRITE ${PROJECT_BINARY_DIR}/debian/shlibs
  "libinlay ${INLAY_SOVERSION} inlay (>= ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})\n")
set(CPACK_DEBIAN_RUNTIME_PACKAGE_CONTROL_EXTRA
  ${CMAKE_CURRENT_LIST_DIR}/debian/triggers ${PROJECT_BINARY_DIR}/debian/shlibs)
# Copyright, changelog and what else Debian asks for.
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_LIST_DIR}/debian/prepare.cmake)
set(CPACK_INLAY_DEBIAN_DIR ${CMAKE_CURRENT_LIST_DIR}/debian)
set(CPACK_INLAY_SOURCE_DIR ${PROJECT_SOURCE_DIR})
set(CPACK_COMPONENT_RUNTIME_DESCRIPTION
  "The library and the command\n Needs nothing but the C library.")
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME inlay-dev)
set(CPACK_DEBIAN_DEVELOPMENT_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS
  "inlay (= ${PROJECT_VERSION})")
set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION
  "Headers, CMake package and pkg-config file\n For C99 and C++17.")
if(INLAY_BUILD_DOCS)
  list(APPEND CPACK_COMPONENTS_ALL documentation)
  set(CPACK_DEBIAN_DOCUMENTATION_PACKAGE_NAME inlay-doc)
  set(CPACK_DEBIAN_DOCUMENTATION_FILE_NAME DEB-DEFAULT)
  set(CPACK_DEBIAN_DOCUMENTATION_PACKAGE_SECTION doc)
  set(CPACK_DEBIAN_DOCUMENTATION_PACKAGE_ARCHITECTURE all)
  set(CPACK_COMPONENT_DOCUMENTATION_DESCRIPTION
    "Guide and reference\n Open /usr/share/doc/inlay/html/index.html.")
endif()
include(CPack)
