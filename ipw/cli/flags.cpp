// The one source file, beside those that parse and show the whole command line, that sees CLI11.
#include "ipw/cli/flags.h"

#include <optional>

#include <CLI/CLI.hpp>

namespace ipw::cli {

Flag& Flag::required(bool required) {
  option_->required(required);
  return *this;
}

Flag& Flag::group(const std::string& heading) {
  option_->group(heading);
  return *this;
}

Flag& Flag::shows_default() {
  option_->capture_default_str();
  return *this;
}

Flag& Flag::takes(const std::string& what) {
  option_->type_name(what);
  return *this;
}

Flag& Flag::between(double low, double high) {
  option_->check(CLI::Range(low, high));
  return *this;
}

Flag& Flag::between(std::int64_t low, std::int64_t high) {
  option_->check(CLI::Range(low, high));
  return *this;
}

Flag& Flag::between(int low, int high) { return between(std::int64_t{low}, std::int64_t{high}); }

Flag& Flag::positive() {
  option_->check(CLI::PositiveNumber);
  return *this;
}

Flag& Flag::not_negative() {
  option_->check(CLI::NonNegativeNumber);
  return *this;
}

Flag& Flag::one_of(const std::vector<std::string>& values) {
  option_->check(CLI::IsMember(values));
  return *this;
}

Flag& Flag::separated_by(char separator) {
  option_->delimiter(separator);
  return *this;
}

Flag& Flag::one_value_each() {
  option_->allow_extra_args(false);
  return *this;
}

Flag& Flag::excludes(const Flag& other) {
  option_->excludes(other.option_);
  return *this;
}

bool Flag::given() const { return option_->count() > 0; }

template <typename T>
Flag Flags::option(const std::string& name, T& value, const std::string& help) const {
  return Flag(*app_->add_option(name, value, help));
}

Flag Flags::flag(const std::string& name, bool& value, const std::string& help) const {
  return Flag(*app_->add_flag(name, value, help));
}

Flags Flags::command(const std::string& name, const std::string& help) const {
  return Flags(*app_->add_subcommand(name, help));
}

void Flags::require_command() const { app_->require_subcommand(1); }

Flag Flags::operator[](const std::string& name) const { return Flag(*app_->get_option(name)); }

bool Flags::chosen() const { return app_->parsed(); }

#define IPW_FLAG_TYPE(...)                                                                       \
  template Flag Flags::option<__VA_ARGS__>(const std::string&, __VA_ARGS__&, const std::string&) \
      const;
IPW_FLAG_TYPE(bool)
IPW_FLAG_TYPE(int)
IPW_FLAG_TYPE(std::uint16_t)
IPW_FLAG_TYPE(std::int64_t)
IPW_FLAG_TYPE(std::uint64_t)
IPW_FLAG_TYPE(double)
IPW_FLAG_TYPE(std::string)
IPW_FLAG_TYPE(std::optional<int>)
IPW_FLAG_TYPE(std::optional<std::int64_t>)
IPW_FLAG_TYPE(std::optional<double>)
IPW_FLAG_TYPE(std::optional<std::string>)
IPW_FLAG_TYPE(std::vector<std::string>)
IPW_FLAG_TYPE(std::vector<double>)
#undef IPW_FLAG_TYPE

}  // namespace ipw::cli
