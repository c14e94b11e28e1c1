// The words under which enumerations appear in tables, JSON and databases.
#include "ipw/record/completion.h"
#include "ipw/record/provenance.h"
#include "ipw/record/verdict.h"

namespace ipw::record {

std::string method_text(const Provenance& provenance) {
  if (!provenance.disturbed) return provenance.method;
  return provenance.method.empty() ? "disturbed" : provenance.method + ", disturbed";
}

const char* name(Source source) {
  switch (source) {
    case Source::kMeasured: return "measured";
    case Source::kEstimated: return "estimated";
    case Source::kPublished: return "published";
    case Source::kMixed: return "mixed";
  }
  return "mixed";
}

const char* name(FinishReason finish) {
  switch (finish) {
    case FinishReason::kStop: return "stop";
    case FinishReason::kLength: return "length";
    case FinishReason::kCancelled: return "cancelled";
    case FinishReason::kToolCalls: return "tool_calls";
    case FinishReason::kRefused: return "content_filter";
  }
  return "cancelled";
}

const char* name(Outcome outcome) {
  switch (outcome) {
    case Outcome::kCorrect: return "correct";
    case Outcome::kIncorrect: return "incorrect";
    case Outcome::kMissing: return "missing";
  }
  return "missing";
}

}  // namespace ipw::record
