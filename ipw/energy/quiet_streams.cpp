// See quiet_streams.h. Descriptors, not FILEs: a library has buffers of its own.
#include "ipw/energy/quiet_streams.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>

namespace ipw::energy {
namespace {

// What is in the buffers goes where the streams lead now.
void flush_all() {
  std::cout.flush();
  std::fflush(nullptr);
}

// Leads `descriptor` to nowhere; a copy of it as it was, or -1.
int moved(int descriptor, int nowhere) {
  const int kept = ::fcntl(descriptor, F_DUPFD_CLOEXEC, 3);
  if (kept < 0) return -1;
  if (::dup2(nowhere, descriptor) >= 0) return kept;
  ::close(kept);
  return -1;
}

void lead_back(int descriptor, int kept) {
  if (kept < 0) return;
  ::dup2(kept, descriptor);
  ::close(kept);
}

}  // namespace

QuietStreams::QuietStreams() {
  const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (nowhere < 0) return;
  flush_all();
  output_ = moved(STDOUT_FILENO, nowhere);
  error_ = moved(STDERR_FILENO, nowhere);
  ::close(nowhere);
}

QuietStreams::~QuietStreams() {
  if (output_ < 0 && error_ < 0) return;
  flush_all();
  lead_back(STDOUT_FILENO, output_);
  lead_back(STDERR_FILENO, error_);
}

}  // namespace ipw::energy
