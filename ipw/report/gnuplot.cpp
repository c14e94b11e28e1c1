// Script, picture and complaints pass through unlinked temporary files: no pipe to fill up, no
// signal where gnuplot ends early, nothing left behind.
#include "ipw/report/gnuplot.h"

#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include <nlohmann/json.hpp>

namespace ipw::report {
namespace {

using core::ErrorCode;
using core::fail;

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

core::Result<File> temporary(std::string_view text) {
  File file(std::tmpfile());
  if (file && std::fwrite(text.data(), 1, text.size(), file.get()) == text.size() &&
      std::fflush(file.get()) == 0) {
    if (std::fseek(file.get(), 0, SEEK_SET) == 0) return file;
  }
  return fail(errno == ENOSPC ? ErrorCode::kOutOfSpace : ErrorCode::kUnavailable,
              fmt::format("cannot hand the data to gnuplot: {} (check the space in the folder for "
                          "temporary files)",
                          std::strerror(errno)));
}

std::string contents(std::FILE* file) {
  std::string text;
  std::array<char, 65536> buffer{};
  if (std::fseek(file, 0, SEEK_SET) != 0) return text;
  while (const std::size_t got = std::fread(buffer.data(), 1, buffer.size(), file)) {
    text.append(buffer.data(), got);
  }
  return text;
}

// 0 and the process, or errno.
int spawn(std::FILE* in, std::FILE* out, std::FILE* err, pid_t& process) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, fileno(in), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, fileno(out), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, fileno(err), STDERR_FILENO);
  std::string program = "gnuplot";
  std::string defaults = "-d";  // not the user's ~/.gnuplot
  const std::array<char*, 3> arguments = {program.data(), defaults.data(), nullptr};
  const int failed =
      posix_spawnp(&process, "gnuplot", &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  return failed;
}

// gnuplot's last line with words in it: before it stand the offending line and a caret.
std::string last_words(const std::string& complaints) {
  std::string last;
  std::size_t from = 0;
  while (from < complaints.size()) {
    const std::size_t end = std::min(complaints.find('\n', from), complaints.size());
    const std::string line = complaints.substr(from, end - from);
    if (line.find_first_not_of(" \t\r^") != std::string::npos) last = line;
    from = end + 1;
  }
  return last.substr(std::min(last.find_first_not_of(' '), last.size()));
}

std::unexpected<core::Error> spawn_failure(int reason) {
  if (reason == ENOENT || reason == EACCES) {
    return fail(ErrorCode::kUnsupported,
                "cannot draw: the plotting program gnuplot is not on PATH (on Debian and Ubuntu: "
                "apt install gnuplot-nox; on Fedora: dnf install gnuplot-minimal; on macOS: brew "
                "install gnuplot; a file that ends in .csv gets the data without it)");
  }
  return fail(ErrorCode::kUnavailable,
              fmt::format("cannot start gnuplot: {} (try again)", std::strerror(reason)));
}

// Replaces bytes that are not UTF-8.
std::string valid_utf8(std::string_view text) {
  return nlohmann::json::parse(
             nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace))
      .get<std::string>();
}

bool turns_direction(std::string_view sequence) {  // U+202A … U+202E, U+2066 … U+2069
  return (sequence.starts_with("\xe2\x80") && sequence[2] >= '\xaa' && sequence[2] <= '\xae') ||
         (sequence.starts_with("\xe2\x81") && sequence[2] >= '\xa6' && sequence[2] <= '\xa9');
}

bool no_character(std::string_view sequence) {  // U+FFFE and U+FFFF, which XML does not have
  return sequence == "\xef\xbf\xbe" || sequence == "\xef\xbf\xbf";
}

}  // namespace

core::Result<std::string> run_gnuplot(std::string_view script) {
  IPW_TRY(const File in, temporary(script));
  IPW_TRY(const File out, temporary(""));
  IPW_TRY(const File err, temporary(""));
  pid_t process = 0;
  if (const int failed = spawn(in.get(), out.get(), err.get(), process); failed != 0) {
    return spawn_failure(failed);
  }
  int status = 0;
  while (waitpid(process, &status, 0) < 0 && errno == EINTR) {
  }
  std::string picture = contents(out.get());
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0 && !picture.empty()) return picture;
  std::string why = last_words(contents(err.get()));
  if (why.empty()) {
    why = WIFSIGNALED(status) ? fmt::format("signal {}", WTERMSIG(status))
                              : fmt::format("exit status {}", WEXITSTATUS(status));
  }
  return fail(ErrorCode::kUnsupported,
              fmt::format("gnuplot could not draw this: {} (ipw draws with gnuplot 5.4 and later, "
                          "built with cairo; a file that ends in .csv gets the data without it)",
                          why));
}

std::string gnuplot_quoted(std::string_view text) {
  const std::string valid = valid_utf8(text);
  std::string quoted = "'";
  for (std::size_t i = 0; i < valid.size(); ++i) {
    const char c = valid[i];
    const std::string_view three = std::string_view(valid).substr(i, 3);
    if (three.size() == 3 && (turns_direction(three) || no_character(three))) {
      i += 2;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      quoted += ' ';
    } else if (c == '\'') {
      // At the beginning gnuplot 5.4 would take a doubled quote for an empty string.
      quoted += quoted.size() == 1 ? "\u2060''" : "''";
    } else if (c == '&' && three.size() > 1 && three[1] == '#') {
      quoted += "&\u2060";  // or SVG would read what follows as a character's number
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

}  // namespace ipw::report
