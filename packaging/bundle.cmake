# A package that runs where nothing is installed: the shared libraries that the program takes from
# this system, but for glibc and libgcc_s, and the licences of all that is in it.
# docs/adr/0008-package.md says why so.

install(CODE "
  set(program \"$<TARGET_FILE:ipw>\")
  set(engine \"${IPW_LLAMA_DIR}\")
  set(engine_source \"${IPW_LLAMA_SOURCE}\")
  set(source \"${PROJECT_SOURCE_DIR}\")
  set(python \"${Python3_EXECUTABLE}\")
  set(work \"${CMAKE_CURRENT_BINARY_DIR}\")
" COMPONENT bundled EXCLUDE_FROM_ALL)
install(SCRIPT bundle_install.cmake COMPONENT bundled EXCLUDE_FROM_ALL)

set(CPACK_GENERATOR TGZ DEB)
set(CPACK_PACKAGE_NAME ipw)
set(CPACK_PACKAGE_VENDOR "the ipw project")
set(CPACK_PACKAGE_CONTACT "ipw maintainers <maintainers@ipw.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "measures what a language model answers and what that costs in joules")
set(CPACK_PACKAGE_DESCRIPTION "Profiles a GGUF model on a question set and shows accuracy, joules, seconds and
dollars with intervals, and where every joule comes from.")
set(CPACK_PACKAGE_FILE_NAME "ipw-${PROJECT_VERSION}-linux-x86_64")
set(CPACK_PACKAGE_DIRECTORY "${PROJECT_BINARY_DIR}/dist")
set(CPACK_INSTALL_CMAKE_PROJECTS "${PROJECT_BINARY_DIR};ipw;runtime;/"
                                 "${PROJECT_BINARY_DIR};ipw;bundled;/")
set(CPACK_STRIP_FILES ON)
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "libc6 (>= 2.34), libgcc-s1")
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_THREADS 0)
include(CPack)

# Made again only when something in them changed.
set(ipw_packages "${CPACK_PACKAGE_DIRECTORY}/ipw-${PROJECT_VERSION}-linux-x86_64.tar.gz"
                 "${CPACK_PACKAGE_DIRECTORY}/ipw_${PROJECT_VERSION}_amd64.deb")
file(GLOB_RECURSE ipw_package_files CONFIGURE_DEPENDS
     "${PROJECT_SOURCE_DIR}/models/*" "${PROJECT_SOURCE_DIR}/data/*" "${PROJECT_SOURCE_DIR}/docs/*.md")
add_custom_command(OUTPUT ${ipw_packages}
  COMMAND "${CMAKE_CPACK_COMMAND}" --config "${PROJECT_BINARY_DIR}/CPackConfig.cmake"
  DEPENDS ipw "${ipw_manual}" "${ipw_completion}" ${ipw_package_files}
          ${ipw_engine_libraries} bundle_install.cmake licences.py older_version.py
          "${PROJECT_SOURCE_DIR}/README.md" "${PROJECT_SOURCE_DIR}/CHANGELOG.md"
  COMMENT "Packing" VERBATIM)
add_custom_target(ipw_packages DEPENDS ${ipw_packages})
