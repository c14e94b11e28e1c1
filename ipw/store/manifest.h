#pragma once
// run.json: everything that another person needs to repeat a run, as plain data. The store may not
// know models, sensors or data sets, so their descriptions have their own plain form here.

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ipw/core/clock.h"
#include "ipw/core/result.h"
#include "ipw/core/units.h"
#include "ipw/record/company.h"
#include "ipw/record/provenance.h"

namespace ipw::store {

/// What a provider asked for on a day, in USD per million tokens: published, not measured.
struct ManifestPrice {
  double input = 0.0;
  std::optional<double> cached_input;  // absent: as input
  double output = 0.0;
  std::optional<double> reasoning;                  // absent: as output
  std::optional<std::int64_t> up_to_prompt_tokens;  // longer prompts cost more than this says
  std::string as_of;                                // "2026-11"
  std::string source;
};

struct ManifestModel {
  std::string name;  // as the user wrote it
  std::string architecture;
  std::string engine;
  std::string digest;  // SHA-256 of the weights, where they are here
  std::string quantization;
  std::optional<std::uint64_t> parameters;
  std::optional<std::uint64_t> active_parameters;
  std::optional<std::uint64_t> size_bytes;
  std::optional<int> context_tokens;
  std::string chat_template;
  std::string server;                  // host and port; empty: the model ran in ipw's own process
  bool elsewhere = false;              // on another machine than `machine`
  std::optional<ManifestPrice> price;  // absent: none is known
};

struct ManifestQuestions {
  std::string name;
  std::string source;
  std::string digest;
  std::string scorer;
  int rules_version = 1;                          // of the scorers, which changes with their rules
  std::map<std::string, std::int64_t> judged_by;  // questions by the scorer that judges them
  std::int64_t formulas = 0;  // questions whose reference is a formula, compared as text
  std::vector<std::string> formula_references;  // which those are; the first thousand
  std::string reading;                          // how the file was read: format, mapping, template
  std::int64_t selected = 0;                    // questions that this run asks, each `repeat` times
  std::int64_t folded_duplicates = 0;           // equal questions that were asked once
  std::int64_t invalid = 0;                     // lines that could not be read as a question
  std::vector<std::string> set_aside;  // which lines those were and why; the first thousand
  std::string argument;                // the set's name or path as the user wrote it
  std::string mapping;                 // given field mapping; empty: inferred
  bool skip_invalid = false;
};

struct ManifestSampling {
  double temperature = 0.0;
  double top_p = 1.0;
  int top_k = 0;
  double min_p = 0.0;
  double repetition_penalty = 1.0;
};

struct ManifestOptions {
  std::optional<std::int64_t> limit;
  std::optional<std::int64_t> sample;
  int concurrency = 1;
  int repeat = 1;
  int max_tokens = 0;
  std::vector<std::string> stop;
  ManifestSampling sampling;
  core::Seconds idle{0.0};  // how long idle power was to be watched, each time
  int warmup = 0;           // questions asked beforehand, not recorded
  int threads = 0;          // asked for; 0: the engine's choice
  int gpu_layers = -1;      // asked for; -1: all
  int context_tokens = 0;   // asked for; 0: as trained
  int slots = 0;            // asked for; 0: as many as `concurrency`
  bool reuse_prefix = false;
  std::optional<double> cpu_watts;        // given watts per busy core, for the CPU-time estimate
  std::string meter_command;              // of an external meter; empty: none
  std::vector<std::string> devices;       // sensors to bill, as given; empty: all in use
  std::vector<std::string> energy_hosts;  // lines of the energy map that speak of the model
};

/// How requests were to be sent. A closed loop keeps `options.concurrency` in flight.
struct ManifestLoad {
  std::string arrivals = "closed";        // "closed", "constant", "poisson", "gamma" or "trace"
  std::optional<double> rate;             // requests per second; absent: closed loop or trace
  double shape = 1.0;                     // of gamma gaps
  core::Seconds ramp{0.0};                // in which the rate rises from 0
  std::optional<core::Seconds> duration;  // absent: until every question was asked
  std::string trace;                      // the recorded trace as the user named it
  std::string trace_digest;
  double trace_speed = 1.0;
  bool trace_texts = false;               // the trace gives the prompts and answers' lengths too
  std::optional<int> in_flight;           // most at a time in an open loop
  std::optional<std::int64_t> requests;   // that the schedule holds
  std::map<std::string, double> goodput;  // bounds in seconds: "ttft", "e2e", "tpot"
  std::string dispatch;  // how well the last session kept to the schedule; empty: closed loop
};

/// How a remote model was to be asked. Never a key.
struct ManifestServer {
  std::string base_url;                     // empty: from the environment, or the provider's own
  std::string request_json;                 // merged into every request (RFC 7396)
  std::string reasoning;                    // effort asked for; empty: the model's own
  std::optional<core::Seconds> keep_alive;  // of the model in the server's memory
  std::optional<core::Seconds> deadline;    // of one question, retries included
  int retries = 0;                          // of a request that failed
  std::optional<bool> here;                 // on this machine; absent: by the address
};

struct ManifestMachine {
  std::string hostname;
  std::string os;
  std::string kernel;
  std::string cpu_model;
  int cores = 0;
  std::uint64_t memory_bytes = 0;
};

/// What watching a sensor at the start of the run showed.
struct ManifestCharacterisation {
  core::Seconds watched{0.0};
  std::int64_t readings = 0;
  std::int64_t updates = 0;
  std::optional<core::Seconds> update_period;
  bool period_is_bound = false;  // it may be shorter: not watched fast enough to see
  std::optional<core::Joules> smallest_step;
  std::optional<core::Seconds> reading_time;
  std::optional<double> counter_over_power;  // joules of the counter / those of power × time
};

/// Whether a device's counter and the power that it tells agreed in one window of the run.
struct ManifestAgreement {
  std::optional<double> counter_over_power;  // joules of the counter / those of power × time
  core::Seconds duration{0.0};               // from one update of the counter to another
  std::int64_t updates = 0;
  std::string reason;  // why there is no ratio
};

/// Where the joules of a billed sensor went while the model was asked, of all sessions: `metered`
/// is the sum of the four others, but for what rounding to nanojoules leaves.
struct ManifestLedger {
  core::Joules metered;
  core::Joules active;         // the model's work, above idle
  core::Joules loaded_idle;    // idle power while somebody was served
  core::Joules others;         // other programs' work, by CPU time
  core::Joules unattributed;   // nobody's
  core::Seconds unknown{0.0};  // time across resets, of which nothing is known
};

struct ManifestSensor {
  std::string id;
  std::string device;
  record::Provenance provenance;
  std::string scope;  // "chip", "package", "dram", "module", "board" or "wall"
  core::Seconds update_period{0.0};
  core::Joules resolution;
  std::optional<core::Joules> wrap;
  bool billed = true;
  bool sees_idle = true;
  double method_uncertainty = 0.0;       // systematic, relative, one standard deviation
  std::string assumption;                // of an estimate; empty for measurements
  core::Seconds clock_uncertainty{0.0};  // of another machine's clock
  std::optional<ManifestCharacterisation> seen;
  std::optional<ManifestAgreement> idle_agreement;  // while the model waited, of the last session
  std::optional<ManifestAgreement> busy_agreement;  // while it was asked
  std::optional<ManifestLedger> ledger;
};

/// What else the machine did: while it was idle beforehand, while the model was asked (all sessions
/// added up), and afterwards. Absent: not watched.
struct ManifestCompany {
  std::optional<record::Company> before;
  std::optional<record::Company> during;
  std::optional<record::Company> after;

