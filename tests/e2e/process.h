#pragma once
// Starts the real program and keeps what it prints; the end-to-end tests use it as a user would.

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace ipw::e2e {

struct Finished {
  int status = -1;  // exit status, or 128 + signal
  std::string out;
  std::string err;
};

/// A program running in the background, its streams going to files.
class Process {
 public:
  /// Starts `arguments` (the first is the program), with `environment` on top of this process's and
  /// a state folder of the tests' own.
  explicit Process(std::vector<std::string> arguments,
                   std::map<std::string, std::string> environment = {});
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void signal(int number) const;
  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] bool running();
  /// Blocks until it ends.
  [[nodiscard]] Finished wait();
  /// What it has printed so far.
  [[nodiscard]] std::string err_so_far() const;
  [[nodiscard]] std::string out_so_far() const;

 private:
  pid_t pid_ = -1;
  int wait_status_ = 0;
  bool ended_ = false;
  std::filesystem::path streams_;
};

/// Runs `ipw` with these arguments to its end.
[[nodiscard]] Finished ipw(std::vector<std::string> arguments,
                           std::map<std::string, std::string> environment = {});

/// A directory of its own for one test, removed at the end.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  /// Writes a file into it and returns its path.
  std::string write(const std::string& name, const std::string& text) const;

 private:
  std::filesystem::path path_;
};

/// Looks every 10 ms until `holds`, for 20 s at most; whether it did.
[[nodiscard]] bool eventually(const std::function<bool()>& holds);

[[nodiscard]] std::string read_file(const std::filesystem::path& path);

/// The program under test and the stand-in model.
[[nodiscard]] std::string ipw_program();
[[nodiscard]] std::string tiny_model();

/// Path below ../shared, or empty where the folder is absent; with IPW_REQUIRE_SHARED set the
/// absence is a failure of the test instead.
[[nodiscard]] std::string shared_data(const std::string& relative);

}  // namespace ipw::e2e
