// ipw completion: scripts for three shells, generated from the declared commands and flags, so that
// they never differ from what the program takes.
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

struct FlagRow {
  std::string name;  // "--model"
  std::string summary;
};

struct CommandRow {
  std::string name;
  std::string summary;
  std::vector<FlagRow> flags;
  std::string steps;  // names of what follows it: "generate check controls"
};

void add_flags(const CLI::App& app, std::vector<FlagRow>& flags) {
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      const bool known =
          std::ranges::any_of(flags, [&](const FlagRow& flag) { return flag.name == "--" + name; });
      if (!known) flags.push_back({"--" + name, option->get_description()});
    }
  }
}

std::vector<CommandRow> rows_of(const CLI::App& program) {
  std::vector<CommandRow> rows;
  for (const CLI::App* sub : program.get_subcommands(nullptr)) {
    CommandRow row{sub->get_name(), sub->get_description(), {}, {}};
    add_flags(*sub, row.flags);
    for (const CLI::App* step : sub->get_subcommands(nullptr)) {
      add_flags(*step, row.flags);
      row.steps += (row.steps.empty() ? "" : " ") + step->get_name();
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

std::string joined_names(const std::vector<CommandRow>& rows) {
  std::string text;
  for (const CommandRow& row : rows) text += (text.empty() ? "" : " ") + row.name;
  return text;
}

// Single-quoted for a POSIX shell, with the characters that zsh's _arguments reads escaped.
std::string quoted(const std::string& text, const char* also_escaped = "") {
  std::string result = "'";
  for (const char c : text) {
    if (c == '\'') {
      result += "'\\''";
      continue;
    }
    if (std::string_view(also_escaped).find(c) != std::string_view::npos) result += '\\';
    result += c;
  }
  return result + "'";
}

std::string bash_script(const std::vector<CommandRow>& rows) {
  std::string cases;
  for (const CommandRow& row : rows) {
    std::string flags;
    for (const FlagRow& flag : row.flags) flags += " " + flag.name;
    cases += fmt::format("    {}) words=\"{}\" steps=\"{}\" ;;\n", row.name,
                         flags.substr(flags.empty() ? 0 : 1), row.steps);
  }
  return fmt::format(
      "_ipw() {{\n"
      "  local word=\"${{COMP_WORDS[COMP_CWORD]}}\" words steps\n"
      "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
      "    COMPREPLY=($(compgen -W \"{} --help --version\" -- \"$word\"))\n"
      "    return\n"
      "  fi\n"
      "  case \"${{COMP_WORDS[1]}}\" in\n{}  esac\n"
      "  if [[ \"$word\" == -* ]]; then\n"
      "    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
      "  elif [ -n \"$steps\" ] && [ \"$COMP_CWORD\" -eq 2 ]; then\n"
      "    COMPREPLY=($(compgen -W \"$steps\" -- \"$word\"))\n"
      "  else\n"
      "    COMPREPLY=($(compgen -f -- \"$word\"))\n"
      "  fi\n"
      "}}\n"
      "complete -o filenames -F _ipw ipw\n",
      joined_names(rows), cases);
}

std::string zsh_script(const std::vector<CommandRow>& rows) {
  std::string names;
  std::string cases;
  for (const CommandRow& row : rows) {
    names += fmt::format("    {}\n", quoted(row.name + ":" + row.summary));
    cases += fmt::format("    {}) _arguments", row.name);
    for (const FlagRow& flag : row.flags) {
      cases += fmt::format(" {}", quoted(flag.name + "[" + flag.summary + "]:value:_files", ""));
    }
    if (!row.steps.empty()) cases += fmt::format(" '1:step:({})'", row.steps);
    cases += " '*:file:_files' ;;\n";
  }
  return fmt::format(
      "#compdef ipw\n"
      "_ipw() {{\n"
      "  local -a names=(\n{}  )\n"
      "  if (( CURRENT == 2 )); then _describe command names; return; fi\n"
      "  local command=$words[2]\n"
      "  shift words; (( CURRENT-- ))\n"
      "  case $command in\n{}  esac\n"
      "}}\n"
      "compdef _ipw ipw\n",
      names, cases);
}

std::string fish_script(const std::vector<CommandRow>& rows) {
  std::string text;
  const std::string names = joined_names(rows);
  for (const CommandRow& row : rows) {
    text += fmt::format("complete -c ipw -n 'not __fish_seen_subcommand_from {}' -f -a {} -d {}\n",
                        names, row.name, quoted(row.summary));
    if (!row.steps.empty()) {
      text += fmt::format("complete -c ipw -n '__fish_seen_subcommand_from {}' -f -a '{}'\n",
                          row.name, row.steps);
    }
    for (const FlagRow& flag : row.flags) {
      text += fmt::format("complete -c ipw -n '__fish_seen_subcommand_from {}' -l {} -d {}\n",
                          row.name, flag.name.substr(2), quoted(flag.summary));
    }
  }
  return text;
}

struct Shell {
  const char* name;
  std::string (*script)(const std::vector<CommandRow>&);
};
constexpr Shell kShells[] = {{"bash", bash_script}, {"zsh", zsh_script}, {"fish", fish_script}};

}  // namespace

Action declare_completion(const Flags& app, Context& context) {
  auto shell = std::make_shared<std::string>();
  std::vector<std::string> names;
  for (const Shell& known : kShells) names.emplace_back(known.name);
  app.option("SHELL", *shell, "bash, zsh or fish").required().one_of(names);
  return [app, &context, shell] {
    const std::vector<CommandRow> rows = rows_of(*app.app().get_parent());
    for (const Shell& known : kShells) {
      if (*shell == known.name) context.out << known.script(rows);
    }
    return static_cast<int>(kDone);
  };
}

}  // namespace ipw::cli
