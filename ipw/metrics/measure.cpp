// Each figure of docs/metrics.md, once.
#include "ipw/metrics/measure.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "ipw/metrics/energy_view.h"

namespace ipw::metrics {
namespace {

using Reader = std::function<double(std::size_t record)>;  // NaN: not known

constexpr const char* kModelledPower =
    "power is nearly constant in this model: ipw follows accuracy alone; read ipj";
constexpr const char* kSharedDevices =
    "requests shared the devices, whose power is then not one request's: read ipj first";
constexpr const char* kNoEnergy = "no energy was measured";
constexpr const char* kNoIdle =
    "idle power is unknown, so joules are above idle: see the _active figure";

double ratio_of_sums(const double* sums) { return sums[0] / sums[1]; }
double third_per_record(const double* sums) { return sums[2] / sums[1]; }

template <class T>
Reader column(std::span<const T> values) {
  return [values](std::size_t i) { return static_cast<double>(values[i]); };
}

Reader score_reader(const Sample& sample, double missing_as) {
  return [scores = sample.score, missing_as](std::size_t i) {
    return std::isnan(scores[i]) ? missing_as : static_cast<double>(scores[i]);
  };
}

Reader service_reader(const Sample& sample) {
  return [from = sample.started, to = sample.ended](std::size_t i) { return to[i] - from[i]; };
}

Reader one() {
  return [](std::size_t) { return 1.0; };
}

/// All terms must be known for a record to take part: numerator and denominator share a population.
std::function<bool(std::size_t, double*)> read_all(std::vector<Reader> readers) {
  return [readers = std::move(readers)](std::size_t record, double* terms) {
    for (const Reader& reader : readers) {
      *terms = reader(record);
      if (!std::isfinite(*terms++)) return false;
    }
    return true;
  };
}

class Table {
 public:
  Table(const Sample& sample, Records records, double missing_as)
      : sample_(sample),
        records_(records),
        score_(score_reader(sample, missing_as)),
        has_service_(!sample.started.empty() && !sample.ended.empty()),
        service_(service_reader(sample)) {}

  std::vector<Measure> build() {
    Measure accuracy = plain("accuracy", "1", "");
    accuracy.provenance.method = "scorer";
    accuracy.kind = Kind::kAccuracy;
    accuracy.read = read_all({score_, one()});
    add(std::move(accuracy));
    const std::vector<EnergyView> views = energy_views(sample_.energy);
    for (const EnergyView& view : views) add_energy(std::make_shared<const EnergyView>(view));
    if (views.empty()) add_absent_energy();
    add_mean("ttft_mean", "s", sample_.ttft, "no first token was timed");
    add_mean("latency_mean", "s", sample_.latency, "no latency was timed");
    if (!sample_.delay.empty()) add_mean("dispatch_delay_mean", "s", sample_.delay, "");
    add_mean("latency_sent_mean", "s", sample_.latency_sent, "no send time is known");
    add_mean("tpot_mean", "s/token", sample_.tpot, "no time per output token is known");
    add_rates();
    add_mean("prompt_tokens_mean", "tokens", sample_.prompt_tokens, "tokens were not counted");
    add_mean("output_tokens_mean", "tokens", sample_.output_tokens, "tokens were not counted");
    if (!sample_.usd.empty()) add_cost();
    return std::move(table_);
  }

 private:
  using View = std::shared_ptr<const EnergyView>;

  void add(Measure measure) { table_.push_back(std::move(measure)); }

  static Measure plain(std::string name, std::string unit, const char* absent) {
    Measure measure;
    measure.name = std::move(name);
    measure.unit = std::move(unit);
    measure.cost = ratio_of_sums;
    measure.absent = absent;
    return measure;
  }

  void add_mean(std::string name, std::string unit, std::span<const float> values,
                const char* absent) {
    Measure mean = plain(std::move(name), std::move(unit), values.empty() ? absent : "");
    mean.provenance.method = mean.unit == "tokens" ? "usage" : "clock";
    mean.read = read_all({column(values), one()});
    mean.per_record = true;
    add(std::move(mean));
  }

