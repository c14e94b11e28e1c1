// Tables that follow from themselves, printed with random rounding, and the same with one error
// planted: the auditor is silent on the first, and finds the error in the second.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "ipw/analysis/audit.h"
#include "ipw/core/random.h"

namespace ipw::analysis {
namespace {

/// The figures of one model before they are rounded.
struct Model {
  std::int64_t n = 0;
  std::int64_t repeats = 1;
  std::int64_t right = 0;
  double accuracy = 0.0;
  double shares[3] = {};
  double average = 0.0;
  double watts = 0.0;
  double seconds = 0.0;
  double joules = 0.0;
  double first_token = 0.0;
  double ipw = 0.0;
  double ipj = 0.0;
  double cost = 0.0;
  double total_cost = 0.0;
  double total_joules = 0.0;
  double batch_joules = 0.0;  // of eight requests together
  double batch_ipj = 0.0;
  double router = 0.0;  // chosen: exact
  double saved = 0.0;   // percent
};

enum class Scoring { kBinary, kRepeated, kGraded };

struct Generated {
  std::vector<Model> models;
  Scoring scoring = Scoring::kBinary;
  bool fine = false;  // printed with four digits at least, so that an error can be seen
  std::vector<std::string> columns;
};

class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed) {}

  Generated consistent(bool fine) {
    Generated table;
    table.fine = fine;
    table.scoring = static_cast<Scoring>(random_.below(3));
    const bool one_size = random_.below(2) == 0;
    const std::int64_t size = between(20, 300);
    products_ = fine || random_.below(2) == 0;
    for (std::uint64_t rows = 5 + random_.below(8); rows > 0; --rows) {
      table.models.push_back(model(table.scoring, one_size ? size : between(20, 300)));
    }
    table.columns = {"n", "accuracy"};
    if (table.scoring == Scoring::kRepeated) table.columns.emplace_back("repeats");
    if (table.scoring == Scoring::kGraded) table.columns.emplace_back("scorer");
    for (const char* group :
         {"power_w,ipw", "latency_s,energy_j,ipj", "ttft_s,latency_s",
          "cost_per_request_usd,total_cost_usd", "energy_j,total_energy_j", "math,code,law,avg",
          "router_accuracy,energy_saved_pct", "energy_batch_8_j,ipj_batch_8_per_j", "correct"}) {
      if (fine || random_.below(2) == 0) add_columns(table, group);
    }
    return table;
  }

