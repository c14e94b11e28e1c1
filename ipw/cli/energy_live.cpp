// ipw energy: this machine's power while it lasts.
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <deque>

#include <nlohmann/json.hpp>

#include "ipw/cli/context.h"
#include "ipw/cli/energy.h"
#include "ipw/cli/energy_samples.h"
#include "ipw/cli/program.h"
#include "ipw/cli/terminal_stream.h"
#include "ipw/energy/watch.h"
#include "ipw/report/figure_json.h"
#include "ipw/report/figure_table.h"
#include "ipw/report/sparkline.h"
#include "ipw/report/text.h"
#include "ipw/store/export.h"

namespace ipw::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kHistory = 32;

struct SensorView {
  std::optional<double> watts;  // of late; absent: nothing known
  std::optional<energy::WindowEnergy> since_start;
  std::deque<std::optional<double>> history;
};

core::Instant::duration duration(double seconds) {
  return std::chrono::duration_cast<core::Instant::duration>(core::Seconds(seconds));
}

std::size_t terminal_width() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

std::string watts_text(const std::optional<double>& watts) {
  return watts ? report::quantity_text(*watts, "W") : "—";
}

std::string joules_text(const SensorView& view) {
  return view.since_start ? report::quantity_text(view.since_start->energy.count(), "J") : "—";
}

class LiveView {
 public:
  LiveView(const EnergyFlags& flags, Context& context, energy::Watch& watch)
      : flags_(flags), context_(context), watch_(watch), views_(watch.sensors().size()) {}

  void begin(core::Instant start) {
    start_ = start;
    before_ = start;
    if (flags_.csv) {
      context_.out << "seconds,sensor,provenance,method,power_w,energy_j,coverage\n";
    } else if (!flags_.json && !context_.out_is_terminal) {
      for (const energy::SensorDescription& sensor : watch_.sensors()) {
        context_.out << fmt::format("# {}: {}, {}\n", sensor.id, sensor.device,
                                    report::provenance_text(sensor.provenance));
      }
    }
  }

  void tick(core::Instant now) {
    for (std::size_t i = 0; i < views_.size(); ++i) {
      const energy::Timeline& timeline = watch_.timeline(i);
      const core::Seconds reach =
          std::max(core::Seconds(now - before_), 3.0 * timeline.sensor().update_period);
      const auto late = timeline.window(now - duration(reach.count()), now);
      SensorView& view = views_[i];
      view.watts.reset();
      if (late) view.watts = late->mean_power.count();
      view.since_start = timeline.window(start_, now);
      view.history.push_back(view.watts);
      if (view.history.size() > kHistory) view.history.pop_front();
    }
    before_ = now;
    const double seconds = core::Seconds(now - start_).count();
    if (flags_.json) {
      print_state(seconds);
    } else if (flags_.csv) {
      print_csv(seconds);
    } else if (context_.out_is_terminal) {
      redraw(seconds);
    } else {
      print_lines(seconds);
    }
    context_.out.flush();
  }

  void end(core::Instant now) {
    if (flags_.json || flags_.csv) return;  // the last row is the sum
    const double seconds = core::Seconds(now - start_).count();
    std::string text = fmt::format("\n{:.1f} s watched\n", seconds);
    report::Table table({"sensor", "energy", "±", "mean power", "covered", "source"},
                        {true, false, false, false, false, true});
    for (std::size_t i = 0; i < views_.size(); ++i) {
      const energy::SensorDescription& sensor = watch_.sensors()[i];
      const auto all = watch_.timeline(i).window(start_, now);
      if (!all) {
        table.add({sensor.id, "—", "", "—", "0 %", report::provenance_text(sensor.provenance)});
        continue;
      }
      table.add({sensor.id, report::quantity_text(all->energy.count(), "J"),
                 report::quantity_text(1.96 * all->uncertainty.count(), "J"),
                 report::quantity_text(all->mean_power.count(), "W"),
                 fmt::format("{:.1f} %", 100.0 * all->coverage),
                 report::provenance_text(sensor.provenance)});
    }
    text += table.text(120);
    const std::vector<energy::SensorHealth> health = watch_.health();
    for (std::size_t i = 0; i < views_.size(); ++i) {
      const energy::SensorDescription& sensor = watch_.sensors()[i];
      if (!sensor.assumption.empty()) {
        text += report::wrapped(
                    fmt::format("- {} is an estimate: {}", sensor.id, sensor.assumption), 100, 2) +
                "\n";
      }
      if (health[i].errors > 0) {
        text += fmt::format("- {}: {} readings failed\n", sensor.id, health[i].errors);
      }
    }
    context_.out << text;
  }