  void add_cost() {
    Measure cost = plain("usd_per_query", "USD", "");
    cost.provenance = {.source = record::Source::kPublished, .method = "price-list"};
    cost.read = read_all({column(sample_.usd), one()});
    cost.per_record = true;
    const auto unknown = std::ranges::count_if(
        records_, [&](std::uint32_t record) { return std::isnan(sample_.usd[record]); });
    if (unknown > 0) {
      cost.caution = std::to_string(unknown) + " of " + std::to_string(records_.size()) +
                     " records have no cost: their tokens were not counted, or their prompts are "
                     "beyond what the price holds for";
    }
    add(std::move(cost));
  }

  void add_energy(const View& view) {
    const Reader active = [view](std::size_t i) { return view->active(i); };
    const Reader total = [view](std::size_t i) { return view->total(i); };
    const Reader power = [view](std::size_t i) { return view->power(i); };
    const char* no_total = view->idle_known ? "" : kNoIdle;
    const char* no_power = !view->has_power      ? "the devices' power is not known"
                           : !view->idle_unknown ? kNoIdle
                                                 : "";
    add_per_power(view, view->idle_known, "", power, view->has_power ? no_total : no_power);
    if (!view->idle_known) add_per_power(view, true, "_active", power, no_power);
    add_per_joule(view, "", total, no_total);
    add_per_joule(view, "_active", active, "");
  }

  [[nodiscard]] Measure of_energy(const View& view, std::string name, std::string unit,
                                  const char* absent) const {
    Measure measure = plain(std::move(name), std::move(unit), absent);
    measure.provenance = view->provenance;
    measure.of_energy = true;
    measure.systematic = view->systematic;
    return measure;
  }

  void add_per_power(const View& view, bool known, const std::string& suffix, const Reader& power,
                     const char* absent) {
    Measure ipw = of_energy(view, "ipw" + suffix, "1/W", known ? absent : kNoIdle);
    ipw.kind = Kind::kScored;
    ipw.terms = 3;
    ipw.read = read_all({score_, one(), power});
    ipw.cost = third_per_record;
    ipw.caution = power_caution(*view);
    add(std::move(ipw));
    Measure watts = of_energy(view, "watts" + suffix, "W", known ? absent : kNoIdle);
    watts.read = read_all({power, one()});
    watts.per_record = true;
    if (modelled(*view)) watts.caution = "a model's assumption, not a measurement";
    add(std::move(watts));
  }

  void add_per_joule(const View& view, const std::string& suffix, const Reader& joules,
                     const char* absent) {
    add_energy_weighted(view, suffix, joules, absent);
    Measure ipj = of_energy(view, "ipj" + suffix, "1/J", absent);
    ipj.kind = Kind::kScored;
    ipj.terms = 3;
    ipj.read = read_all({score_, one(), joules});
    ipj.cost = third_per_record;
    add(std::move(ipj));
    Measure query = of_energy(view, "j_per_query" + suffix, "J", absent);
    query.read = read_all({joules, one()});
    query.per_record = true;
    add(std::move(query));
    const bool tokens = !sample_.output_tokens.empty();
    Measure token = of_energy(view, "j_per_token" + suffix, "J/token",
                              tokens ? absent : "output tokens were not counted");
    token.read = read_all({joules, column(sample_.output_tokens)});
    add(std::move(token));
  }

  // mean(acc) / (ΣE / busy seconds). A resample has no union of windows of its own; its busy time
  // is its service time, overlapping as much as that of the whole did.
  void add_energy_weighted(const View& view, const std::string& suffix, const Reader& joules,
                           const char* absent) {
    Measure weighted = of_energy(view, "ipw_energy_weighted" + suffix, "1/W",
                                 has_service_ ? absent : "the service windows are not known");
    weighted.kind = Kind::kScored;
    weighted.terms = 4;
    if (weighted.absent.empty()) {
      weighted.read = read_all({score_, one(), joules, service_});
      weighted.cost = [overlap = overlap_of(weighted)](const double* sums) {
        return sums[2] / (sums[3] * overlap);
      };
      weighted.caution = power_caution(*view);
    }
    add(std::move(weighted));
  }

  void add_absent_energy() {
    for (const auto& [name, unit] : {std::pair{"ipw", "1/W"},
                                     {"watts", "W"},
                                     {"ipw_energy_weighted", "1/W"},
                                     {"ipj", "1/J"},
                                     {"j_per_query", "J"},
                                     {"j_per_token", "J/token"}}) {
      add(plain(name, unit, kNoEnergy));
    }
  }