  std::string text(const Generated& table) {
    std::string text = "model";
    for (const std::string& column : table.columns) text += "," + column;
    digits_.clear();
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      digits_.push_back(static_cast<int>((table.fine ? 4 : 2) + random_.below(3)));
    }
    for (std::size_t row = 0; row < table.models.size(); ++row) {
      text += fmt::format("\nmodel {}", row);
      for (std::size_t i = 0; i < table.columns.size(); ++i) {
        text += "," + cell(table, table.models[row], table.columns[i], digits_[i]);
      }
    }
    return text + "\n";
  }

  double factor() {
    const double size = 1.5 + 1.5 * random_.unit();
    return random_.below(2) == 0 ? size : 1.0 / size;
  }
  Model& any(Generated& table) { return table.models[random_.below(table.models.size())]; }
  double unit() { return random_.unit(); }
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(high - low)));
  }

 private:
  Model model(Scoring scoring, std::int64_t n) {
    Model made;
    made.n = n;
    if (scoring == Scoring::kRepeated) made.repeats = between(2, 6);
    const std::int64_t verdicts = n * made.repeats;
    made.right = between(verdicts / 10, verdicts);
    made.accuracy = scoring == Scoring::kGraded
                        ? 0.1 + 0.9 * random_.unit()
                        : static_cast<double>(made.right) / static_cast<double>(verdicts);
    for (double& share : made.shares) {
      share = scoring == Scoring::kGraded
                  ? random_.unit()
                  : static_cast<double>(between(0, verdicts)) / static_cast<double>(verdicts);
      made.average += share / 3.0;
    }
    made.watts = 10.0 + 690.0 * random_.unit();
    made.seconds = 0.5 + 59.5 * random_.unit();
    made.joules = made.watts * made.seconds * (products_ ? 1.0 : 0.87 + 0.26 * random_.unit());
    made.first_token = made.seconds * (0.01 + 0.9 * random_.unit());
    made.cost = 0.0001 + 0.05 * random_.unit();
    made.batch_joules = made.joules / (4.0 + 4.0 * random_.unit());
    made.router = 0.5 + 0.05 * static_cast<double>(random_.below(10));
    made.saved = 5.0 + 90.0 * random_.unit();
    derive(made);
    return made;
  }

  static void derive(Model& made) {
    made.ipw = made.accuracy / made.watts;
    made.ipj = made.accuracy / made.joules;
    made.batch_ipj = made.accuracy / made.batch_joules;
    made.total_cost = made.cost * static_cast<double>(made.n);
    made.total_joules = made.joules * static_cast<double>(made.n);
  }

  static void add_columns(Generated& table, const std::string& group) {
    if (group == "correct" && table.scoring == Scoring::kGraded) return;
    std::size_t from = 0;
    while (from <= group.size()) {
      const std::size_t comma = std::min(group.find(',', from), group.size());
      const std::string name = group.substr(from, comma - from);
      if (!std::ranges::count(table.columns, name)) table.columns.push_back(name);
      from = comma + 1;
    }
  }

  static std::string rounded(double value, int digits) {
    if (value == 0.0) return "0";
    const int whole = static_cast<int>(std::floor(std::log10(std::abs(value)))) + 1;
    return fmt::format("{:.{}f}", value, std::max(digits - whole, 0));
  }

  static std::string cell(const Generated& table, const Model& of, const std::string& column,
                          int digits) {
    const std::vector<std::pair<std::string, double>> values{{"power_w", of.watts},
                                                             {"ipw", of.ipw},
                                                             {"latency_s", of.seconds},
                                                             {"energy_j", of.joules},
                                                             {"ipj", of.ipj},
                                                             {"ttft_s", of.first_token},
                                                             {"cost_per_request_usd", of.cost},
                                                             {"total_cost_usd", of.total_cost},
                                                             {"total_energy_j", of.total_joules},
                                                             {"energy_saved_pct", of.saved},
                                                             {"energy_batch_8_j", of.batch_joules},
                                                             {"ipj_batch_8_per_j", of.batch_ipj}};
    if (column == "n") return std::to_string(of.n);
    if (column == "repeats") return std::to_string(of.repeats);
    if (column == "correct") return std::to_string(of.right);
    if (column == "scorer") return table.scoring == Scoring::kGraded ? "rubric grades" : "exact";
    if (column == "router_accuracy") return fmt::format("{:.2f}", of.router);
    const int decimals = std::max(digits - 1, 3);
    if (column == "accuracy") return fmt::format("{:.{}f}", of.accuracy, decimals);
    if (column == "math") return fmt::format("{:.{}f}", of.shares[0], decimals);
    if (column == "code") return fmt::format("{:.{}f}", of.shares[1], decimals);
    if (column == "law") return fmt::format("{:.{}f}", of.shares[2], decimals);
    if (column == "avg") return fmt::format("{:.{}f}", of.average, decimals);
    for (const auto& [name, value] : values) {
      if (name == column) return rounded(value, digits);
    }
    return "";
  }

  core::Random random_;
  bool products_ = true;
  std::vector<int> digits_;
};

Audit audited(const std::string& text) {
  const auto table = parse_table("t", text);
  EXPECT_TRUE(table) << table.error().message << text;
  const auto audit = audit_tables(std::span(&*table, 1), std::nullopt, {});
  EXPECT_TRUE(audit) << audit.error().message;
  return *audit;
}

TEST(AuditGenerator, IsSilentOnConsistentTables) {
  int repeated = 0;
  int graded = 0;
  for (std::uint64_t seed = 1; seed <= 320; ++seed) {
    Generator generator(seed);
    const Generated table = generator.consistent(seed % 2 == 0);
    repeated += table.scoring == Scoring::kRepeated ? 1 : 0;
    graded += table.scoring == Scoring::kGraded ? 1 : 0;
    const std::string text = generator.text(table);
    for (const Finding& finding : audited(text).findings) {
      ADD_FAILURE() << seed << ": " << finding.check << " " << finding.where << " " << finding.what
                    << "\n"
                    << text;
    }
  }
  EXPECT_GT(repeated, 60);
  EXPECT_GT(graded, 60);
}

