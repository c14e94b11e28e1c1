// Field by field: the store's plain forms on one side, each room's own description on the other.
#include "ipw/profiling/plan.h"

#include <fmt/format.h>

#include <string>
#include <vector>

namespace ipw::profiling {
namespace {

std::vector<std::string> set_aside_lines(const datasets::Reading& reading) {
  std::vector<std::string> lines;
  lines.reserve(reading.invalid_rows.size() + reading.repeats.size());
  for (const datasets::InvalidRow& row : reading.invalid_rows) {
    lines.push_back(fmt::format("line {}: {}", row.line, row.why));
  }
  for (const datasets::FoldedRepeat& repeat : reading.repeats) {
    lines.push_back(fmt::format(
        "line {}{}: the same question as line {}{}", repeat.line,
        repeat.external_id.empty() ? "" : " (" + repeat.external_id + ")", repeat.first_line,
        repeat.first_external_id.empty() ? "" : " (" + repeat.first_external_id + ")"));
  }
  return lines;
}

}  // namespace

models::EngineOptions engine_options(const store::Manifest& plan) {
  const store::ManifestOptions& options = plan.options;
  return {.threads = options.threads,
          .gpu_layers = options.gpu_layers,
          .context_tokens = options.context_tokens,
          .slots = options.slots > 0 ? options.slots : options.concurrency,
          .reuse_prefix = options.reuse_prefix};
}

models::RemoteOptions remote_options(const store::Manifest& plan) {
  const store::ManifestServer& server = plan.server;
  models::RemoteOptions options;
  options.base_url = server.base_url;
  options.wire.context_tokens = plan.options.context_tokens;
  options.wire.extra_json = server.request_json;
  if (server.keep_alive) {
    options.wire.keep_alive = std::chrono::round<std::chrono::seconds>(*server.keep_alive);
  }
  options.retry.attempts = server.retries + 1;
  options.deadline = server.deadline;
  options.here = server.here;
  const auto seed = plan.seeds.find("generation");
  options.seed = seed == plan.seeds.end() ? 0 : seed->second;
  return options;
}

core::Result<Arrivals> arrivals_of(const store::ManifestLoad& load, const LoadTrace* trace) {
  Arrivals arrivals{.rate = load.rate.value_or(0.0),
                    .shape = load.shape,
                    .ramp = load.ramp,
                    .duration = load.duration};
  IPW_TRY(arrivals.law, arrival_law(load.arrivals));
  if (arrivals.law != ArrivalLaw::kTrace) return arrivals;
  if (trace == nullptr) {
    return core::fail(core::ErrorCode::kUsage, "a trace is to be replayed, and none is given");
  }
  arrivals.trace.reserve(trace->requests.size());
  for (const TracedRequest& request : trace->requests) {
    arrivals.trace.push_back(request.at / load.trace_speed);
  }
  return arrivals;
}

core::Result<ProfileOptions> profile_options(const store::Manifest& plan, const LoadTrace* trace) {
  const store::ManifestOptions& options = plan.options;
  const auto generation_seed = plan.seeds.find("generation");
  if (generation_seed == plan.seeds.end()) {
    return core::fail(core::ErrorCode::kInvalidData,
                      "the plan has no seeds.generation (it is no run.json of ipw's)");
  }
  if (options.max_tokens < 1) {
    return core::fail(core::ErrorCode::kInvalidData,
                      "the plan's options.max_tokens is below 1 (it is no run.json of ipw's)");
  }
  const auto arrival_seed = plan.seeds.find("arrivals");
  ProfileOptions profile{
      .concurrency = options.concurrency,
      .arrival_seed = arrival_seed == plan.seeds.end() ? 0 : arrival_seed->second,
      .in_flight = plan.load.in_flight.value_or(kMostInFlight),
      .requests = plan.load.requests,
      .traced = plan.load.trace_texts,
      .repeat = options.repeat,
      .warmup = options.warmup,
      .max_tokens = options.max_tokens,
      .reasoning_effort = plan.server.reasoning,
      .stop = options.stop,
      .sampling = {.temperature = options.sampling.temperature,
                   .top_p = options.sampling.top_p,
                   .top_k = options.sampling.top_k,
                   .min_p = options.sampling.min_p,
                   .repetition_penalty = options.sampling.repetition_penalty},
      .generation_seed = generation_seed->second,
      .idle = options.idle};
  IPW_TRY(profile.arrivals, arrivals_of(plan.load, trace));
  return profile;
}

store::ManifestModel described(const models::ModelDescription& model) {
  return {.name = model.name,
          .architecture = model.architecture,
          .engine = model.engine,
          .digest = model.digest,
          .quantization = model.quantization,
          .parameters = model.parameters,
          .active_parameters = model.active_parameters,
          .size_bytes = model.size_bytes,
          .context_tokens = model.context_tokens,
          .chat_template = model.chat_template,
          .server = model.server,
          .elsewhere = !model.here};
}

namespace {

store::ManifestCharacterisation described(const energy::Characterisation& seen) {
  return {.watched = seen.watched,
          .readings = seen.readings,
          .updates = seen.updates,
          .update_period = seen.update_period,
          .period_is_bound = seen.period_is_bound,
          .smallest_step = seen.smallest_step,
          .reading_time = seen.reading_time,
          .counter_over_power = seen.counter_over_power};
}

}  // namespace

store::ManifestSensor described(const energy::SensorDescription& sensor) {
  return {.id = sensor.id,
          .device = sensor.device,
          .provenance = sensor.provenance,
          .scope = energy::name(sensor.scope),
          .update_period = sensor.update_period,
          .resolution = sensor.resolution,
          .wrap = sensor.wrap_range,
          .billed = sensor.billed,
          .sees_idle = sensor.sees_idle,
          .method_uncertainty = sensor.method_uncertainty,
          .assumption = sensor.assumption,
          .clock_uncertainty = sensor.clock_uncertainty,
          .seen = sensor.seen ? std::optional(described(*sensor.seen)) : std::nullopt};
}

store::ManifestAgreement described(const energy::SensorDescription& sensor,
                                   const std::optional<energy::CounterAgreement>& agreement) {
  if (!agreement) {
    return {.reason = sensor.integrated ? "its joules are the power that the device tells"
                                        : "the device tells no power beside its counter"};
  }
  return {.counter_over_power = agreement->ratio(),
          .duration = agreement->duration,
          .updates = agreement->updates,
          .reason = agreement->ratio() ? "" : "fewer than three updates with a power beside them"};
}

void describe(store::ManifestQuestions& questions, const datasets::SetDescription& set,
              const datasets::Selection& selection, const scoring::Scorer& scorer,
              const References& references) {
  questions.name = set.name;
  questions.source = set.source;
  questions.digest = set.digest;
  questions.scorer = scorer.name();
  questions.rules_version = scoring::kRulesVersion;
  questions.judged_by = references.judged_by;
  questions.formulas = references.formulas;
  questions.formula_references = references.formula_list;
  questions.reading = set.reading;
  questions.selected = static_cast<std::int64_t>(selection.count);
  questions.folded_duplicates = static_cast<std::int64_t>(selection.reading.folded);
  questions.invalid = static_cast<std::int64_t>(selection.reading.invalid);
  questions.set_aside = set_aside_lines(selection.reading);
}

}  // namespace ipw::profiling
