# Compiler warnings, sanitizers, and what makes building on two cores bearable.

# Designated initialisers leave out what has a default on purpose.
add_compile_options(-Wall -Wextra -Wpedantic -Wconversion -Werror -Wno-missing-field-initializers)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # False alarms on std::string's operator+ (GCC bugs 105329 and 105651, fixed in 13).
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-Wno-restrict> $<$<COMPILE_LANGUAGE:CXX>:-Wno-stringop-overflow>)
endif()

if(IPW_SANITIZE)
  add_compile_options(-fsanitize=${IPW_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${IPW_SANITIZE})
endif()
if(IPW_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# Every checkout finds what another has compiled.
find_program(IPW_CCACHE ccache)
if(IPW_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}
                                  CCACHE_NOHASHDIR=1 ${IPW_CCACHE})
endif()

find_program(IPW_MOLD mold)
if(IPW_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

# What speed does not depend on (tests, the command line) compiles with less optimisation.
function(ipw_compile_quickly target)
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O1>)
endfunction()
