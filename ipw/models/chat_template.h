#pragma once
// Renders messages into the prompt text that a model was trained on, by the Jinja template that its
// GGUF carries.

#include <memory>
#include <mutex>
#include <span>
#include <string>

#include "ipw/core/result.h"
#include "ipw/models/language_model.h"

namespace ipw::models {

/// Thread-safe.
class ChatTemplate {
 public:
  /// `source` is Jinja; empty: messages are joined as plain text, a line break between them.
  /// `bos` and `eos` are what the template may write as bos_token and eos_token. kUnsupported where
  /// it does not parse, or cannot be run: it is tried with a question, alone and behind a system
  /// text, so that no question finds out. Where it takes no system text, or loses it, that text
  /// opens the first message instead.
  [[nodiscard]] static core::Result<ChatTemplate> parse(const std::string& source, std::string bos,
                                                        std::string eos);
  ~ChatTemplate();
  ChatTemplate(ChatTemplate&&) noexcept;
  ChatTemplate& operator=(ChatTemplate&&) noexcept;

  /// The prompt, up to where the assistant begins to write. A leading bos_token is cut off, because
  /// the tokenizer adds its own. strftime_now gives 2025-01-01, so that a run repeats: same
  /// messages, same prompt. kUnsupported where the template rejects these messages.
  [[nodiscard]] core::Result<std::string> render(std::span<const Message> messages) const;

  /// "gguf" or "none".
  [[nodiscard]] const char* origin() const;

 private:
  struct Program;
  explicit ChatTemplate(std::unique_ptr<Program> program);
  [[nodiscard]] core::Result<void> try_out();
  std::unique_ptr<Program> program_;
};

}  // namespace ipw::models
