/* Vendors' libraries print when they are loaded and first called; so do the stand-ins, where
 * IPW_STUB_PRINTS is set: into the buffers of C's streams and past them.
 */

#ifndef IPW_TESTS_FAKES_LOUD_H
#define IPW_TESTS_FAKES_LOUD_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void print_loudly(void) {
  if (!getenv("IPW_STUB_PRINTS")) return;
  printf("a banner\n");
  fprintf(stderr, "a warning\n");
  if (write(STDOUT_FILENO, "past\n", 5) < 0 || write(STDERR_FILENO, "past\n", 5) < 0) abort();
}

__attribute__((constructor)) static void print_when_loaded(void) { print_loudly(); }

#endif
