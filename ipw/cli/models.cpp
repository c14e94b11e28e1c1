// ipw models: the model files of this machine, and fetching more.
#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include <nlohmann/json.hpp>

#include "ipw/cli/command.h"
#include "ipw/cli/context.h"
#include "ipw/cli/flags.h"
#include "ipw/cli/list.h"
#include "ipw/cli/program.h"
#include "ipw/cli/remote.h"
#include "ipw/cli/server_flags.h"
#include "ipw/cli/terminal_stream.h"
#include "ipw/core/user_directories.h"
#include "ipw/models/bundled_models.h"
#include "ipw/models/gguf_metadata.h"
#include "ipw/models/pull.h"
#include "ipw/models/wire_format.h"
#include "ipw/report/figure_json.h"
#include "ipw/report/text.h"

namespace ipw::cli {
namespace {

using core::ErrorCode;
using core::fail;
using Json = nlohmann::ordered_json;

struct ModelsFlags {
  models::PullRequest pull;
  std::string to;
  std::string name;
  bool json = false;
};

Json document(const char* command) {
  return {{"schema_version", report::kJsonSchemaVersion}, {"command", command}};
}

// One line on a terminal, rewritten ten times a second; a line every ten seconds elsewhere.
class PullLine {
 public:
  explicit PullLine(Context& context) : context_(context), begun_(context.clock.now()) {}

