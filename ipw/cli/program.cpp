// Parses the command line with CLI11, runs the chosen command, and turns wrong usage into a message
// that says what was probably meant.
#include "ipw/cli/program.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include <CLI/CLI.hpp>

#include "ipw/cli/command.h"
#include "ipw/cli/flags.h"
#include "ipw/core/caught.h"
#include "ipw/core/terminal_text.h"

namespace ipw::cli {
namespace {

std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row.back();
}

std::vector<std::string> flag_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

// What the first unknown word was probably meant to be, as a sentence, or empty.
std::string suggestion(const CLI::App& program, const std::vector<std::string>& arguments) {
  const CLI::App* app = &program;
  while (!app->get_subcommands().empty()) app = app->get_subcommands().front();
  std::vector<std::string> known = flag_names(*app);
  const std::vector<const CLI::App*> steps = app->get_subcommands(nullptr);
  for (const CLI::App* step : steps) known.push_back(step->get_name());
  for (const std::string& argument : arguments) {
    const std::string typed = argument.substr(0, argument.find('='));
    const bool flag = typed.starts_with("--");
    if (!flag && steps.empty()) continue;
    if (std::ranges::find(known, typed) != known.end()) continue;
    if (std::string near = did_you_mean(typed, known); !near.empty()) return near;
  }
  return {};
}

std::string indented(const char* lines) {
  std::istringstream in(lines);
  std::string text = "Examples:\n";
  for (std::string line; std::getline(in, line);) text += "  " + line + "\n";
  return text;
}

}  // namespace

const char* version() { return IPW_VERSION; }

std::string did_you_mean(const std::string& typed, std::span<const std::string> known) {
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(typed.size() / 3, 1) + 1;
  for (const std::string& candidate : known) {
    const std::size_t distance = edit_distance(typed, candidate);
    if (distance >= best_distance) continue;
    best = candidate;
    best_distance = distance;
  }
  return best.empty() ? "" : "; did you mean " + best + "?";
}

int report_error(Context& context, const core::Error& error) {
  context.err << "ipw: " << core::printable_line(error.message) << "\n";
  return core::exit_status(error.code);
}

int finish(Context& context, const core::Result<int>& result) {
  return result ? *result : report_error(context, result.error());
}

void print_document(Context& context, const std::string& json) {
  context.out << core::printable_json(json) << "\n";
}

namespace {

int parse_and_run(Context& context) {
  CLI::App app("Intelligence per Watt: what a model answers, and what that costs", "ipw");
  app.set_version_flag("--version", std::string("ipw ") + version());
  app.require_subcommand(1);
  app.footer("Run `ipw COMMAND --help` for its flags and examples.");

  std::vector<std::pair<CLI::App*, Action>> actions;
  for (const Command& command : commands()) {
    CLI::App* sub = app.add_subcommand(command.name, command.summary);
    sub->footer(indented(command.examples));
    actions.emplace_back(sub, command.declare(Flags(*sub), context));
  }

  std::vector<std::string> reversed(context.arguments.rbegin(), context.arguments.rend());
  try {
    app.parse(std::move(reversed));
  } catch (const CLI::Success& success) {
    return app.exit(success, context.out, context.err);
  } catch (const CLI::ParseError& error) {
    std::string command;
    for (const CLI::App* at = &app; !at->get_subcommands().empty();) {
      at = at->get_subcommands().front();
      command += " " + at->get_name();
    }
    context.err << "ipw" << command << ": " << error.what() << suggestion(app, context.arguments)
                << "\nRun `ipw" << command << " --help` for what it takes.\n";
    return kWrongUsage;
  }
  for (auto& [sub, action] : actions) {
    if (sub->parsed()) return action();
  }
  return kWrongUsage;
}

}  // namespace

int run_program(Context& context) {
  try {
    return parse_and_run(context);
  } catch (...) {  // of libraries, and of a memory that is full
    return report_error(context, core::caught_error());
  }
}

}  // namespace ipw::cli