  void add_rates() {
    const bool tokens = !sample_.output_tokens.empty();
    const char* absent = !has_service_ ? "the service windows are not known"
                         : !tokens     ? "tokens were not counted"
                                       : "";
    Measure speed = plain("tokens_per_s", "tokens/s", absent);
    speed.provenance.method = "clock";
    speed.read = read_all({column(sample_.output_tokens), service_});
    add(std::move(speed));
    add_throughput("throughput_tokens", "tokens/s", column(sample_.output_tokens), absent);
    add_throughput("throughput_questions", "1/s", one(),
                   has_service_ ? "" : "the service windows are not known");
    if (!sample_.good.empty()) add_goodput();
  }

  void add_goodput() {
    Measure share = plain("goodput_share", "1", "");
    share.provenance.method = "clock";
    share.kind = Kind::kShare;
    share.read = read_all({column(sample_.good), one()});
    add(std::move(share));
    add_throughput("goodput", "1/s", column(sample_.good),
                   has_service_ ? "" : "the service windows are not known");
  }

  void add_throughput(std::string name, std::string unit, const Reader& work, const char* absent) {
    Measure rate = plain(std::move(name), std::move(unit), absent);
    rate.provenance.method = "clock";
    if (rate.absent.empty()) {
      rate.read = read_all({work, service_});
      rate.cost = [overlap = overlap_of(rate)](const double* sums) {
        return sums[0] / (sums[1] * overlap);
      };
    }
    add(std::move(rate));
  }

  /// Busy seconds per second of service, of the records that take part: 1 where none overlap.
  [[nodiscard]] double overlap_of(const Measure& measure) const {
    std::vector<std::uint32_t> part;
    double service = 0.0;
    double terms[kMaxTerms];
    for (const std::uint32_t record : records_) {
      if (!measure.read(record, terms)) continue;
      part.push_back(record);
      service += service_(record);
    }
    return busy_seconds(sample_, part) / service;
  }

  static bool modelled(const EnergyView& view) {
    return std::ranges::any_of(view.columns, [](const EnergyColumns& part) {
      return part.provenance.method.starts_with("cpu-time");
    });
  }

  std::string power_caution(const EnergyView& view) {
    if (modelled(view)) return kModelledPower;
    if (!has_service_) return {};
    if (!overlapping_) {
      double service = 0.0;
      for (const std::uint32_t record : records_) {
        if (std::isfinite(service_(record))) service += service_(record);
      }
      overlapping_ = busy_seconds(sample_, records_) < 0.95 * service;
    }
    return *overlapping_ ? kSharedDevices : "";
  }

  const Sample& sample_;
  Records records_;
  Reader score_;
  bool has_service_;
  Reader service_;
  std::optional<bool> overlapping_;
  std::vector<Measure> table_;
};

}  // namespace

double Measure::value(const double* sums) const {
  switch (kind) {
    case Kind::kAccuracy:
    case Kind::kShare: return sums[0] / sums[1];
    case Kind::kScored: return sums[0] / sums[1] / cost(sums);
    case Kind::kRatio: return cost(sums);
  }
  return kNaN;
}

std::vector<Measure> measures(const Sample& sample, Records records, double missing_as) {
  return Table(sample, records, missing_as).build();
}

double busy_seconds(const Sample& sample, Records records) {
  std::vector<std::uint32_t> order;
  for (const std::uint32_t record : records) {
    if (std::isfinite(sample.started[record]) && std::isfinite(sample.ended[record])) {
      order.push_back(record);
    }
  }
  const auto start = [&](std::uint32_t record) { return sample.started[record]; };
  if (!std::ranges::is_sorted(order, {}, start)) std::ranges::sort(order, {}, start);
  double busy = 0.0;
  double until = -std::numeric_limits<double>::infinity();
  for (const std::uint32_t record : order) {
    const double from = std::max(sample.started[record], until);
    if (sample.ended[record] <= from) continue;
    busy += sample.ended[record] - from;
    until = sample.ended[record];
  }
  return busy;
}

}  // namespace ipw::metrics
