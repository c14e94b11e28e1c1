#pragma once
// Vendors' libraries print: banners at their load, warnings of a driver that is not there. None of
// it belongs between the lines of a table or a JSON document.

namespace ipw::energy {

/// While one exists, what this process writes to standard output and standard error goes nowhere;
/// so it is made around the load and the first calls of a vendor's library, before other threads
/// write. May be nested. Where the streams cannot be moved (no /dev/null, no descriptors left) they
/// stay.
class QuietStreams {
 public:
  QuietStreams();
  ~QuietStreams();
  QuietStreams(const QuietStreams&) = delete;
  QuietStreams& operator=(const QuietStreams&) = delete;

 private:
  int output_ = -1;  // where standard output leads meanwhile; -1: it was not moved
  int error_ = -1;
};

}  // namespace ipw::energy
