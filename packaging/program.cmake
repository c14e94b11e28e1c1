# The program and what it finds at run time, relative to itself.

# DT_RPATH rather than DT_RUNPATH: it also holds for what the bundled libraries need in turn.
target_link_options(ipw PRIVATE -Wl,--disable-new-dtags)
set_target_properties(ipw PROPERTIES INSTALL_RPATH "$ORIGIN/../lib/ipw")
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64" AND NOT IPW_SANITIZE)
  target_sources(ipw PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}/older_glibc.c")
  target_link_options(ipw PRIVATE -Wl,--export-dynamic-symbol=arc4random)
endif()
install(TARGETS ipw RUNTIME DESTINATION bin COMPONENT runtime)

file(GLOB ipw_engine_libraries "${IPW_LLAMA_DIR}/*.so")
install(FILES ${ipw_engine_libraries} DESTINATION lib/ipw COMPONENT runtime)

# The build tree looks like an installation: ipw/cli/ipw finds ipw/share/ipw/models.
file(MAKE_DIRECTORY "${PROJECT_BINARY_DIR}/ipw/share/ipw")
file(CREATE_LINK "${PROJECT_SOURCE_DIR}/models" "${PROJECT_BINARY_DIR}/ipw/share/ipw/models"
     SYMBOLIC)
install(DIRECTORY "${PROJECT_SOURCE_DIR}/models" DESTINATION share/ipw COMPONENT runtime OPTIONAL)
install(DIRECTORY "${PROJECT_SOURCE_DIR}/data" DESTINATION share/ipw COMPONENT runtime)
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" "${PROJECT_SOURCE_DIR}/README.md"
              "${PROJECT_SOURCE_DIR}/CHANGELOG.md"
        DESTINATION share/doc/ipw COMPONENT runtime)
install(DIRECTORY "${PROJECT_SOURCE_DIR}/docs" DESTINATION share/doc/ipw COMPONENT runtime
        FILES_MATCHING PATTERN "*.md")

# Made by the program itself, so that they never differ from it.
set(ipw_manual "${CMAKE_CURRENT_BINARY_DIR}/ipw.1")
set(ipw_completion "${CMAKE_CURRENT_BINARY_DIR}/completion/ipw")
add_custom_command(OUTPUT "${ipw_manual}"
  COMMAND Python3::Interpreter "${CMAKE_CURRENT_SOURCE_DIR}/manual.py" "$<TARGET_FILE:ipw>"
          "${ipw_manual}"
  DEPENDS ipw manual.py COMMENT "Writing the manual page" VERBATIM)
file(MAKE_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}/completion")
add_custom_command(OUTPUT "${ipw_completion}"
  COMMAND "$<TARGET_FILE:ipw>" completion bash > "${ipw_completion}"
  DEPENDS ipw COMMENT "Writing the completion" VERBATIM)
add_custom_target(ipw_manual ALL DEPENDS "${ipw_manual}" "${ipw_completion}")
install(FILES "${ipw_manual}" DESTINATION share/man/man1 COMPONENT runtime)
install(FILES "${ipw_completion}" DESTINATION share/bash-completion/completions COMPONENT runtime)

# The sensor daemon's units. The service names the program without its folder, which systemd looks
# for in /usr/local/bin and /usr/bin.
install(FILES systemd/ipw-energy.service systemd/ipw-energy.socket
        DESTINATION lib/systemd/system COMPONENT runtime)
install(FILES systemd/ipw.sysusers.conf DESTINATION lib/sysusers.d RENAME ipw.conf COMPONENT runtime)
