# Compiler warnings, sanitizers, and what makes building on two cores bearable.

# Designated initialisers leave out what has a default on purpose.
add_compile_options(-Wall -Wextra -Wpedantic -Wconversion -Werror -Wno-missing-field-initializers)

if(IPW_SANITIZE)
  add_compile_options(-fsanitize=${IPW_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${IPW_SANITIZE})
endif()
if(IPW_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

find_program(IPW_CCACHE ccache)
if(IPW_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${IPW_CCACHE}")
endif()

find_program(IPW_MOLD mold)
if(IPW_MOLD)
  add_link_options(-fuse-ld=mold)
endif()
