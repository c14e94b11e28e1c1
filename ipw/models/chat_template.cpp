// Uses llama.cpp's own Jinja interpreter (libllama-common) without its chat parser: that one probes
// a template anew for every request, which costs milliseconds, and no request here has tools.

#include "ipw/models/chat_template.h"

#include <fmt/format.h>

#include <exception>
#include <utility>

#include "jinja/caps.h"
#include "jinja/lexer.h"
#include "jinja/parser.h"
#include "jinja/runtime.h"
#include "json.h"

namespace ipw::models {
namespace {

using core::ErrorCode;
using core::fail;
using core::Result;

constexpr std::time_t kRenderTime = 1735689600;  // 2025-01-01 00:00 UTC

std::string plain_text(std::span<const Message> messages) {
  std::string text;
  for (const Message& message : messages) {
    if (!text.empty()) text += '\n';
    text += message.content;
  }
  return text;
}

common_json to_json(const Message& message, const std::string& before, const jinja::caps& caps) {
  common_json object = common_json::object();
  object["role"] = message.role;
  const std::string content = before + message.content;
  if (caps.supports_string_content) {
    object["content"] = content;
  } else {
    common_json part = common_json::object();
    part["type"] = "text";
    part["text"] = content;
    common_json parts = common_json::array();
    parts.push_back(part);
    object["content"] = parts;
  }
  return object;
}

/// Where a template has no system role, the system text opens the first message instead.
common_json to_json(std::span<const Message> messages, const jinja::caps& caps) {
  common_json list = common_json::array();
  std::string before;
  for (const Message& message : messages) {
    if (message.role == "system" && !caps.supports_system_role) {
      before += message.content + "\n";
      continue;
    }
    list.push_back(to_json(message, before, caps));
    before.clear();
  }
  return list;
}

}  // namespace

struct ChatTemplate::Program {
  std::string source;
  std::string bos;
  std::string eos;
  jinja::program tree;
  jinja::caps caps;
  std::mutex mutex;  // the interpreter writes into its tree
};

ChatTemplate::ChatTemplate(std::unique_ptr<Program> program) : program_(std::move(program)) {}
ChatTemplate::~ChatTemplate() = default;
ChatTemplate::ChatTemplate(ChatTemplate&&) noexcept = default;
ChatTemplate& ChatTemplate::operator=(ChatTemplate&&) noexcept = default;

Result<ChatTemplate> ChatTemplate::parse(const std::string& source, std::string bos,
                                         std::string eos) {
  auto program = std::make_unique<Program>();
  program->bos = std::move(bos);
  program->eos = std::move(eos);
  if (source.empty()) return ChatTemplate(std::move(program));
  try {
    jinja::lexer lexer;
    const auto tokens = lexer.tokenize(source);
    program->source = tokens.source;
    program->tree = jinja::parse_from_tokens(tokens);
    program->caps = jinja::caps_get(program->tree);
  } catch (const std::exception& error) {
    return fail(ErrorCode::kInvalidData,
                fmt::format("cannot use the model's chat template: {} (repair "
                            "tokenizer.chat_template in the GGUF)",
                            error.what()));
  }
  return ChatTemplate(std::move(program));
}

const char* ChatTemplate::origin() const { return program_->source.empty() ? "none" : "gguf"; }

Result<std::string> ChatTemplate::render(std::span<const Message> messages) const {
  if (program_->source.empty()) return plain_text(messages);
  const std::scoped_lock lock(program_->mutex);
  try {
    common_json values = common_json::object();
    values["messages"] = to_json(messages, program_->caps);
    values["bos_token"] = program_->bos;
    values["eos_token"] = program_->eos;
    values["add_generation_prompt"] = true;
    jinja::context context(program_->source);
    context.current_time = kRenderTime;
    jinja::global_from_json(context, values, false);
    jinja::runtime runtime(context);
    const jinja::value results = runtime.execute(program_->tree);
    std::string prompt = jinja::runtime::gather_string_parts(results)->as_string().str();
    if (!program_->bos.empty() && prompt.starts_with(program_->bos)) {
      prompt.erase(0, program_->bos.size());
    }
    return prompt;
  } catch (const std::exception& error) {
    return fail(ErrorCode::kUsage,
                fmt::format("the model's chat template rejects these messages: {} (change their "
                            "roles or order)",
                            error.what()));
  }
}

}  // namespace ipw::models
