#pragma once
// One command of the program, and the visible table of all of them.

#include <functional>
#include <span>

namespace ipw::cli {

class Flags;
struct Context;

/// What a command does once its flags are parsed; the exit status.
using Action = std::function<int()>;

struct Command {
  const char* name;
  const char* summary;                                    // one line
  const char* examples;                                   // shown below --help, one per line
  Action (*declare)(const Flags& app, Context& context);  // adds the flags, binds the action
};

Action declare_profile(const Flags& app, Context& context);
Action declare_report(const Flags& app, Context& context);
Action declare_compare(const Flags& app, Context& context);
Action declare_plot(const Flags& app, Context& context);
Action declare_coverage(const Flags& app, Context& context);
Action declare_savings(const Flags& app, Context& context);
Action declare_export(const Flags& app, Context& context);
Action declare_dataset(const Flags& app, Context& context);
Action declare_audit(const Flags& app, Context& context);
Action declare_attribute(const Flags& app, Context& context);
Action declare_history(const Flags& app, Context& context);
Action declare_gdp(const Flags& app, Context& context);
Action declare_gdi(const Flags& app, Context& context);
Action declare_energy(const Flags& app, Context& context);
Action declare_doctor(const Flags& app, Context& context);
Action declare_models(const Flags& app, Context& context);
Action declare_servers(const Flags& app, Context& context);
Action declare_list(const Flags& app, Context& context);
Action declare_completion(const Flags& app, Context& context);
Action declare_help(const Flags& app, Context& context);

/// In the order of the help page.
[[nodiscard]] std::span<const Command> commands();

}  // namespace ipw::cli
