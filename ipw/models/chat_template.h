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
  /// `bos` and `eos` are what the template may write as bos_token and eos_token. kInvalidData where
  /// the template does not parse.
  [[nodiscard]] static core::Result<ChatTemplate> parse(const std::string& source, std::string bos,
                                                        std::string eos);
  ~ChatTemplate();
  ChatTemplate(ChatTemplate&&) noexcept;
  ChatTemplate& operator=(ChatTemplate&&) noexcept;

  /// The prompt, up to where the assistant begins to write. A leading bos_token is cut off, because
  /// the tokenizer adds its own. strftime_now gives 2025-01-01, so that a run repeats: same
  /// messages, same prompt. kUsage where the template rejects the messages.
  [[nodiscard]] core::Result<std::string> render(std::span<const Message> messages) const;

  /// "gguf" or "none".
  [[nodiscard]] const char* origin() const;

 private:
  struct Program;
  explicit ChatTemplate(std::unique_ptr<Program> program);
  std::unique_ptr<Program> program_;
};

}  // namespace ipw::models
