// The calls into the reader of pictures and sound that llama-server makes for a text model too.
// With these and no_pictures.c, the sixty files of that reader need not be built.

#include <cstdlib>
#include <map>

#include "mtmd-helper.h"
#include "mtmd.h"

mtmd_helper_init_opt mtmd_helper_init_opt_default() { return {}; }
void mtmd_helper_log_set(ggml_log_callback, void*) {}
mtmd_context_params mtmd_context_params_default() { return {}; }
void mtmd_free(mtmd_context*) {}

std::map<ggml_backend_dev_t, size_t> mtmd_get_memory_usage(const char*, mtmd_context_params) {
  std::abort();  // asked only where there is a file of such a reader
}