  void show(const models::PullProgress& progress) {
    const core::Instant now = context_.clock.now();
    if (!first_) first_ = progress.bytes;
    if (now < next_) return;
    next_ = now + (context_.progress_line ? std::chrono::milliseconds(100)
                                          : std::chrono::milliseconds(10'000));
    print(progress, core::Seconds(now - begun_).count());
  }
  void note(const std::string& text) {
    end();
    context_.err << "  " << text << "\n";
  }
  void end() {
    if (open_) context_.err << "\n";
    open_ = false;
  }

 private:
  void print(const models::PullProgress& progress, double seconds) {
    constexpr double kMega = 1e6;
    const double came = static_cast<double>(progress.bytes);
    const double rate = seconds > 0 ? (came - static_cast<double>(*first_)) / seconds : 0;
    std::string text = fmt::format("  {:.1f} MB", came / kMega);
    if (progress.total) {
      const double total = static_cast<double>(*progress.total);
      text = fmt::format("  {:.1f} of {:.1f} MB ({:.0f} %)", came / kMega, total / kMega,
                         total > 0 ? 100 * came / total : 100.0);
      if (rate > 0) text += fmt::format(", {:.0f} s left", (total - came) / rate);
    }
    if (rate > 0) text += fmt::format(", {:.1f} MB/s", rate / kMega);
    context_.err << TerminalCode{context_.progress_line ? "\r\x1b[K" : ""} << text
                 << (context_.progress_line ? "" : "\n") << std::flush;
    open_ = context_.progress_line;
  }

  Context& context_;
  core::Instant begun_;
  core::Instant next_;
  std::optional<std::uint64_t> first_;
  bool open_ = false;
};

const char* checked_by(const models::Pulled& pulled) {
  switch (pulled.checked) {
    case models::PullCheck::kGiven: return "as given";
    case models::PullCheck::kServer: return "as the server says";
    case models::PullCheck::kNothing:
      return "compared with nothing: neither --sha256 nor the server said what it should be";
  }
  return "";
}

const char* checked_name(models::PullCheck check) {
  switch (check) {
    case models::PullCheck::kGiven: return "given";
    case models::PullCheck::kServer: return "server";
    case models::PullCheck::kNothing: return "nothing";
  }
  return "";
}

core::Result<int> pull(const ModelsFlags& flags, Context& context) {
  models::PullRequest request = flags.pull;
  request.hub = context.environment("HF_ENDPOINT").value_or(request.hub);
  request.hub_token = context.environment("HF_TOKEN").value_or("");
  request.directory = flags.to;
  if (flags.to.empty()) {
    IPW_TRY(const std::filesystem::path data, core::data_directory(context.environment));
    request.directory = data / "models";
  }
  IPW_TRY(const net::Url address, models::pull_address(request));
  IPW_TRY(const std::string name, models::pull_file_name(request, address));
  IPW_TRY(const auto http, open_http_client(context));
  context.err << fmt::format("fetching {} from {}\n", name, address.authority());
  PullLine line(context);
  const std::shared_ptr<void> in_order = context.heed_stop();
  const auto pulled = models::pull_model(
      *http, request,
      {.retry = {},
       .clock = &context.clock,
       .on_progress = [&](const models::PullProgress& progress) { line.show(progress); },
       .on_note = [&](const std::string& text) { line.note(text); }},
      context.stop);
  line.end();
  if (!pulled) {
    const int status = report_error(context, pulled.error());
    return pulled.error().code == ErrorCode::kCancelled ? static_cast<int>(kInterrupted) : status;
  }
  if (flags.json) {
    Json json = document("models pull");
    json.update({{"file", pulled->file.string()},
                 {"bytes", pulled->bytes},
                 {"sha256", pulled->sha256},
                 {"sha256_compared_with", checked_name(pulled->checked)},
                 {"already_there", pulled->already_there}});
    print_json(context, json);
    return kDone;
  }
  context.out << fmt::format("{}{}, {:.1f} MB\n", pulled->already_there ? "already there: " : "",
                             pulled->file.string(), static_cast<double>(pulled->bytes) / 1e6)
              << "  SHA-256 " << pulled->sha256 << "\n  " << checked_by(*pulled) << "\n";
  return kDone;
}

template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}

std::string or_dash(const std::optional<std::uint64_t>& value) {
  return value ? std::to_string(*value) : "—";
}

void print_row(Context& context, const char* what, const std::string& value) {
  context.out << fmt::format("  {:<18} {}\n", what, value.empty() ? "—" : value);
}

// What the price list says about a model behind an API.
core::Result<int> published_info(const std::string& provider, const std::string& name, bool as_json,
                                 Context& context) {
  IPW_TRY(const std::vector<models::ApiModel> rows, published_models(context));
  const models::ApiModel* row = models::find_model(rows, provider, name);
  if (row == nullptr) {
    return fail(ErrorCode::kNotFound,
                fmt::format("nothing is published here about {}:{} (add a row to models.csv in "
                            "~/.config/ipw; docs/servers.md says how)",
                            provider, name));
  }
  const std::optional<models::Price>& price = row->price;
  if (as_json) {
    Json json = document("models info");
    json.update({{"provider", provider},
                 {"name", name},
                 {"parameters", or_null(row->parameters)},
                 {"active_parameters", or_null(row->active_parameters)},
                 {"context_tokens", or_null(row->context_tokens)},
                 {"price", nullptr},
                 {"as_of", row->as_of},
                 {"source", row->source}});
    if (price) {
      json["price"] = {{"provenance", "published"},
                       {"input_usd_per_million_tokens", price->input},
                       {"cached_input_usd_per_million_tokens", or_null(price->cached_input)},
                       {"output_usd_per_million_tokens", price->output},
                       {"reasoning_usd_per_million_tokens", or_null(price->reasoning)}};
    }
    print_json(context, json);
    return kDone;
  }
  context.out << provider << ":" << name << ", as published\n";
  print_row(context, "parameters", or_dash(row->parameters));
  print_row(context, "context tokens",
            row->context_tokens ? std::to_string(*row->context_tokens) : "");
  print_row(context, "USD per million",
            price ? fmt::format("{} in, {} out", price->input, price->output) : "");
  print_row(context, "as of", row->as_of);
  print_row(context, "source", row->source);
  return kDone;
}

core::Result<int> info(const ModelsFlags& flags, Context& context) {
  const std::size_t colon = flags.name.find(':');
  if (colon != std::string::npos && models::find_wire_format(flags.name.substr(0, colon))) {
    return published_info(flags.name.substr(0, colon), flags.name.substr(colon + 1), flags.json,
                          context);
  }
  IPW_TRY(const std::filesystem::path file, models::model_file(flags.name));
  IPW_TRY(const models::GgufMetadata model, models::read_gguf_metadata(file));
  if (flags.json) {
    Json json = document("models info");
    json.update({{"file", file.string()},
                 {"name", model.name},
                 {"architecture", model.architecture},
                 {"quantization", model.quantization},
                 {"parameters", or_null(model.parameters)},
                 {"active_parameters", or_null(model.active_parameters)},
                 {"context_tokens", or_null(model.context_tokens)},
                 {"layers", or_null(model.number("block_count"))},
                 {"embedding_length", or_null(model.number("embedding_length"))},
                 {"tensors", model.tensor_count},
                 {"size_bytes", model.size_bytes},
                 {"has_chat_template", model.has_chat_template}});
    print_json(context, json);
    return kDone;
  }
  context.out << file.string() << "\n";
  print_row(context, "name", model.name);
  print_row(context, "architecture", model.architecture);
  print_row(context, "quantization", model.quantization);
  print_row(context, "parameters", or_dash(model.parameters));
  print_row(context, "active per token", or_dash(model.active_parameters));
  print_row(context, "context tokens", or_dash(model.context_tokens));
  print_row(context, "layers", or_dash(model.number("block_count")));
  print_row(context, "embedding length", or_dash(model.number("embedding_length")));
  print_row(context, "tensors", std::to_string(model.tensor_count));
  print_row(context, "size", fmt::format("{:.2f} MB", static_cast<double>(model.size_bytes) / 1e6));
  print_row(context, "chat template", model.has_chat_template ? "in the file" : "none");
  return kDone;
}

}  // namespace

Action declare_models(const Flags& app, Context& context) {
  auto flags = std::make_shared<ModelsFlags>();
  const Flags listing = app.command("list", "As `ipw list models`");
  listing.flag("--json", flags->json, "Print one JSON document instead of text");

  const Flags informing =
      app.command("info", "Say what a model's file, or the price list, says about it");
  informing
      .option("NAME", flags->name,
              "A GGUF file, a name of `ipw models list`, or one like openai:NAME")
      .required();
  informing.flag("--json", flags->json, "Print one JSON document instead of text");

  const Flags pulling =
      app.command("pull", "Fetch a GGUF file; what broke off goes on where it stopped");
  pulling
      .option("SOURCE", flags->pull.source,
              "The file's address, or hf:ORG/REPO/FILE.gguf[@REVISION] of the Hugging Face hub")
      .required();
  pulling.option("--sha256", flags->pull.sha256, "The digest that it must have");
  pulling.option("--as", flags->pull.name, "Keep it under this name");
  pulling.option("--to", flags->to, "Folder; ipw/models in $XDG_DATA_HOME by default");
  pulling.flag("--json", flags->json, "Print one JSON document instead of text");

  app.require_command();
  return [=, &context] {
    if (listing.chosen()) {
      print_listings({"models"}, {}, flags->json, "models list", context);
      return static_cast<int>(kDone);
    }
    if (informing.chosen()) return finish(context, info(*flags, context));
    return finish(context, pull(*flags, context));
  };
}

}  // namespace ipw::cli
