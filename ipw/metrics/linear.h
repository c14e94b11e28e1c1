#pragma once
// Linear functions of independent estimates, with limits: what attribution, trends and weighted
// scores have in common.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "ipw/metrics/interval.h"

namespace ipw::metrics {

/// Σ weight_i · value_i.
[[nodiscard]] double linear(std::span<const double> weights, std::span<const Estimate> estimates);

/// Limits of Σ weight_i · estimate_i from the limits of its estimates: MOVER for linear functions
/// (Zou, Huang & Zhang 2009, Computational Statistics & Data Analysis 53, 1080). `correlation` of
/// the estimates, row by row; empty: they are independent, and limits symmetric on the given scale
/// give the familiar root of the sum of squares.
[[nodiscard]] Limits mover_linear(std::span<const double> weights,
                                  std::span<const Estimate> estimates,
                                  std::span<const double> correlation = {});

/// Limits of Σ a_i x_i / Σ b_i x_i by Fieller's theorem (1954), the x independent with half the
/// width of their limits over 1.96 as standard error. Absent, with the reason, where the
/// denominator cannot be told from zero: the ratio then has no bounded interval.
[[nodiscard]] Limits fieller(std::span<const double> a, std::span<const double> b,
                             std::span<const Estimate> estimates);

/// The Shapley value of `player` among `players` as weights over the 2^players coalitions (bit p
/// of a coalition's index: player p is new): Σ_S |S|! (k−|S|−1)! / k! [V(S ∪ p) − V(S)] (Shapley
/// 1953). For two players ½[V₀₁ − V₀₀ + V₁₁ − V₁₀]. player < players <= 12.
[[nodiscard]] std::vector<double> shapley_weights(std::size_t players, std::size_t player);

/// The interaction of players a and b likewise (Grabisch & Roubens 1999); for two players
/// V₁₁ + V₀₀ − V₁₀ − V₀₁.
[[nodiscard]] std::vector<double> interaction_weights(std::size_t players, std::size_t a,
                                                      std::size_t b);

/// The slope of the least-squares line through values at these times, as weights of the values.
/// Empty where all times are equal.
[[nodiscard]] std::vector<double> slope_weights(std::span<const double> times);

}  // namespace ipw::metrics