/// A kind of error: what it does to a table, and which check is to find it.
struct Planted {
  const char* name;
  const char* check;
  std::function<void(Generated& table, Generator& generator)> plant;
};

void without(Generated& table, const std::string& column) { std::erase(table.columns, column); }

void one_size(Generated& table) {
  for (Model& model : table.models) {
    model.n = table.models.front().n;
    model.total_cost = model.cost * static_cast<double>(model.n);
    model.total_joules = model.joules * static_cast<double>(model.n);
  }
}

/// Answers that each count, to questions that were asked once.
void binary(Generated& table) {
  table.scoring = Scoring::kBinary;
  without(table, "repeats");
  without(table, "scorer");
  for (Model& model : table.models) {
    model.repeats = 1;
    model.right = std::clamp<std::int64_t>(
        std::llround(model.accuracy * static_cast<double>(model.n)), 1, model.n);
    model.accuracy = static_cast<double>(model.right) / static_cast<double>(model.n);
    model.average = 0.0;
    for (double& share : model.shares) {
      share = std::round(share * static_cast<double>(model.n)) / static_cast<double>(model.n);
      model.average += share / 3.0;
    }
    model.ipw = model.accuracy / model.watts;
    model.ipj = model.accuracy / model.joules;
    model.batch_ipj = model.accuracy / model.batch_joules;
  }
}

const std::vector<Planted>& kinds() {
  static const std::vector<Planted> kKinds{
      {"joules that are no watts x seconds", "energy",
       [](Generated& t, Generator& g) {
         Model& model = g.any(t);
         model.joules *= g.factor();
         model.ipj = model.accuracy / model.joules;
         model.total_joules = model.joules * static_cast<double>(model.n);
       }},
      {"watts that are no joules / seconds, in every row", "energy",
       [](Generated& t, Generator& g) {
         const double factor = g.factor();
         for (Model& model : t.models) {
           model.watts *= factor;
           model.ipw = model.accuracy / model.watts;
         }
       }},
      {"a share that no number of samples gives", "granularity",
       [](Generated& t, Generator& g) {
         binary(t);
         Model& model = g.any(t);
         model.n = g.between(20, 60);
         model.accuracy = (std::floor(model.accuracy * static_cast<double>(model.n) * 0.9) + 0.5) /
                          static_cast<double>(model.n);
       }},
      {"ipw that is not accuracy / watts", "product",
       [](Generated& t, Generator& g) { g.any(t).ipw *= g.factor(); }},
      {"ipj that is not accuracy / joules", "product",
       [](Generated& t, Generator& g) { g.any(t).ipj *= g.factor(); }},
      {"ipj of a batch that is not accuracy / its joules", "product",
       [](Generated& t, Generator& g) { g.any(t).batch_ipj *= g.factor(); }},
      {"a total cost that is not n times one", "product",
       [](Generated& t, Generator& g) { g.any(t).total_cost *= g.factor(); }},
      {"a total cost without a column of counts", "product",
       [](Generated& t, Generator& g) {
         one_size(t);
         without(t, "n");
         g.any(t).total_cost *= g.factor();
       }},
      {"total joules that are not n times one", "product",
       [](Generated& t, Generator& g) { g.any(t).total_joules *= g.factor(); }},
      {"an average that is not the mean of its shares", "mean",
       [](Generated& t, Generator& g) { g.any(t).average += g.unit() < 0.5 ? 0.02 : -0.02; }},
      {"an average of exact fractions, off by three of its last digit", "mean",
       [](Generated& t, Generator& g) {
         binary(t);
         Model& model = g.any(t);
         model.n = g.between(20, 50);
         model.average = 0.0;
         for (double& share : model.shares) {
           share = std::round(share * static_cast<double>(model.n)) / static_cast<double>(model.n);
           model.average += share / 3.0;
         }
         t.models = {model, model, model, model, model};
         t.columns = {"n", "math", "code", "law", "avg"};
         t.fine = false;  // the digits are what hides it
         t.models[2].average += g.unit() < 0.5 ? 0.003 : -0.003;
       }},
      {"a first token after the last", "identity",
       [](Generated& t, Generator& g) {
         Model& model = g.any(t);
         model.first_token = model.seconds * (1.1 + g.unit());
       }},
      {"a first token with the last", "identity",
       [](Generated& t, Generator&) {
         for (Model& model : t.models) model.first_token = model.seconds;
         t.columns = {"n", "accuracy", "ttft_s", "latency_s"};
       }},
      {"a share above one", "range",
       [](Generated& t, Generator& g) { g.any(t).accuracy = 1.01 + g.unit(); }},
      {"joules below zero", "range", [](Generated& t, Generator& g) { g.any(t).joules *= -1.0; }},
      {"savings above a hundred per cent", "range",
       [](Generated& t, Generator& g) { g.any(t).saved = 101.0 + 50.0 * g.unit(); }},
      {"right answers that are not the accuracy", "product",
       [](Generated& t, Generator& g) {
         binary(t);
         if (!std::ranges::count(t.columns, "correct")) t.columns.emplace_back("correct");
         g.any(t).right += 3;
       }},
      {"a row twice", "duplicate",
       [](Generated& t, Generator& g) {
         t.columns.emplace_back("twice");
         (void)g;
       }},
      {"one power for all models", "constant",
       [](Generated& t, Generator& g) {
         const double watts = 50.0 + 500.0 * g.unit();
         for (Model& model : t.models) {
           model.watts = watts;
           model.joules = model.watts * model.seconds;
           model.ipw = model.accuracy / watts;
           model.ipj = model.accuracy / model.joules;
         }
       }},
      {"savings that are a router's accuracy times one number", "constant",
       [](Generated& t, Generator& g) {
         const double oracle = 40.0 + 50.0 * g.unit();
         for (std::size_t i = 0; i < t.models.size(); ++i) {
           t.models[i].router = 0.5 + 0.05 * static_cast<double>(i % 10);
           t.models[i].saved = oracle * t.models[i].router;
         }
       }}};
  return kKinds;
}

