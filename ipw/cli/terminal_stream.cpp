// See terminal_stream.h.
#include "ipw/cli/terminal_stream.h"

#include <sys/types.h>

#include <string_view>

#include "ipw/core/terminal_text.h"

namespace ipw::cli {
namespace {

bool put(std::streambuf& target, std::string_view text) {
  const auto size = static_cast<std::streamsize>(text.size());
  const char* const begin = text.data();
  return target.sputn(begin, size) == size;
}

}  // namespace

PrintableBuffer::~PrintableBuffer() { put(target_, core::printable(pending_)); }

bool PrintableBuffer::pass(const char* code) { return put(target_, code); }

PrintableBuffer::int_type PrintableBuffer::overflow(int_type c) {
  if (traits_type::eq_int_type(c, traits_type::eof())) return traits_type::not_eof(c);
  const char byte = traits_type::to_char_type(c);
  return xsputn(&byte, 1) == 1 ? c : traits_type::eof();
}

std::streamsize PrintableBuffer::xsputn(const char* text, std::streamsize size) {
  pending_.append(text, static_cast<std::size_t>(size));
  const std::size_t whole = pending_.size() - core::cut_off_sequence(pending_);
  const bool written = put(target_, core::printable(std::string_view(pending_).substr(0, whole)));
  pending_.erase(0, whole);
  return written ? size : 0;
}

int PrintableBuffer::sync() { return target_.pubsync(); }

std::unique_ptr<std::FILE, CloseFile> file_onto([[maybe_unused]] std::ostream& stream) {
#ifdef __linux__
  cookie_io_functions_t functions{};
  functions.write = [](void* cookie, const char* text, std::size_t size) -> ssize_t {
    auto& onto = *static_cast<std::ostream*>(cookie);
    onto.write(text, static_cast<std::streamsize>(size));
    return onto ? static_cast<ssize_t>(size) : 0;
  };
  return std::unique_ptr<std::FILE, CloseFile>(::fopencookie(&stream, "w", functions));
#else
  return nullptr;
#endif
}

std::ostream& operator<<(std::ostream& stream, const TerminalCode& code) {
  if (auto* const buffer = dynamic_cast<PrintableBuffer*>(stream.rdbuf())) {
    if (!buffer->pass(code.code.c_str())) stream.setstate(std::ios::badbit);
    return stream;
  }
  return stream << code.code;
}

}  // namespace ipw::cli