 private:
  void print_state(double seconds) {
    Json json = {{"schema_version", report::kJsonSchemaVersion},
                 {"command", "energy"},
                 {"seconds", seconds},
                 {"sensors", Json::array()}};
    for (std::size_t i = 0; i < views_.size(); ++i) {
      const energy::SensorDescription& sensor = watch_.sensors()[i];
      const SensorView& view = views_[i];
      const auto& all = view.since_start;
      json["sensors"].push_back(
          {{"sensor", sensor.id},
           {"provenance", record::name(sensor.provenance.source)},
           {"method", sensor.provenance.method},
           {"power_w", view.watts ? Json(*view.watts) : Json(nullptr)},
           {"energy_j", all ? Json(all->energy.count()) : Json(nullptr)},
           {"uncertainty_j", all ? Json(all->uncertainty.count()) : Json(nullptr)},
           {"coverage", all ? Json(all->coverage) : Json(0.0)}});
    }
    constexpr int kOneLine = -1;
    print_json(context_, json, kOneLine);
  }

  void print_csv(double seconds) {
    for (std::size_t i = 0; i < views_.size(); ++i) {
      const energy::SensorDescription& sensor = watch_.sensors()[i];
      const SensorView& view = views_[i];
      context_.out << fmt::format(
          "{:.3f},{},{},{},{},{},{:.4f}\n", seconds, store::csv_field(sensor.id),
          record::name(sensor.provenance.source), store::csv_field(sensor.provenance.method),
          view.watts ? fmt::format("{:.6g}", *view.watts) : "",
          view.since_start ? fmt::format("{:.9g}", view.since_start->energy.count()) : "",
          view.since_start ? view.since_start->coverage : 0.0);
    }
  }

  void print_lines(double seconds) {
    for (std::size_t i = 0; i < views_.size(); ++i) {
      const energy::SensorDescription& sensor = watch_.sensors()[i];
      context_.out << fmt::format("{:9.2f} s  {:<24} {:>9}  {:>9}  {}\n", seconds, sensor.id,
                                  watts_text(views_[i].watts), joules_text(views_[i]),
                                  record::name(sensor.provenance.source));
    }
  }

  void redraw(double seconds) {
    std::vector<std::string> lines{fmt::format("{:.0f} s watched, every {}; Ctrl-C ends", seconds,
                                               report::quantity_text(flags_.interval_s, "s"))};
    for (std::size_t i = 0; i < views_.size(); ++i) {
      const energy::SensorDescription& sensor = watch_.sensors()[i];
      const std::vector<std::optional<double>> history(views_[i].history.begin(),
                                                       views_[i].history.end());
      std::string bars = report::sparkline(history);
      bars.insert(0, kHistory - history.size(), ' ');
      lines.push_back(fmt::format("{:<20} {:>8}  {}  {:>8}  {}", report::beginning(sensor.id, 20),
                                  watts_text(views_[i].watts), bars, joules_text(views_[i]),
                                  report::provenance_text(sensor.provenance)));
    }
    if (drawn_ > 0) context_.out << TerminalCode{fmt::format("\x1b[{}A", drawn_)};
    const std::size_t width = terminal_width();  // a line that wraps could not be rewritten
    for (const std::string& line : lines) {
      context_.out << TerminalCode{"\r"} << report::beginning(line, width - 1)
                   << TerminalCode{"\x1b[K"} << "\n";
    }
    drawn_ = lines.size();
  }

  const EnergyFlags& flags_;
  Context& context_;
  energy::Watch& watch_;
  std::vector<SensorView> views_;
  core::Instant start_;
  core::Instant before_;
  std::size_t drawn_ = 0;  // lines to go up before drawing again
};

}  // namespace

core::Result<int> show_power(const EnergyFlags& flags, Context& context) {
  const std::shared_ptr<void> in_order = context.heed_stop();
  IPW_TRY(auto sensors, energy_sensors(flags, context));
  std::optional<SampleFile> samples;
  if (!flags.samples.empty()) {
    IPW_TRY(samples, SampleFile::create(flags.samples));
  }
  energy::Watch watch(std::move(sensors), context.clock);
  if (samples) write_samples(watch, *samples);
  LiveView view(flags, context, watch);

  const core::Instant start = context.clock.now();
  watch.begin(start);
  view.begin(start);
  const core::Instant end =
      flags.duration_s ? start + duration(*flags.duration_s) : core::Instant::max();
  core::Instant now = start;
  while (now < end && !context.stop.stop_requested() && context.out) {
    watch.wait(std::min(end, now + duration(flags.interval_s)), context.stop);
    now = context.clock.now();
    view.tick(now);
  }
  watch.settle(now, {});
  view.end(now);
  if (samples) IPW_CHECK(samples->finish());
  return kDone;
}

}  // namespace ipw::cli
