# Our engine against llama.cpp's own benchmark, both on the same libraries and the same model:
# engine_bench starts llama-bench, which is built here from the sources of the tag, or, beside a
# system install of llama.cpp, is the one on the PATH.

if(IPW_LLAMA_SOURCE)
  add_executable(ipw_llama_bench "${IPW_LLAMA_SOURCE}/tools/llama-bench/llama-bench.cpp"
                                 "${IPW_LLAMA_SOURCE}/tools/llama-bench/main.cpp")
  set_target_properties(ipw_llama_bench PROPERTIES
    OUTPUT_NAME llama-bench CXX_STANDARD 17
    RUNTIME_OUTPUT_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}/llama-bench")
  target_compile_options(ipw_llama_bench PRIVATE -w)
  target_link_libraries(ipw_llama_bench PRIVATE ipw_llama Threads::Threads)
  # llama-bench finds its backends beside itself.
  file(GLOB ipw_llama_backends "${IPW_LLAMA_DIR}/libggml-cpu-*.so")
  file(MAKE_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}/llama-bench")
  foreach(backend IN LISTS ipw_llama_backends)
    get_filename_component(name "${backend}" NAME)
    file(CREATE_LINK "${backend}" "${CMAKE_CURRENT_BINARY_DIR}/llama-bench/${name}" SYMBOLIC)
  endforeach()
  add_dependencies(engine_bench ipw_llama_bench)
endif()

target_link_libraries(engine_bench PRIVATE nlohmann_json::nlohmann_json)
add_dependencies(engine_bench ipw_test_models)
