// Uses llama.cpp's own Jinja interpreter (libllama-common) without its chat parser: that one probes
// a template anew for every request, which costs milliseconds, and no request here has tools.

#include "ipw/models/chat_template.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <exception>
#include <numeric>
#include <string_view>
#include <utility>
#include <vector>

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

// The interpreter goes down into a template as deep as that is nested, and along an expression as
// far as that is long; both are more than any model's template has.
constexpr std::size_t kLongestTemplate = std::size_t{1} << 20;
constexpr int kDeepest = 100;
constexpr int kLongestExpression = 4000;  // tokens

// Words that no template has of itself, and none changes but for the blanks around them.
constexpr const char* kProbeSystem = "Be brief, ipw-7d1";
constexpr const char* kProbeQuestion = "What is six times seven, ipw-3c9";

// Whether the nesting is within bounds, tags by their words and expressions by their brackets.
bool is_moderate(const std::vector<jinja::token>& tokens) {
  using Type = jinja::token;
  constexpr std::array kOpening = {"if", "elif", "for", "macro", "call", "filter"};
  int depth = 0;
  int length = 0;
  const Type* before = nullptr;
  std::vector<int> tags;  // open ones, each with how many levels it is
  for (const Type& token : tokens) {
    const bool opens_tag = before != nullptr && before->t == Type::open_statement;
    before = &token;
    switch (token.t) {
      case Type::open_statement:
      case Type::open_expression: length = 0; break;
      case Type::open_paren:
      case Type::open_square_bracket:
      case Type::open_curly_bracket: ++depth; break;
      case Type::close_paren:
      case Type::close_square_bracket:
      case Type::close_curly_bracket: --depth; break;
      default: break;
    }
    if (opens_tag && std::ranges::find(kOpening, token.value) != kOpening.end()) {
      if (token.value == "elif" && !tags.empty()) {
        ++tags.back();
      } else {
        tags.push_back(1);
      }
    } else if (opens_tag && token.value.starts_with("end") && !tags.empty()) {
      tags.pop_back();
    }
    if (++length > kLongestExpression && token.t != Type::text) return false;
    if (depth + std::accumulate(tags.begin(), tags.end(), 0) > kDeepest) return false;
  }
  return true;
}

std::unexpected<core::Error> unusable(std::string_view why) {
  return fail(ErrorCode::kUnsupported,
              fmt::format("cannot use the model's chat template: {} (repair "
                          "tokenizer.chat_template in the GGUF, or ask the model through a server)",
                          why));
}

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
  if (source.size() > kLongestTemplate) return unusable("it is longer than a megabyte");
  try {
    jinja::lexer lexer;
    const auto tokens = lexer.tokenize(source);
    if (!is_moderate(tokens.tokens)) return unusable("it is nested too deeply");
    program->source = tokens.source;
    program->tree = jinja::parse_from_tokens(tokens);
    program->caps = jinja::caps_get(program->tree);
  } catch (const std::exception& error) {
    return unusable(error.what());
  }
  ChatTemplate chat(std::move(program));
  IPW_CHECK(chat.try_out());
  return chat;
}

Result<void> ChatTemplate::try_out() {
  const Message question{.role = "user", .content = kProbeQuestion};
  const Message system{.role = "system", .content = kProbeSystem};
  const Result<std::string> alone = render(std::array{question});
  if (!alone) return unusable(alone.error().message);
  if (!alone->contains(kProbeQuestion)) return unusable("it leaves out what the user says");
  const auto takes_both = [&] {
    const Result<std::string> both = render(std::array{system, question});
    return both && both->contains(kProbeSystem) && both->contains(kProbeQuestion);
  };
  if (takes_both()) return {};
  program_->caps.supports_system_role = false;
  return takes_both() ? Result<void>{}
                      : unusable("it takes a question, and none behind a system text");
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
    return fail(ErrorCode::kUnsupported,
                fmt::format("the model's chat template rejects these messages: {} (change their "
                            "roles or order)",
                            error.what()));
  }
}

}  // namespace ipw::models
