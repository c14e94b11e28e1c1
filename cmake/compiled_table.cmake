# A committed table of data/ that travels inside the binary, so that it runs anywhere: the rows of
# `csv` that match `pattern`, each written as `row` (a replacement with \1, \2, …), become
# `namespace`::`accessor`(), a span over constants of type `type`, which `header` declares. The path of
# the source goes into `output`.
function(ipw_compiled_table output csv pattern row header namespace type accessor)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${csv}")
  file(STRINGS "${csv}" rows REGEX "${pattern}")
  list(TRANSFORM rows REPLACE "${pattern}" "    ${row},")
  list(JOIN rows "\n" rows)
  cmake_path(GET csv STEM name)
  set(source "${CMAKE_CURRENT_BINARY_DIR}/${name}_table.cpp")
  file(CONFIGURE OUTPUT "${source}" CONTENT [[
// Generated from data/@name@.csv.
#include "@header@"

namespace @namespace@ {
namespace {
constexpr @type@ kTable[] = {
@rows@
};
}  // namespace
std::span<const @type@> @accessor@() { return kTable; }
}  // namespace @namespace@
]] @ONLY)
  set(${output} "${source}" PARENT_SCOPE)
endfunction()
