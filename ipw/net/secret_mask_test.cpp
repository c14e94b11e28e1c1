#include "ipw/net/secret_mask.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ipw::net {
namespace {

const std::string kKey = "sk-0123key4567that89stays2secret";

SecretMask mask() { return SecretMask({kKey}); }

// The longest piece of the key, of 8 characters or more, that `text` still holds.
std::string left_of(const std::string& secret, const std::string& text) {
  for (std::size_t length = secret.size(); length >= 8; --length) {
    for (std::size_t at = 0; at + length <= secret.size(); ++at) {
      if (text.find(secret.substr(at, length)) != std::string::npos) {
        return secret.substr(at, length);
      }
    }
  }
  return {};
}

TEST(SecretMask, MasksTheKeyHoweverItIsWritten) {
  const struct {
    const char* written;
    const char* left;
  } cases[] = {
      {"Incorrect API key provided: sk-0123key4567that89stays2secret.",
       "Incorrect API key provided: ***."},
      {R"({"authorization":"Bearer sk-0123key4567that89stays2secret"})",
       R"({"authorization":"Bearer ***"})"},
      {"SK-0123KEY4567THAT89STAYS2SECRET", "***"},
      {"key=sk%2D0123key4567that89stays2secret&x", "key=***&x"},
      {"sk%2d0123%6Bey4567that89stays2secret", "***"},
      {"%73%6B%2D%30%31%32%33%6B%65%79%34%35%36%37%74%68%61%74%38%39%73%74%61%79%73%32%73%65%63%72%"
       "65"
       "%74",
       "***"},
      {"sk%252D0123key4567that89stays2secret", "***"},
      {R"(\u0073k-0123\u006bey4567that89stays2secret)", "***"},
      {R"(\\u0073k-0123\\u006Bey4567that89stays2secret)", "***"},
      {R"(sk\x2d0123key4567that89stays2secret)", "***"},
      {"sk&#45;0123key4567that89&#x73;tays2secret", "***"},
      // base64 of the key, of "x" and "xy" before it, of "user:" and it, and in the other alphabet
      {"c2stMDEyM2tleTQ1Njd0aGF0ODlzdGF5czJzZWNyZXQ=", "***Q="},
      {"Basic dXNlcjpzay0wMTIza2V5NDU2N3RoYXQ4OXN0YXlzMnNlY3JldA==", "Basic dXNlcjp***A=="},
      {"eHNrLTAxMjNrZXk0NTY3dGhhdDg5c3RheXMyc2VjcmV0", "eH***"},
      {"736b2d303132336b6579343536377468617438397374617973327365637265"
       "74",
       "***"},
      {"736B2D303132336B6579343536377468617438397374617973327365637265"
       "74",
       "***"},
      {"twice sk-0123key4567that89stays2secret,sk-0123key4567that89stays2secret", "twice ***,***"},
      {"sk-0123key4567that89stays2secretsk-0123key4567that89stays2secret", "***"},
  };
  for (const auto& expected : cases) EXPECT_EQ(mask()(expected.written), expected.left);
}

TEST(SecretMask, MasksWhatIsLeftWhereAServerCutTheKey) {
  for (std::size_t length = 8; length <= kKey.size(); ++length) {
    for (const std::string& piece : {kKey.substr(0, length), kKey.substr(kKey.size() - length),
                                     "x" + kKey.substr(0, length) + "…"}) {
      EXPECT_EQ(left_of(kKey, mask()("cut: " + piece)), "") << piece;
    }
  }
}

TEST(SecretMask, LeavesEverythingElseAsItIs) {
  for (const char* text :
       {"", "18", "sk-", "The key is a secret, it stays.", "sk-0123", "that stays secret", "***",
        R"(\boxed{\frac12} 50% &amp; "\u00e9\ud83d\ude00")", "%", "\\", "&", "&#", "%zz\\u12",
        "\\u"}) {
    EXPECT_EQ(mask()(text), text);
    EXPECT_EQ(SecretMask()(text), text);
  }
}

TEST(SecretMask, TakesPlaceholdersForWords) {
  for (const char* word : {"EMPTY", "none", "ollama", "x", "", "test", "dummy"}) {
    const SecretMask placeholder({word});
    EXPECT_EQ(placeholder(std::string("It is ") + word), std::string("It is ") + word);
  }
  const SecretMask words({"sk-no-key-required"});
  EXPECT_EQ(words("no key is required"), "no key is required");
  EXPECT_EQ(words("it is required"), "it is required");
  EXPECT_EQ(words("sk-no-key-required"), "***");
}

TEST(SecretMask, MasksSeveralSecretsAndTheirPieces) {
  const SecretMask both({kKey, "hunter2-is-a-password"});
  EXPECT_EQ(both("hunter2-is-a-password sk-0123key4567that89stays2secret hunter2-is"),
            "*** *** ***");
}

TEST(SecretMask, IsLinearInLongTexts) {
  std::string text;
  while (text.size() < 4'000'000) text += "sk-0123%sk-0123\\sk-0123&";
  EXPECT_EQ(mask()(text), text);
  const SecretMask same({std::string(200, 'a')});
  EXPECT_EQ(same(std::string(100'000, 'a')), "***");
}

}  // namespace
}  // namespace ipw::net
