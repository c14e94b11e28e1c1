#pragma once
// Limits of any smooth function of sums in closed form: Student's t with the jackknife's error,
// corrected for skewness, so that rare long answers are allowed for. And how much a sample of
// grades, repeats or clusters is worth in independent binary draws.

#include "ipw/metrics/bootstrap.h"
#include "ipw/metrics/interval.h"

namespace ipw::metrics {

inline constexpr const char* kNotPositive = "not above zero: noise outweighs it";

/// What the limits are made for: the statistic itself, or its logarithm (ratios, which are then as
/// well covered upside down; the statistic must be above zero).
enum class Scale { kPlain, kLog };

/// Two-sided 95 % limits of `statistic`. The t of the jackknife over units has its skewness taken
/// off by Hall's monotone cubic (1992, J. R. Statist. Soc. B 54:221); acceleration, bias and
/// curvature of the statistic are those of DiCiccio & Efron (1996, Statistical Science 11:189). The
/// skewness is poorly known in small samples: it may widen a side and never narrows one.
/// Where the run was repeated, the variance is that of a two-way layout with questions and repeats
/// random (Searle, Casella & McCulloch 1992, 4.7): what repeats differ by beyond the noise within
/// them is added, with Satterthwaite's degrees of freedom. Absent, with the reason, below two units
/// and where a logarithm has none. O(units × repeats × columns).
[[nodiscard]] Limits student_limits(const UnitSums& sums, const Statistic& statistic, Scale scale);

/// How many independent binary draws give a share `share` the variance that it has over the units
/// (Korn & Graubard 1998), less what t takes off where repeats leave few degrees of freedom. 0
/// where the share does not vary: the units then say nothing of the variance.
[[nodiscard]] double effective_trials(const UnitSums& sums, const Statistic& statistic,
                                      double share);

/// Correlation of two statistics by their jackknife values; 0 where one of them does not vary.
[[nodiscard]] double jackknife_correlation(const UnitSums& sums, const Statistic& a,
                                           const Statistic& b);

}  // namespace ipw::metrics
