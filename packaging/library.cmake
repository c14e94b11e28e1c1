# find_package(ipw): one static library per folder that a program may use, which are all but the
# command itself.
get_property(ipw_rooms GLOBAL PROPERTY IPW_ROOMS)
list(REMOVE_ITEM ipw_rooms cli)
list(TRANSFORM ipw_rooms PREPEND ipw_ OUTPUT_VARIABLE ipw_libraries)

set(ipw_config "${CMAKE_INSTALL_LIBDIR}/cmake/ipw")
set(IPW_LLAMA_DEPENDENCY "")
if(NOT IPW_LLAMA_DIR)
  set(IPW_LLAMA_DEPENDENCY "find_dependency(llama ${IPW_LLAMA_TESTED} EXACT)")
endif()
install(TARGETS ${ipw_libraries} ipw_llama EXPORT ipwTargets
        ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT development)
install(EXPORT ipwTargets NAMESPACE ipw:: DESTINATION "${ipw_config}" COMPONENT development)
foreach(room IN LISTS ipw_rooms)
  install(DIRECTORY "${PROJECT_SOURCE_DIR}/ipw/${room}" DESTINATION include/ipw
          COMPONENT development
          FILES_MATCHING PATTERN "*.h" PATTERN "*_test.h" EXCLUDE PATTERN "*_fuzz.h" EXCLUDE)
endforeach()

configure_package_config_file(ipwConfig.cmake.in "${CMAKE_CURRENT_BINARY_DIR}/ipwConfig.cmake"
                              INSTALL_DESTINATION "${ipw_config}")
write_basic_package_version_file("${CMAKE_CURRENT_BINARY_DIR}/ipwConfigVersion.cmake"
                                 COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/ipwConfig.cmake"
              "${CMAKE_CURRENT_BINARY_DIR}/ipwConfigVersion.cmake"
        DESTINATION "${ipw_config}" COMPONENT development)
