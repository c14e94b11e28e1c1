// fork, exec and wait, with both streams in files so that nothing can block on a full pipe.
#include "process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

namespace ipw::e2e {
namespace fs = std::filesystem;

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

bool eventually(const std::function<bool()>& holds) {
  for (int i = 0; i < 2000; ++i) {
    if (holds()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

TemporaryDirectory::TemporaryDirectory() {
  std::string pattern = (fs::temp_directory_path() / "ipw-e2e-XXXXXX").string();
  path_ = ::mkdtemp(pattern.data());
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::string TemporaryDirectory::write(const std::string& name, const std::string& text) const {
  std::ofstream(path_ / name, std::ios::binary) << text;
  return (path_ / name).string();
}

Process::Process(std::vector<std::string> arguments,
                 std::map<std::string, std::string> environment) {
  std::string pattern = (fs::temp_directory_path() / "ipw-streams-XXXXXX").string();
  streams_ = ::mkdtemp(pattern.data());
  pid_ = ::fork();
  if (pid_ != 0) return;
  const int out = ::open((streams_ / "out").c_str(), O_CREAT | O_WRONLY, 0600);
  const int err = ::open((streams_ / "err").c_str(), O_CREAT | O_WRONLY, 0600);
  const int in = ::open("/dev/null", O_RDONLY);
  ::dup2(in, STDIN_FILENO);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(err, STDERR_FILENO);
  ::setenv("XDG_STATE_HOME", IPW_STATE_HOME, 1);  // not that of whoever runs the tests
  for (const auto& [name, value] : environment) ::setenv(name.c_str(), value.c_str(), 1);
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  ::execvp(argv[0], argv.data());
  ::_exit(127);
}

Process::~Process() {
  if (running()) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, &wait_status_, 0);
  }
  std::error_code ignored;
  fs::remove_all(streams_, ignored);
}

void Process::signal(int number) const { ::kill(pid_, number); }

bool Process::running() {
  if (!ended_) ended_ = ::waitpid(pid_, &wait_status_, WNOHANG) == pid_;
  return !ended_;
}

Finished Process::wait() {
  if (!ended_) ::waitpid(pid_, &wait_status_, 0);
  ended_ = true;
  const int status =
      WIFEXITED(wait_status_) ? WEXITSTATUS(wait_status_) : 128 + WTERMSIG(wait_status_);
  return {status, read_file(streams_ / "out"), read_file(streams_ / "err")};
}

std::string Process::err_so_far() const { return read_file(streams_ / "err"); }
std::string Process::out_so_far() const { return read_file(streams_ / "out"); }

std::string ipw_program() { return IPW_PROGRAM; }
std::string tiny_model() { return IPW_TINY_MODEL; }

Finished ipw(std::vector<std::string> arguments, std::map<std::string, std::string> environment) {
  arguments.insert(arguments.begin(), ipw_program());
  return Process(std::move(arguments), std::move(environment)).wait();
}

std::string shared_data(const std::string& relative) {
  const char* named = std::getenv("IPW_SHARED");
  const fs::path root =
      named != nullptr ? fs::path(named) : fs::path(IPW_SOURCE_DIR) / ".." / "shared";
  const fs::path path = root / relative;
  if (fs::exists(path)) return path.string();
  EXPECT_EQ(std::getenv("IPW_REQUIRE_SHARED"), nullptr) << path << " must be there";
  return {};
}

}  // namespace ipw::e2e
