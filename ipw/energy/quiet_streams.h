#pragma once
// Vendors' libraries print banners and warnings when they are loaded and first called. Our streams
// carry results that programs read: what such a library says does not belong there.

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <mutex>

namespace ipw::energy {

/// While it lives, what anybody in this process writes to standard output and standard error goes
/// nowhere; several may live at once. For short stretches in which no other thread has something to
/// say. Thread-safe.
class QuietStreams {
 public:
  QuietStreams() {
    const std::lock_guard lock(mutex);
    if (living++ > 0) return;
    flush();
    const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nowhere < 0) return;
    for (Kept& stream : kept) {
      stream.copy = ::fcntl(stream.descriptor, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
      if (stream.copy >= 0) ::dup2(nowhere, stream.descriptor);
    }
    ::close(nowhere);
  }
  ~QuietStreams() {
    const std::lock_guard lock(mutex);
    if (--living > 0) return;
    flush();  // what the libraries left in the buffers
    for (Kept& stream : kept) {
      if (stream.copy < 0) continue;
      ::dup2(stream.copy, stream.descriptor);
      ::close(stream.copy);
      stream.copy = -1;
    }
  }
  QuietStreams(const QuietStreams&) = delete;
  QuietStreams& operator=(const QuietStreams&) = delete;

 private:
  struct Kept {
    int descriptor;
    int copy;  // −1: none, as where it was closed
  };
  static void flush() {
    (void)std::fflush(stdout);
    (void)std::fflush(stderr);
  }

  inline static std::mutex mutex;
  inline static int living = 0;
  inline static std::array<Kept, 2> kept{{{STDOUT_FILENO, -1}, {STDERR_FILENO, -1}}};
};

}  // namespace ipw::energy
