#pragma once
// How a command declares what it takes. The words are ours and few; CLI11 stands behind them in one
// source file, because every file that sees it costs ten seconds to compile.

#include <cstdint>
#include <string>
#include <vector>

namespace CLI {  // NOLINT(readability-identifier-naming): CLI11 calls itself that
class App;
class Option;
}  // namespace CLI

namespace ipw::cli {

/// One flag or one positional argument. A handle: cheap to copy, valid as long as the program's
/// command line. What it promises is checked while the command line is parsed, and what does not
/// hold is wrong usage (exit status 2).
class Flag {
 public:
  explicit Flag(CLI::Option& option) : option_(&option) {}

  Flag& required(bool required = true);
  Flag& group(const std::string& heading);  // of the help page
  Flag& shows_default();                    // the variable's value as it is now
  Flag& takes(const std::string& what);     // the help's word for the value
  Flag& between(double low, double high);   // both included, as below
  Flag& between(std::int64_t low, std::int64_t high);
  Flag& between(int low, int high);
  Flag& positive();
  Flag& not_negative();
  Flag& one_of(const std::vector<std::string>& values);
  Flag& separated_by(char separator);  // one word holds several values
  Flag& one_value_each();              // may be repeated; each time takes one word
  Flag& excludes(const Flag& other);   // not both

  /// Whether it stood on the command line. After parsing.
  [[nodiscard]] bool given() const;

 private:
  CLI::Option* option_;
};

/// What one command takes. A handle, like Flag.
class Flags {
 public:
  explicit Flags(CLI::App& app) : app_(&app) {}

  /// `name` is "--flag", or "NAME" for a positional argument; `value` must outlive the parsing and
  /// keeps what it holds where nothing was given. T is a number, a text, an optional of these or a
  /// vector of texts or numbers: the types that flags.cpp instantiates.
  template <typename T>
  Flag option(const std::string& name, T& value, const std::string& help) const;

  /// A flag without a value: sets `value` to true.
  Flag flag(const std::string& name, bool& value, const std::string& help) const;

  /// A command below this one: `ipw servers start`.
  [[nodiscard]] Flags command(const std::string& name, const std::string& help) const;
  void require_command() const;  // exactly one of them

  /// The flag that was declared under this name ("--out"). Throws where there is none: a mistake in
  /// the program.
  [[nodiscard]] Flag operator[](const std::string& name) const;

  /// Whether this command is the one that was asked for. After parsing.
  [[nodiscard]] bool chosen() const;

  /// For those who show the whole command line: the help and the completions.
  [[nodiscard]] CLI::App& app() const { return *app_; }

 private:
  CLI::App* app_;
};

}  // namespace ipw::cli
