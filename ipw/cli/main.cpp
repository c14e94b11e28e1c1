// The process around the program: signals, streams, the machine's clock and environment.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>

#include "ipw/cli/interrupt.h"
#include "ipw/cli/program.h"
#include "ipw/cli/terminal_stream.h"
#include "ipw/core/caught.h"

int main(int argc, char** argv) {
  ipw::core::tell_what_nobody_catches();
  const ipw::cli::Interrupt interrupt;
  ipw::cli::PrintableBuffer out_buffer(*std::cout.rdbuf());
  ipw::cli::PrintableBuffer err_buffer(*std::cerr.rdbuf());
  std::ostream out(&out_buffer);
  std::ostream err(&err_buffer);
  err << std::unitbuf;
  ipw::core::SystemClock clock;
  ipw::cli::Context context{
      .out = out,
      .err = err,
      .clock = clock,
      .environment = [](const std::string& name) -> std::optional<std::string> {
        const char* value = std::getenv(name.c_str());
        if (value == nullptr) return std::nullopt;
        return value;
      },
      .stop = interrupt.token(),
      .heed_stop = [&interrupt] { return interrupt.heeded(); },
      .sent_alone = [&interrupt] { return interrupt.sent_alone(); },
      .out_is_terminal = isatty(STDOUT_FILENO) == 1,
      .progress_line = isatty(STDERR_FILENO) == 1,
      .arguments = {argv + 1, argv + argc}};
  const int status = ipw::cli::run_program(context);
  out.flush();
  if (!out || std::fflush(stdout) != 0) {
    err << "ipw: writing to standard output failed (is the disk full or the pipe closed?)\n";
    return status == 0 ? 1 : status;
  }
  return status;
}
