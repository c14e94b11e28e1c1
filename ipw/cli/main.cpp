// The process around the program: signals, streams, the machine's clock and environment.
#include <unistd.h>

#include <cstdlib>
#include <iostream>

#include "ipw/cli/interrupt.h"
#include "ipw/cli/program.h"

int main(int argc, char** argv) {
  const ipw::cli::Interrupt interrupt;
  ipw::core::SystemClock clock;
  ipw::cli::Context context{
      .out = std::cout,
      .err = std::cerr,
      .clock = clock,
      .environment = [](const std::string& name) -> std::optional<std::string> {
        const char* value = std::getenv(name.c_str());
        if (value == nullptr) return std::nullopt;
        return value;
      },
      .stop = interrupt.token(),
      .sent_alone = [&interrupt] { return interrupt.sent_alone(); },
      .out_is_terminal = isatty(STDOUT_FILENO) == 1,
      .progress_line = isatty(STDERR_FILENO) == 1,
      .arguments = {argv + 1, argv + argc}};
  const int status = ipw::cli::run_program(context);
  std::cout.flush();
  if (!std::cout) {
    std::cerr << "ipw: writing to standard output failed (is the disk full or the pipe closed?)\n";
    return status == 0 ? 1 : status;
  }
  return status;
}