TEST(AuditGenerator, FindsEveryKindOfPlantedError) {
  for (const Planted& kind : kinds()) {
    int found = 0;
    std::string missed;
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
      Generator generator(1000 + seed);
      Generated table = generator.consistent(true);
      kind.plant(table, generator);
      std::string text;
      if (std::ranges::count(table.columns, "twice") > 0) {
        without(table, "twice");
        text = generator.text(table);
        text += text.substr(text.find('\n') + 1,
                            text.find('\n', text.find('\n') + 1) - text.find('\n'));
      } else {
        text = generator.text(table);
      }
      const Audit audit = audited(text);
      const bool seen = std::ranges::any_of(
          audit.findings, [&](const Finding& finding) { return finding.check == kind.check; });
      found += seen ? 1 : 0;
      if (!seen) missed = text;
    }
    EXPECT_GE(found, 36) << kind.name << "\n" << missed;
  }
}

TEST(AuditGenerator, ListsWhatItCannotCheck) {
  const struct {
    const char* table;
    const char* check;
  } kHalves[] = {{"model,accuracy\na,0.5\n", "granularity"},
                 {"model,n,accuracy,scorer\na,10,0.53,rubric grade\n", "granularity"},
                 {"model,energy_j\na,10\n", "energy"},
                 {"model,energy_j,power_w\na,10,5\n", "energy"},
                 {"model,ttft_s\na,0.5\n", "identity"},
                 {"model,total_cost_usd\na,0.5\n", "product"},
                 {"model,total_energy_j\na,5\n", "product"},
                 {"model,accuracy,ipw\na,0.5,0.01\n", "product"},
                 {"model,accuracy,ipj\na,0.5,0.01\n", "product"},
                 {"model,energy_saved_pct\na,50\n", "product"},
                 {"model,ipw,power_w\na,0.01,50\n", "product"},
                 {"model,total_cost_usd,cost_per_request_usd\na,1,0.1\nb,2,0.1\n", "product"},
                 {"model,words\na,b\n", "columns"}};
  for (const auto& half : kHalves) {
    const Audit audit = audited(half.table);
    EXPECT_TRUE(audit.holds()) << half.table;
    EXPECT_TRUE(std::ranges::any_of(audit.unchecked, [&](const Unchecked& item) {
      return item.check == half.check;
    })) << half.table;
  }
}

}  // namespace
}  // namespace ipw::analysis
