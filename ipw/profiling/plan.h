#pragma once
// A manifest is the plan of a run: what it asks of engine and profile, and, once they are known,
// which model, questions and sensors it was. The store knows none of these; here they meet.

#include "ipw/datasets/question_set.h"
#include "ipw/datasets/selection.h"
#include "ipw/energy/counter_agreement.h"
#include "ipw/energy/sensor.h"
#include "ipw/models/language_model.h"
#include "ipw/models/open_model.h"
#include "ipw/profiling/load_trace.h"
#include "ipw/profiling/profile.h"
#include "ipw/profiling/references.h"
#include "ipw/scoring/scorer.h"
#include "ipw/store/manifest.h"

namespace ipw::profiling {

[[nodiscard]] models::EngineOptions engine_options(const store::Manifest& plan);
/// Environment, key file and clock are the caller's to add.
[[nodiscard]] models::RemoteOptions remote_options(const store::Manifest& plan);
/// Needs the seed "generation", for an open loop "arrivals" and, where one is replayed, the trace.
/// kUsage where the plan's load is none.
[[nodiscard]] core::Result<ProfileOptions> profile_options(const store::Manifest& plan,
                                                           const LoadTrace* trace = nullptr);
/// The load that the plan asks for.
[[nodiscard]] core::Result<Arrivals> arrivals_of(const store::ManifestLoad& load,
                                                 const LoadTrace* trace);

[[nodiscard]] store::ManifestModel described(const models::ModelDescription& model);
[[nodiscard]] store::ManifestSensor described(const energy::SensorDescription& sensor);
/// Absent: the device does not tell both counter and power, and the result says which it lacks.
[[nodiscard]] store::ManifestAgreement described(
    const energy::SensorDescription& sensor,
    const std::optional<energy::CounterAgreement>& agreement);
/// Fills in what the questions turned out to be; what the user asked for stays.
void describe(store::ManifestQuestions& questions, const datasets::SetDescription& set,
              const datasets::Selection& selection, const scoring::Scorer& scorer,
              const References& references);

}  // namespace ipw::profiling
