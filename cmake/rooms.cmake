# One static library per folder of ipw/, linking exactly the edges of floors.txt.

set(IPW_FLOORS_FILE "${CMAKE_CURRENT_LIST_DIR}/floors.txt")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${IPW_FLOORS_FILE}")

# ipw_room(NAME [third-party libraries…]): called by ipw/NAME/CMakeLists.txt. Takes every x.cpp of
# the folder; x_test.cpp go into ipw_NAME_test, each x_fuzz.cpp into a fuzzer of its own.
function(ipw_room room)
  file(GLOB sources CONFIGURE_DEPENDS "*.cpp")
  set(tests ${sources})
  set(fuzzers ${sources})
  list(FILTER sources EXCLUDE REGEX "(_test|_fuzz|/main)\\.cpp$")
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cpp$")

  add_library(ipw_${room} STATIC ${sources})
  add_library(ipw::${room} ALIAS ipw_${room})
  set_property(GLOBAL APPEND PROPERTY IPW_ROOMS ${room})
  set_target_properties(ipw_${room} PROPERTIES EXPORT_NAME ${room})
  target_compile_features(ipw_${room} PUBLIC cxx_std_23)
  target_include_directories(ipw_${room} PUBLIC "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>"
                                                "$<INSTALL_INTERFACE:include>")
  foreach(below IN LISTS IPW_EDGES_${room})
    target_link_libraries(ipw_${room} PUBLIC ipw_${below})
  endforeach()
  target_link_libraries(ipw_${room} PRIVATE ${ARGN})

  if(IPW_TESTS AND tests)
    add_executable(ipw_${room}_test ${tests})
    target_link_libraries(ipw_${room}_test PRIVATE ipw_${room} ${ARGN} GTest::gtest_main
                                                   GTest::gmock)
    ipw_compile_quickly(ipw_${room}_test)
    target_compile_definitions(ipw_${room}_test PRIVATE
      IPW_SOURCE_DIR="${PROJECT_SOURCE_DIR}" IPW_BINARY_DIR="${PROJECT_BINARY_DIR}")
    gtest_discover_tests(ipw_${room}_test TEST_PREFIX "${room}." DISCOVERY_TIMEOUT 60
                         PROPERTIES LABELS ${room})
  endif()
  if(IPW_FUZZ)
    foreach(fuzzer IN LISTS fuzzers)
      get_filename_component(name "${fuzzer}" NAME_WE)
      add_executable(${room}_${name} "${fuzzer}")
      target_link_libraries(${room}_${name} PRIVATE ipw_${room} ${ARGN})
      target_link_options(${room}_${name} PRIVATE -fsanitize=fuzzer)
      set_property(GLOBAL APPEND PROPERTY IPW_FUZZERS ${room}_${name})
    endforeach()
  endif()
endfunction()

# Reads floors.txt from the bottom up and adds every folder that stands there.
function(ipw_add_rooms)
  file(STRINGS "${IPW_FLOORS_FILE}" lines REGEX "^[a-z]+:")
  foreach(line IN LISTS lines)
    string(REGEX MATCH "^([a-z]+):(.*)$" matched "${line}")
    set(room "${CMAKE_MATCH_1}")
    separate_arguments(edges UNIX_COMMAND "${CMAKE_MATCH_2}")
    set(IPW_EDGES_${room} ${edges})
    add_subdirectory("${PROJECT_SOURCE_DIR}/ipw/${room}" "${PROJECT_BINARY_DIR}/ipw/${room}")
  endforeach()
endfunction()
