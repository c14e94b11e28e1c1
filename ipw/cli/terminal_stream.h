#pragma once
// The one door through which text for people leaves the program: nothing that a terminal obeys gets
// through it, wherever it came from, but for the few codes that the program itself sends.

#include <cstdio>
#include <memory>
#include <ostream>
#include <streambuf>
#include <string>

namespace ipw::cli {

/// Writes what it is given to `target`, as core::printable() has it. A UTF-8 sequence may come in
/// several pieces.
class PrintableBuffer final : public std::streambuf {
 public:
  explicit PrintableBuffer(std::streambuf& target) : target_(target) {}
  ~PrintableBuffer() override;

  /// Writes `code` as it is.
  bool pass(const char* code);

 protected:
  int_type overflow(int_type c) override;
  std::streamsize xsputn(const char* text, std::streamsize size) override;
  int sync() override;

 private:
  std::streambuf& target_;
  std::string pending_;  // the beginning of a sequence
};

/// What the program itself wants the terminal to do: `err << TerminalCode{"\r\x1b[K"}`.
struct TerminalCode {
  std::string code;
};
std::ostream& operator<<(std::ostream& stream, const TerminalCode& code);

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

/// A C stream whose bytes go to `stream`, for writers that know no other kind. Flush it, and let it
/// go before `stream`. Null where there is no memory for it, and on other systems than Linux.
[[nodiscard]] std::unique_ptr<std::FILE, CloseFile> file_onto(std::ostream& stream);

}  // namespace ipw::cli
