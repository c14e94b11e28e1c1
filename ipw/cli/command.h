#pragma once
// One command of the program, and the visible table of all of them.

#include <functional>
#include <span>

namespace CLI {  // NOLINT(readability-identifier-naming): CLI11 calls itself that
class App;
}

namespace ipw::cli {

struct Context;

/// What a command does once its flags are parsed; the exit status.
using Action = std::function<int()>;

struct Command {
  const char* name;
  const char* summary;                                 // one line
  const char* examples;                                // shown below --help, one per line
  Action (*declare)(CLI::App& app, Context& context);  // adds the flags, binds the action
};

Action declare_profile(CLI::App& app, Context& context);
Action declare_report(CLI::App& app, Context& context);
Action declare_compare(CLI::App& app, Context& context);
Action declare_plot(CLI::App& app, Context& context);
Action declare_coverage(CLI::App& app, Context& context);
Action declare_savings(CLI::App& app, Context& context);
Action declare_export(CLI::App& app, Context& context);
Action declare_dataset(CLI::App& app, Context& context);
Action declare_audit(CLI::App& app, Context& context);
Action declare_attribute(CLI::App& app, Context& context);
Action declare_history(CLI::App& app, Context& context);
Action declare_gdp(CLI::App& app, Context& context);
Action declare_gdi(CLI::App& app, Context& context);
Action declare_energy(CLI::App& app, Context& context);
Action declare_doctor(CLI::App& app, Context& context);
Action declare_models(CLI::App& app, Context& context);
Action declare_servers(CLI::App& app, Context& context);
Action declare_list(CLI::App& app, Context& context);
Action declare_completion(CLI::App& app, Context& context);
Action declare_help(CLI::App& app, Context& context);

/// In the order of the help page.
[[nodiscard]] std::span<const Command> commands();

}  // namespace ipw::cli
