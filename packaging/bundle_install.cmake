# Runs when the component `bundled` is installed; bundle.cmake has set program, engine,
# engine_source, source, python and work.

set(destination "$ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}")
file(GET_RUNTIME_DEPENDENCIES EXECUTABLES "${program}" RESOLVED_DEPENDENCIES_VAR needed
     PRE_EXCLUDE_REGEXES "^libc\\.so" "^libm\\.so" "^ld-linux" "^libgcc_s\\.so")
file(GLOB engine_libraries "${engine}/*.so")

# One line per library: where its licence is to be looked for, and the name that it has in lib/ipw.
set(libraries "")
foreach(library IN LISTS engine_libraries)
  get_filename_component(name "${library}" NAME)
  string(APPEND libraries "engine\t${name}\n")
endforeach()
list(REMOVE_ITEM needed ${engine_libraries})
foreach(library IN LISTS needed)
  get_filename_component(name "${library}" NAME)
  file(REAL_PATH "${library}" file)
  configure_file("${file}" "${destination}/lib/ipw/${name}" COPYONLY)
  string(APPEND libraries "${file}\t${name}\n")
endforeach()
file(WRITE "${work}/libraries.txt" "${libraries}")

# older_glibc.c has what libstdc++ takes of glibc 2.36.
execute_process(COMMAND "${python}" "${source}/packaging/older_version.py"
                        "${destination}/lib/ipw/libstdc++.so.6" "${destination}/lib/ipw/libstdc++.so.6"
                        GLIBC_2.36 GLIBC_2.34
                COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND "${python}" "${source}/packaging/licences.py" --source "${source}"
                        --engine "${engine}" --engine-source "${engine_source}"
                        --libraries "${work}/libraries.txt" --out "${destination}/share/doc/ipw"
                COMMAND_ERROR_IS_FATAL ANY)
