# cmake --install: headers, library, command, CMake package, pkg-config file
# and the licences of everything linked in.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

if(NOT TARGET inlay)
  return()
endif()

install(DIRECTORY ${PROJECT_SOURCE_DIR}/capi/include/inlay
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development
  FILES_MATCHING PATTERN "*.h" PATTERN "*.hpp")
install(TARGETS inlay EXPORT InlayTargets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runtime
    NAMELINK_COMPONENT development
  INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
if(TARGET inlay_command)
  # The command finds the library beside it, wherever the prefix is moved.
  file(RELATIVE_PATH bin_to_lib /prefix/${CMAKE_INSTALL_BINDIR}
    /prefix/${CMAKE_INSTALL_LIBDIR})
  set_target_properties(inlay_command PROPERTIES
    INSTALL_RPATH $ORIGIN/${bin_to_lib})
  install(TARGETS inlay_command RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR}
    COMPONENT runtime)
endif()

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/Inlay)
install(EXPORT InlayTargets NAMESPACE Inlay:: DESTINATION ${package_dir}
  COMPONENT development)
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/InlayConfig.cmake.in
  ${PROJECT_BINARY_DIR}/InlayConfig.cmake INSTALL_DESTINATION ${package_dir}
  NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(
  ${PROJECT_BINARY_DIR}/InlayConfigVersion.cmake
  COMPATIBILITY SameMajorVersion)
install(FILES ${PROJECT_BINARY_DIR}/InlayConfig.cmake
  ${PROJECT_BINARY_DIR}/InlayConfigVersion.cmake DESTINATION ${package_dir}
  COMPONENT development)

file(RELATIVE_PATH pkgconfig_to_prefix
  /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
configure_file(${CMAKE_CURRENT_LIST_DIR}/inlay.pc.in
  ${PROJECT_BINARY_DIR}/inlay.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/inlay.pc
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT development)

install(FILES ${PROJECT_SOURCE_DIR}/LICENSE
  DESTINATION ${CMAKE_INSTALL_DATADIR}/licenses/inlay COMPONENT runtime)
if(INLAY_DEPS_PREFIX)
  install(DIRECTORY ${INLAY_DEPS_PREFIX}/licenses/
    DESTINATION ${CMAKE_INSTALL_DATADIR}/licenses/inlay/third_party
    COMPONENT runtime)
endif()

include(${CMAKE_CURRENT_LIST_DIR}/docs.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/packaging.cmake)
