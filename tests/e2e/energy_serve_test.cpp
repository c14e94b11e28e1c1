// `ipw energy --serve` as Prometheus meets it: the address, the grammar, counters that never fall.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <map>
#include <memory>
#include <optional>
#include <regex>
#include <set>
#include <sstream>
#include <string>

#include "ipw/net/client.h"

#include "process.h"

namespace ipw::e2e {
namespace {

using testing::HasSubstr;

struct Exposition {
  std::map<std::string, std::string> types;  // by metric
  std::set<std::string> helped;
  std::map<std::string, double> series;  // name with labels
};

// The text format 0.0.4, strictly: every line is one of these, and no series stands there twice.
// https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
Exposition parse(const std::string& text) {
  static const std::regex kComment(R"(# (TYPE|HELP) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+))");
  static const std::regex kSample(
      R"re((([a-zA-Z_:][a-zA-Z0-9_:]*)\{([a-z]+="([^"\\]|\\.)*",?)+\}) ([-+.0-9e]+))re");
  Exposition found;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (std::regex_match(line, match, kComment)) {
      if (match[1] == "HELP") {
        EXPECT_TRUE(found.helped.insert(match[2]).second) << line;
      } else {
        EXPECT_TRUE(match[3] == "counter" || match[3] == "gauge") << line;
        EXPECT_TRUE(found.types.emplace(match[2], match[3]).second) << line;
      }
    } else if (std::regex_match(line, match, kSample)) {
      EXPECT_TRUE(found.types.contains(match[2])) << "no TYPE before: " << line;
      EXPECT_TRUE(found.series.emplace(match[1], std::stod(match[5])).second) << line;
    } else {
      ADD_FAILURE() << "no line of the format: " << line;
    }
  }
  EXPECT_EQ(text.empty() ? '\n' : text.back(), '\n');
  return found;
}

class EnergyServe : public testing::Test {
 protected:
  // Starts it on a free port and waits until it has said which.
  void start() {
    process_ = std::make_unique<Process>(
        std::vector<std::string>{ipw_program(), "energy", "--serve", "127.0.0.1:0"});
    std::smatch match;
    ASSERT_TRUE(eventually([&] {
      const std::string said = process_->err_so_far();
      static const std::regex kPlace(R"(serving (http://127\.0\.0\.1:[1-9][0-9]*)/metrics;)");
      if (std::regex_search(said, match, kPlace)) url_ = match[1];
      return !url_.empty();
    })) << process_->err_so_far();
  }

  net::HttpResponse get(const std::string& path, const net::Headers& headers = {}) {
    net::HttpRequest request{.url = net::parse_url(url_ + path).value(), .headers = headers};
    auto answer = client_->fetch(std::move(request));
    EXPECT_TRUE(answer) << answer.error().message;
    return answer.value_or(net::HttpResponse{});
  }

  std::unique_ptr<net::HttpClient> client_ = net::HttpClient::open().value();
  std::unique_ptr<Process> process_;
  std::string url_;
};

TEST_F(EnergyServe, TwoScrapesAreValidAndTheirCountersNeverFall) {
  ASSERT_NO_FATAL_FAILURE(start());
  const auto joules = [](const Exposition& scrape) {
    std::optional<double> sum;
    for (const auto& [name, value] : scrape.series) {
      if (name.starts_with("ipw_energy_joules_total{")) sum = sum.value_or(0.0) + value;
    }
    return sum;
  };
  Exposition first;
  ASSERT_TRUE(eventually([&] {
    const net::HttpResponse answer = get("/metrics");
    EXPECT_EQ(answer.head.status, 200);
    EXPECT_EQ(net::find_header(answer.head.headers, "content-type"),
              "text/plain; version=0.0.4; charset=utf-8");
    first = parse(answer.body);
    return joules(first).has_value();
  })) << "no sensor ever told joules";
  EXPECT_EQ(first.types.at("ipw_energy_joules_total"), "counter");
  EXPECT_EQ(first.types.at("ipw_power_watts"), "gauge");
  for (const auto& [metric, type] : first.types) EXPECT_TRUE(first.helped.contains(metric));
  Exposition second;
  ASSERT_TRUE(eventually([&] {
    second = parse(get("/metrics").body);
    return joules(second) > joules(first);
  })) << "the counters stand still";
  for (const auto& [name, value] : first.series) {
    ASSERT_TRUE(second.series.contains(name)) << name;
    if (first.types.at(name.substr(0, name.find('{'))) != "counter") continue;
    EXPECT_GE(second.series.at(name), value) << name;
  }
  EXPECT_THAT(first.series.begin()->first, HasSubstr("provenance=\""));

  const net::HttpResponse open = get("/metrics", {{"Accept", "application/openmetrics-text"}});
  EXPECT_TRUE(open.body.ends_with("# EOF\n")) << open.body;
  EXPECT_EQ(get("/").head.status, 404);
  process_->signal(SIGTERM);
  EXPECT_EQ(process_->wait().status, 0);
}

TEST_F(EnergyServe, EndsAfterItsDuration) {
  const Finished finished = ipw({"energy", "--serve", "127.0.0.1:0", "--duration", "0.1"});
  EXPECT_EQ(finished.status, 0) << finished.err;
  EXPECT_EQ(finished.out, "");
}

TEST_F(EnergyServe, RefusesFlagsThatDoNotGoTogetherAndPlacesThatAreNone) {
  for (const std::vector<std::string>& wrong :
       std::vector<std::vector<std::string>>{{"--serve"},
                                             {"--serve", "9417"},
                                             {"--serve", ":9417"},
                                             {"--serve", "127.0.0.1:"},
                                             {"--serve", "127.0.0.1:70000"},
                                             {"--serve", "127.0.0.1:80x"},
                                             {"--serve", "127.0.0.1:0", "--json"},
                                             {"--serve", "127.0.0.1:0", "--csv"},
                                             {"--serve", "127.0.0.1:0", "--out", "file"},
                                             {"--serve", "127.0.0.1:0", "--samples", "file"},
                                             {"--serve", "127.0.0.1:0", "--", "true"}}) {
    std::vector<std::string> arguments{"energy"};
    arguments.insert(arguments.end(), wrong.begin(), wrong.end());
    const Finished finished = ipw(arguments);
    EXPECT_EQ(finished.status, 2) << testing::PrintToString(wrong) << finished.err;
    EXPECT_THAT(finished.err, HasSubstr("--serve")) << testing::PrintToString(wrong);
  }
  const Finished nowhere = ipw({"energy", "--serve", "nowhere:9417"});
  EXPECT_EQ(nowhere.status, 2);
  EXPECT_THAT(nowhere.err, HasSubstr("no IP address"));
}

TEST_F(EnergyServe, SaysWhoHasThePort) {
  ASSERT_NO_FATAL_FAILURE(start());
  const Finished second = ipw({"energy", "--serve", url_.substr(std::string("http://").size())});
  EXPECT_EQ(second.status, 1);
  EXPECT_THAT(second.err, HasSubstr("in use"));
}

}  // namespace
}  // namespace ipw::e2e
