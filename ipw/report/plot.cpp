// See plot.h.
#include "ipw/report/plot.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "ipw/report/gnuplot.h"
#include "ipw/report/output_file.h"
#include "ipw/report/plot_script.h"
#include "ipw/store/export.h"

namespace ipw::report {
namespace {

namespace fs = std::filesystem;
using core::ErrorCode;
using core::fail;

struct FormatRow {
  const char* ending;
  PictureFormat format;
};
constexpr std::array kFormats{FormatRow{".svg", PictureFormat::kSvg},
                              FormatRow{".pdf", PictureFormat::kPdf},
                              FormatRow{".png", PictureFormat::kPng}};

core::Result<void> check(std::span<const Plot> panels, const PlotOptions& options) {
  if (panels.empty()) return fail(ErrorCode::kUsage, "cannot draw a picture without a plot");
  if (!(options.width_mm >= 40.0 && options.width_mm <= 400.0)) {
    return fail(ErrorCode::kUsage,
                fmt::format("a picture cannot be {} mm wide (choose 40 to 400)", options.width_mm));
  }
  for (const Plot& plot : panels) {
    for (const PlotSeries& series : plot.series) {
      if (series.mark != PlotMark::kBars && plot.categories.empty()) continue;
      for (const PlotPoint& point : series.points) {
        if (point.y >= 0.0 && point.y < static_cast<double>(plot.categories.size())) continue;
        return fail(ErrorCode::kUsage, fmt::format("'{}' has no category {} for a point of '{}'",
                                                   plot.title, point.y, series.name));
      }
    }
  }
  return {};
}

std::string number(double value) { return std::isfinite(value) ? fmt::format("{}", value) : ""; }
std::string number(const std::optional<double>& value) { return value ? number(*value) : ""; }

std::string category_of(const Plot& plot, double y) {
  const bool named = y >= 0.0 && y < static_cast<double>(plot.categories.size());
  return named ? plot.categories[static_cast<std::size_t>(y)] : "";
}

}  // namespace

std::string plot_csv(std::span<const Plot> panels) {
  using store::csv_field;
  std::string csv =
      "panel,series,category,x_axis,x_unit,x,x_low,x_high,y_axis,y_unit,y,y_low,y_high,from,weight,"
      "label,provenance,method\r\n";
  for (const Plot& plot : panels) {
    for (const PlotSeries& series : plot.series) {
      for (const PlotPoint& point : series.points) {
        csv += fmt::format(
            "{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}\r\n", csv_field(plot.title),
            csv_field(series.name), csv_field(category_of(plot, point.y)), csv_field(plot.x.label),
            csv_field(plot.x.unit), number(point.x), number(point.x_low), number(point.x_high),
            csv_field(plot.y.label), csv_field(plot.y.unit), number(point.y), number(point.y_low),
            number(point.y_high), series.mark == PlotMark::kBars ? number(point.from) : "",
            series.mark == PlotMark::kBoxes ? number(point.weight) : "", csv_field(point.label),
            series.provenance ? record::name(series.provenance->source) : "",
            series.provenance ? csv_field(record::method_text(*series.provenance)) : "");
      }
    }
  }
  return csv;
}

core::Result<void> write_plots(std::span<const Plot> panels, const fs::path& file,
                               const PlotOptions& options) {
  IPW_CHECK(check(panels, options));
  const std::string ending = file.extension().string();
  if (ending == ".csv") return write_output(file, plot_csv(panels));
  for (const FormatRow& row : kFormats) {
    if (ending != row.ending) continue;
    IPW_TRY(const std::string picture, run_gnuplot(plot_script(panels, row.format, options)));
    return write_output(file, picture);
  }
  return fail(ErrorCode::kUsage,
              fmt::format("cannot draw into {}: its ending must say how (.svg, .pdf, .png, or .csv "
                          "for the data)",
                          file.string()));
}

core::Result<std::string> plots_svg(std::span<const Plot> panels, const PlotOptions& options) {
  IPW_CHECK(check(panels, options));
  return run_gnuplot(plot_script(panels, PictureFormat::kSvg, options));
}

core::Result<void> write_plot(const Plot& plot, const fs::path& file, const PlotOptions& options) {
  return write_plots({&plot, 1}, file, options);
}

}  // namespace ipw::report