  /// That of the time in which the model was asked; where that was too short to tell, that of the
  /// moments before.
  [[nodiscard]] const std::optional<record::Company>& told() const {
    return during ? during : before;
  }
};

struct Manifest {
  int schema_version = 0;  // set by the store
  std::string run_id;      // 32 hex characters; the store makes one where it is empty
  std::string created;     // RFC 3339; the store sets it where it is empty
  std::string ipw_version;
  std::vector<std::string> command_line;
  ManifestModel model;
  ManifestQuestions questions;
  ManifestOptions options;
  ManifestLoad load;
  ManifestServer server;
  std::string prompt_template;
  std::map<std::string, std::uint64_t> seeds;  // by name: "run", "sampling", "generation", …
  ManifestMachine machine;
  std::vector<ManifestSensor> sensors;
  ManifestCompany company;
  std::string seal;     // of the user whose ipw made the run (seal.h); empty: none
  std::string unknown;  // JSON object of keys that this version does not know; written back

  /// Requests that make the run whole; absent: a closed loop for a time, whole when that is over.
  [[nodiscard]] std::optional<std::int64_t> planned() const;
};

/// One JSON document, indented, `schema_version` first, keys with units. Bytes that are not UTF-8
/// become U+FFFD.
[[nodiscard]] std::string to_json(const Manifest& manifest);

/// Absent keys keep their defaults, unknown ones go to `unknown`. kInvalidData where it is no JSON
/// object, lacks schema_version or run_id, or a value has the wrong type (`origin` and the key are
/// named); kUnsupported where another ipw's format is newer or older than this one reads.
[[nodiscard]] core::Result<Manifest> manifest_from_json(std::string_view json,
                                                        const std::string& origin);

/// kNotFound, kPermissionDenied, and what manifest_from_json says.
[[nodiscard]] core::Result<Manifest> read_manifest(const std::filesystem::path& file);

/// "2026-11-21T01:02:03.004Z"
[[nodiscard]] std::string rfc3339(core::WallTime time);

}  // namespace ipw::store
