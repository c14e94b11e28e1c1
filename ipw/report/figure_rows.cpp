// See figure_rows.h.
#include "ipw/report/figure_rows.h"

#include <array>
#include <filesystem>

namespace ipw::report {
namespace {

constexpr std::array kRows{
    FigureRow{"accuracy", "accuracy"},
    FigureRow{"accuracy_all_wrong", "accuracy, missing as wrong"},
    FigureRow{"accuracy_all_right", "accuracy, missing as right"},
    FigureRow{"ipj", "ipj: correct per joule"},
    FigureRow{"ipj_active", "ipj_active: correct per joule"},
    FigureRow{"ipw", "ipw: accuracy per watt"},
    FigureRow{"ipw_active", "ipw_active: accuracy per watt"},
    FigureRow{"ipw_energy_weighted", "ipw_energy_weighted"},
    FigureRow{"ipw_energy_weighted_active", "ipw_energy_weighted_active"},
    FigureRow{"j_per_query", "J per query"},
    FigureRow{"j_per_query_active", "J per query, active"},
    FigureRow{"j_per_query_p50", "J per query, median"},
    FigureRow{"j_per_query_p50_active", "J per query, active, median"},
    FigureRow{"j_per_token", "J per output token"},
    FigureRow{"j_per_token_active", "J per output token, active"},
    FigureRow{"wh_per_1000", "electricity per 1,000 answers"},
    FigureRow{"wh_per_1000_active", "electricity per 1,000, active"},
    FigureRow{"electricity_cost_per_1000", "price of 1,000 answers"},
    FigureRow{"electricity_cost_per_1000_active", "price of 1,000, active"},
    FigureRow{"gco2e_per_1000", "carbon of 1,000 answers"},
    FigureRow{"gco2e_per_1000_active", "carbon of 1,000, active"},
    FigureRow{"watts", "watts in service"},
    FigureRow{"watts_active", "watts in service, active"},
    FigureRow{"ttft_p50", "time to first token, p50"},
    FigureRow{"ttft_p99", "time to first token, p99"},
    FigureRow{"latency_mean", "latency, mean"},
    FigureRow{"latency_p50", "latency, p50"},
    FigureRow{"latency_p90", "latency, p90"},
    FigureRow{"latency_p95", "latency, p95"},
    FigureRow{"latency_p99", "latency, p99"},
    FigureRow{"ttft_sent_p99", "time to first token from send, p99", true},
    FigureRow{"latency_sent_p50", "latency from send, p50", true},
    FigureRow{"latency_sent_p99", "latency from send, p99", true},
    FigureRow{"dispatch_delay_p50", "dispatch delay, p50", true},
    FigureRow{"dispatch_delay_p99", "dispatch delay, p99", true},
    FigureRow{"tpot_mean", "time per output token"},
    FigureRow{"tokens_per_s", "output tokens/s in service"},
    FigureRow{"throughput_questions", "questions/s"},
    FigureRow{"goodput_share", "share within the goodput bounds"},
    FigureRow{"goodput", "goodput, questions/s"},
    FigureRow{"usd_per_query", "USD per query"},
    FigureRow{"usd_per_query_p50", "USD per query, median"},
    FigureRow{"prompt_tokens_mean", "prompt tokens"},
    FigureRow{"output_tokens_mean", "output tokens"},
    FigureRow{"output_tokens_p50", "output tokens, median"},
};

}  // namespace

std::span<const FigureRow> figure_rows() { return kRows; }

bool belongs(const FigureRow& row, const store::Manifest& manifest) {
  return !row.of_schedule || manifest.load.arrivals != "closed";
}

std::string model_title(const store::Manifest& manifest) {
  return std::filesystem::path(manifest.model.name).filename().string();
}

}  // namespace ipw::report
