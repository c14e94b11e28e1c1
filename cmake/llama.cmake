# Finds llama.cpp: a system install of a tested version if there is one, else the prebuilt libraries
# of the npm package pinned in engine/package-lock.json, with the headers of the same tag out of the
# source bundle that node-llama-cpp carries. Defines the target ipw_llama and IPW_LLAMA_DIR, the
# folder that holds the CPU variants.

set(IPW_LLAMA_TESTED 0.5.0)
set(IPW_LLAMA_MODULES "${PROJECT_SOURCE_DIR}/engine/node_modules" CACHE PATH
    "node_modules folder made by `npm install` in engine/")

find_package(llama ${IPW_LLAMA_TESTED} EXACT QUIET CONFIG)
add_library(ipw_llama INTERFACE)
if(llama_FOUND)
  target_link_libraries(ipw_llama INTERFACE llama ggml ggml-base)
  set(IPW_LLAMA_DIR "" CACHE INTERNAL "")
  message(STATUS "llama.cpp: system install ${llama_VERSION}")
  return()
endif()

if(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
  set(ipw_llama_platform linux-arm64)
else()
  set(ipw_llama_platform linux-x64)
endif()
set(ipw_llama_bundle "${IPW_LLAMA_MODULES}/node-llama-cpp/llama/gitRelease.bundle")
set(IPW_LLAMA_DIR "${IPW_LLAMA_MODULES}/@node-llama-cpp/${ipw_llama_platform}/bins/${ipw_llama_platform}"
    CACHE INTERNAL "Folder of the prebuilt llama.cpp libraries")
if(NOT EXISTS "${ipw_llama_bundle}" OR NOT EXISTS "${IPW_LLAMA_DIR}/libllama.v${IPW_LLAMA_TESTED}.so")
  message(FATAL_ERROR "llama.cpp ${IPW_LLAMA_TESTED} is not there: run `make setup`, or "
                      "`npm install --no-save --omit=optional --ignore-scripts` in engine/")
endif()

# The headers of the same tag, with its licences for the package and llama-bench for the benchmark,
# checked out once.
set(IPW_LLAMA_SOURCE "${PROJECT_SOURCE_DIR}/engine/node_modules/.llama-${IPW_LLAMA_TESTED}"
    CACHE INTERNAL "Partial checkout of llama.cpp")
if(NOT EXISTS "${IPW_LLAMA_SOURCE}/LICENSE")
  file(REMOVE_RECURSE "${IPW_LLAMA_SOURCE}")
  execute_process(COMMAND git clone --quiet --no-checkout "${ipw_llama_bundle}" "${IPW_LLAMA_SOURCE}"
                  COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND git checkout --quiet HEAD -- include ggml/include common vendor/nlohmann
                          tools/llama-bench LICENSE licenses ":(glob)vendor/**/LICENSE*"
                  WORKING_DIRECTORY "${IPW_LLAMA_SOURCE}" COMMAND_ERROR_IS_FATAL ANY)
endif()

set_target_properties(ipw_llama PROPERTIES EXPORT_NAME llama)
foreach(include IN ITEMS include ggml/include common)
  target_include_directories(ipw_llama SYSTEM INTERFACE "$<BUILD_INTERFACE:${IPW_LLAMA_SOURCE}/${include}>")
endforeach()
# packaging/ installs the libraries to lib/ipw.
foreach(library IN ITEMS libllama-common.so libllama.v${IPW_LLAMA_TESTED}.so
                         libggml.v${IPW_LLAMA_TESTED}.so libggml-base.so)
  target_link_libraries(ipw_llama INTERFACE "$<BUILD_INTERFACE:${IPW_LLAMA_DIR}/${library}>"
                                            "$<INSTALL_INTERFACE:$<INSTALL_PREFIX>/lib/ipw/${library}>")
endforeach()
message(STATUS "llama.cpp: npm package, ${IPW_LLAMA_DIR}")
