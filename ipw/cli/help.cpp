// ipw help: the help of a command, or of all of them as one Markdown page, from what the program
// declares. The documentation site is built with the latter, so that it never says what the program
// does not do.
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include <CLI/CLI.hpp>

#include "ipw/cli/command.h"
#include "ipw/cli/context.h"
#include "ipw/cli/flags.h"
#include "ipw/cli/program.h"

namespace ipw::cli {
namespace {

struct HelpFlags {
  std::vector<std::string> command;
  bool markdown = false;
};

// Text between the bars of a table. What stands in backticks is left alone.
std::string cell(const std::string& text) {
  std::string escaped;
  bool code = false;
  for (const char c : text) {
    if (c == '`') code = !code;
    if (c == '|' || (!code && (c == '*' || c == '_'))) escaped += '\\';
    escaped += !code && c == '<' ? "&lt;" : std::string(1, c);
  }
  return escaped;
}

std::string option_row(const CLI::Option& option) {
  std::string what = option.get_description();
  if (!option.get_default_str().empty()) {
    what += fmt::format(" (default: `{}`)", option.get_default_str());
  }
  if (option.get_required()) what += " (required)";
  const std::string type =
      option.get_type_size() == 0 ? "" : fmt::format("`{}`", option.get_type_name());
  return fmt::format("| `{}` | {} | {} |\n", option.get_name(option.get_positional(), true),
                     cell(type), cell(what));
}

std::string section(const CLI::App& app, const std::string& name, int level) {
  std::string text =
      fmt::format("\n{} {}\n\n{}.\n", std::string(static_cast<std::size_t>(level), '#'), name,
                  app.get_description());
  std::string rows;
  for (const CLI::Option* option : app.get_options()) {
    if (!option->check_lname("help")) rows += option_row(*option);
  }
  if (!rows.empty()) text += "\n| option | takes | what it does |\n|---|---|---|\n" + rows;
  for (const CLI::App* step : app.get_subcommands(nullptr)) {
    text += section(*step, name + " " + step->get_name(), level + 1);
  }
  return text;
}

std::string examples(const Command& command) {
  return fmt::format("\n```sh\n{}```\n", command.examples);
}

std::string markdown(const CLI::App& program) {
  std::string text = fmt::format(
      "# Commands\n\n{}. This page is what the program, version {}, says about itself (`ipw help "
      "--markdown`); `ipw COMMAND --help` says the same in a terminal.\n",
      program.get_description(), version());
  for (const Command& command : commands()) {
    text += section(*program.get_subcommand(command.name), fmt::format("ipw {}", command.name), 2);
    text += examples(command);
  }
  return text;
}

core::Result<int> run_help(const HelpFlags& flags, const CLI::App& program, Context& context) {
  if (flags.markdown) {
    context.out << markdown(program);
    return kDone;
  }
  const CLI::App* app = &program;
  std::string name = program.get_name();
  for (const std::string& word : flags.command) {
    std::vector<std::string> names;
    for (const CLI::App* sub : app->get_subcommands(nullptr)) names.push_back(sub->get_name());
    if (std::ranges::find(names, word) == names.end()) {
      return core::fail(core::ErrorCode::kUsage,
                        fmt::format("{} has no command {}{} (`ipw --help` lists the commands)",
                                    name, word, did_you_mean(word, names)));
    }
    name += " " + word;
    app = app->get_subcommand(word);
  }
  // Not App::help(), which would show the command that was parsed: this one.
  context.out << app->get_formatter()->make_help(app, name, CLI::AppFormatMode::Normal);
  return kDone;
}

}  // namespace

Action declare_help(const Flags& app, Context& context) {
  auto flags = std::make_shared<HelpFlags>();
  app.option("COMMAND", flags->command, "Whose help; of the whole program by default");
  app.flag("--markdown", flags->markdown, "Print the help of every command as one page");
  return [flags, app, &context] {
    return finish(context, run_help(*flags, *app.app().get_parent(), context));
  };
}

}  // namespace ipw::cli
