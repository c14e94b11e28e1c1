// Lets the program run on a glibc older than the one that it was built with, down to 2.34: what it
// and the libstdc++ that the package ships would ask of a newer one is here.
#include <stdint.h>
#include <stdlib.h>
#include <sys/random.h>

// glibc 2.35 gave hypot a second version, and a link against it asks for that one. This one calls
// the first version, which every glibc has. Hidden: the dynamic linker would find it in libm's
// place.
double first_hypot(double x, double y);
__asm__(".symver first_hypot, hypot@GLIBC_2.2.5");

__attribute__((visibility("hidden"))) double hypot(double x, double y);
double hypot(double x, double y) { return first_hypot(x, y); }

// glibc has arc4random since 2.36; libstdc++'s std::random_device calls it. Exported, so that the
// dynamic linker finds it here (older_version.py). The kernel's bytes are what glibc's hands out,
// too.
uint32_t arc4random(void);
uint32_t arc4random(void) {
  uint32_t word = 0;
  // Up to 256 bytes are never cut short.
  if (getrandom(&word, sizeof word, 0) != (ssize_t)sizeof word) abort();
  return word;
}
