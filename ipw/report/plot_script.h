#pragma once
// A plot in gnuplot's words. Everything is placed in millimetres beforehand, so that a picture
// looks the same in every format and panels stand exactly under each other.

#include <span>
#include <string>

#include "ipw/report/plot.h"

namespace ipw::report {

enum class PictureFormat { kSvg, kPdf, kPng };

/// A script that makes gnuplot write the picture to its standard output.
[[nodiscard]] std::string plot_script(std::span<const Plot> panels, PictureFormat format,
                                      const PlotOptions& options);

}  // namespace ipw::report
