#include "ipw/models/chat_template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace ipw::models {
namespace {

using Messages = std::vector<Message>;

std::string render(const std::string& source, const Messages& messages) {
  const auto chat = ChatTemplate::parse(source, "<s>", "</s>");
  if (!chat) return chat.error().message;
  const auto prompt = chat->render(messages);
  return prompt ? *prompt : prompt.error().message;
}

TEST(ChatTemplate, RendersAsTransformersWould) {
  const std::string chatml =
      "{%- for message in messages -%}{{ '<|im_start|>' + message['role'] + '\n' + "
      "message['content'] | trim + '<|im_end|>\n' }}{%- endfor -%}"
      "{%- if add_generation_prompt -%}{{ '<|im_start|>assistant\n' }}{%- endif -%}";
  EXPECT_EQ(render(chatml, {{"system", "Be short."}, {"user", " Hi "}}),
            "<|im_start|>system\nBe short.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n"
            "<|im_start|>assistant\n");
}

TEST(ChatTemplate, LeavesTheBeginTokenToTheTokenizer) {
  EXPECT_EQ(render("{{ bos_token }}{{ messages[0].content }}{{ eos_token }}", {{"user", "x"}}),
            "x</s>");
}

TEST(ChatTemplate, PutsSystemTextFirstWhereATemplateHasNoSystemRole) {
  const std::string strict =
      "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no system') }}"
      "{% endif %}[{{ m.role }}]{{ m.content }}{% endfor %}";
  EXPECT_EQ(render(strict, {{"system", "S"}, {"user", "U"}}), "[user]S\nU");
}

TEST(ChatTemplate, GivesTheSameDateEveryDay) {
  EXPECT_EQ(render("{{ strftime_now('%Y-%m') }}{{ messages[0].content }}", {{"user", "!"}}),
            "2025-01!");
}

TEST(ChatTemplate, JoinsPlainTextWhereThereIsNone) {
  EXPECT_EQ(render("", {{"system", "S"}, {"user", "U"}}), "S\nU");
  EXPECT_STREQ(ChatTemplate::parse("", "", "")->origin(), "none");
  EXPECT_STREQ(ChatTemplate::parse("x", "", "")->origin(), "gguf");
}

TEST(ChatTemplate, SaysWhatIsWrongWithATemplate) {
  const auto broken = ChatTemplate::parse("{% for m in %}", "", "");
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().code, core::ErrorCode::kInvalidData);
  EXPECT_THAT(render("{{ raise_exception('roles must alternate') }}", {{"user", "x"}}),
              testing::HasSubstr("roles must alternate"));
}

}  // namespace
}  // namespace ipw::models
