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
  EXPECT_STREQ(ChatTemplate::parse("{{ messages[0].content }}", "", "")->origin(), "gguf");
}

TEST(ChatTemplate, SaysWhatIsWrongWithATemplate) {
  const auto broken = ChatTemplate::parse("{% for m in %}", "", "");
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().code, core::ErrorCode::kUnsupported);
  EXPECT_THAT(render("{{ raise_exception('roles must alternate') }}", {{"user", "x"}}),
              testing::HasSubstr("roles must alternate"));
}

// Before the first question, not as the model's wrong answer to each.
TEST(ChatTemplate, RefusesWhatCannotBeRun) {
  const std::string each = "{% for m in messages %}";
  const std::string end = "{% endfor %}";
  std::string deep = "{{ messages[0].content }}";
  for (int i = 0; i < 5000; ++i) deep += "{% if true %}";
  for (int i = 0; i < 5000; ++i) deep += "{% endif %}";
  std::string elifs = "{{ messages[0].content }}{% if false %}";
  for (int i = 0; i < 5000; ++i) elifs += "{% elif false %}";
  elifs += "{% endif %}";
  std::string terms = "{{ messages[0].content";
  for (int i = 0; i < 100'000; ++i) terms += " ~ 'x'";
  const struct {
    const char* what;
    std::string source;
  } cases[] = {
      {"an unknown filter", each + "{{ m.content | no_such_filter }}" + end},
      {"an unknown filter in a macro",
       "{%- macro f(x) %}{{ x|no_such_filter }}{% endmacro %}" + each + "{{ f(m.content) }}" + end},
      {"an unknown test", each + "{% if m is no_such_test %}{% endif %}{{ m.content }}" + end},
      {"an unknown function", each + "{{ no_such_function(m.content) }}" + end},
      {"raise_exception for every question",
       each + "{% if m.role == 'user' %}{{ raise_exception('only tools') }}{% endif %}" + end},
      {"raise_exception where no system text comes first",
       "{% if messages[0].role != 'system' %}{{ raise_exception('no system') }}{% endif %}" + each +
           "{{ m.content }}" + end},
      {"an unknown tag", "{% no_such_tag %}{{ messages[0].content }}"},
      {"a loop without an end", each + "{{ m.content }}"},
      {"a brace too many", "{{ messages[0].content }}}} {{ }}"},
      {"a call of what is none", "{{ messages[0].content() }}"},
      {"nothing of the question", "<|user|>"},
      {"another question", each + "{{ m.role }}" + end},
      {"parts alone that it does not find",
       each + "{% for p in m.parts %}{{ p.text }}{% endfor %}" + end},
      {"tags within tags", deep},
      {"ever another elif", elifs},
      {"brackets within brackets",
       "{{ " + std::string(50'000, '(') + "messages[0].content" + std::string(50'000, ')') + " }}"},
      {"an endless expression", terms + " }}"},
      {"two megabytes", std::string(2 << 20, 'x') + "{{ messages[0].content }}"},
  };
  for (const auto& refused : cases) {
    const auto chat = ChatTemplate::parse(refused.source, "<s>", "</s>");
    ASSERT_FALSE(chat) << refused.what;
    EXPECT_EQ(chat.error().code, core::ErrorCode::kUnsupported) << refused.what;
    EXPECT_THAT(chat.error().message, testing::HasSubstr("chat template")) << refused.what;
  }
}

TEST(ChatTemplate, LetsSystemTextOpenTheQuestionWhereverATemplateWouldNotTakeIt) {
  const std::string each = "{% for m in messages %}";
  const std::string end = "[{{ m.role }}]{{ m.content }}{% endfor %}";
  for (const std::string& source :
       {each +
            "{% if m.role == 'system' %}{{ raise_exception('System role not supported') }}{% endif "
            "%}" +
            end,
        each +
            "{% if m.role not in ['user', 'assistant'] %}{{ raise_exception('roles') }}{% endif "
            "%}" +
            end,
        "{% if messages[0].role == 'system' %}{{ raise_exception('no') }}{% endif %}" + each + end,
        each +
            "{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('must "
            "alternate') }}{% endif %}" +
            end,
        each + "{% if m.role != 'system' %}" +
            "[{{ m.role }}]{{ m.content }}{% endif %}{% endfor %}",
        std::string("[user]{{ messages[0].content }}")}) {
    EXPECT_EQ(render(source, {{"system", "S"}, {"user", "U"}}), "[user]S\nU") << source;
  }
}

}  // namespace
}  // namespace ipw::models
