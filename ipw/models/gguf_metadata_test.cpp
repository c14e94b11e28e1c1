#include "ipw/models/gguf_metadata.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "ipw/models/gguf_parts.h"

namespace ipw::models {
namespace {

using core::ErrorCode;
using testing::HasSubstr;

/// Writes GGUF headers byte by byte, good and bad.
class Bytes {
 public:
  template <class T>
  Bytes& number(T value) {
    char raw[sizeof value];
    std::memcpy(raw, &value, sizeof value);
    data_.append(raw, sizeof value);
    return *this;
  }
  Bytes& text(const std::string& value) {
    number<std::uint64_t>(value.size());
    data_ += value;
    return *this;
  }
  Bytes& header(std::uint64_t tensors, std::uint64_t values, std::uint32_t version = 3) {
    data_ += "GGUF";
    return number(version).number(tensors).number(values);
  }
  Bytes& word(const std::string& key, const std::string& value) {
    return text(key).number<std::uint32_t>(8).text(value);
  }
  Bytes& count(const std::string& key, std::uint32_t value) {
    return text(key).number<std::uint32_t>(4).number(value);
  }
  Bytes& tensor(const std::string& name, std::uint64_t rows, std::uint64_t columns,
                std::uint32_t type, std::uint64_t offset) {
    text(name).number<std::uint32_t>(2).number(columns).number(rows);
    return number(type).number(offset);
  }
  Bytes& align() {
    data_.resize((data_.size() + 31) / 32 * 32);
    return *this;
  }
  Bytes& zeros(std::size_t count) {
    data_.append(count, '\0');
    return *this;
  }
  [[nodiscard]] const std::string& data() const { return data_; }

 private:
  std::string data_;
};

core::Result<GgufMetadata> read(const std::string& data) {
  std::istringstream stream(data);
  return read_gguf_metadata(stream, data.size(), "m.gguf");
}

ErrorCode code_of(const std::string& data) {
  const auto result = read(data);
  EXPECT_FALSE(result.has_value());
  return result ? ErrorCode::kInternal : result.error().code;
}

/// Two F32 tensors, of 2 × 4 and, in four experts of which one is used, 4 × 4 values.
Bytes small_model() {
  Bytes bytes;
  bytes.header(2, 5).word("general.architecture", "llama").word("general.name", "Small");
  bytes.count("llama.context_length", 2048).count("llama.expert_count", 4);
  bytes.count("llama.expert_used_count", 1);
  bytes.tensor("blk.0.attn_q.weight", 2, 4, 0, 0).tensor("blk.0.ffn_up_exps.weight", 4, 4, 0, 32);
  return bytes.align().zeros(96);
}

TEST(GgufMetadata, TellsWhatAModelIs) {
  const auto metadata = read(small_model().data());
  ASSERT_TRUE(metadata) << metadata.error().message;
  EXPECT_EQ(metadata->version, 3U);
  EXPECT_EQ(metadata->architecture, "llama");
  EXPECT_EQ(metadata->name, "Small");
  EXPECT_EQ(metadata->quantization, "F32");
  EXPECT_EQ(metadata->context_tokens, 2048U);
  EXPECT_FALSE(metadata->has_chat_template);
}

TEST(GgufMetadata, CountsOnlyTheExpertsThatATokenReaches) {
  const auto metadata = read(small_model().data());
  ASSERT_TRUE(metadata) << metadata.error().message;
  EXPECT_EQ(metadata->parameters, 24U);
  EXPECT_EQ(metadata->active_parameters, 12U);  // 8 + 16 / 4
}

TEST(GgufMetadata, NoticesTruncationAtEveryByte) {
  const std::string whole = small_model().data();
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const auto result = read(whole.substr(0, length));
    ASSERT_FALSE(result.has_value()) << length;
    EXPECT_EQ(result.error().code, ErrorCode::kInvalidData);
    EXPECT_THAT(result.error().message, HasSubstr("truncated")) << length;
  }
}

TEST(GgufMetadata, BelievesNoLengthThatTheFileCannotHold) {
  const std::uint64_t huge = ~std::uint64_t{0} / 2;
  EXPECT_EQ(code_of(Bytes().header(huge, 0).data()), ErrorCode::kInvalidData);
  EXPECT_EQ(code_of(Bytes().header(0, huge).data()), ErrorCode::kInvalidData);
  EXPECT_EQ(code_of(Bytes().header(0, 1).number(huge).data()), ErrorCode::kInvalidData);
  Bytes array;
  array.header(0, 1).text("a").number<std::uint32_t>(9).number<std::uint32_t>(10).number(huge);
  EXPECT_EQ(code_of(array.data()), ErrorCode::kInvalidData);
  Bytes tensor;
  tensor.header(1, 1).word("general.architecture", "llama").tensor("t", huge, 16, 0, 0);
  EXPECT_EQ(code_of(tensor.align().data()), ErrorCode::kInvalidData);
  Bytes offset;
  offset.header(1, 1).word("general.architecture", "llama").tensor("t", 2, 2, 0, ~std::uint64_t{0});
  EXPECT_EQ(code_of(offset.align().zeros(64).data()), ErrorCode::kInvalidData);
}

TEST(GgufMetadata, StopsAtArraysInArraysInArrays) {
  Bytes bytes;
  bytes.header(0, 1).text("a").number<std::uint32_t>(9);
  for (int i = 0; i < 1000; ++i) bytes.number<std::uint32_t>(9).number<std::uint64_t>(1);
  const auto result = read(bytes.data());
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().message, HasSubstr("nests"));
}

TEST(GgufMetadata, RefusesAKeyThatStandsTwice) {
  const auto result = read(Bytes().header(0, 2).count("k", 1).count("k", 2).data());
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().message, HasSubstr("twice"));
}

TEST(GgufMetadata, RefusesVersionsThatItDoesNotKnow) {
  for (const std::uint32_t version : {1U, 4U, 1000U, 0x03000000U}) {
    const auto result = read(Bytes().header(0, 0, version).data());
    ASSERT_FALSE(result) << version;
    EXPECT_EQ(result.error().code, ErrorCode::kUnsupported) << version;
  }
  EXPECT_THAT(read(Bytes().header(0, 0, 4).data()).error().message, HasSubstr("update ipw"));
}

TEST(GgufMetadata, RefusesWhatIsNoGguf) {
  const auto result = read("<!doctype html><title>404</title>");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kInvalidData);
  EXPECT_THAT(result.error().message, HasSubstr("no GGUF model"));
}

// A model whose llama.* fields are those that are usual, but for one.
Bytes llama_with(const std::string& key, std::uint32_t value) {
  const std::pair<const char*, std::uint32_t> usual[] = {
      {"block_count", 4},          {"context_length", 2048},
      {"embedding_length", 64},    {"feed_forward_length", 128},
      {"attention.head_count", 8}, {"attention.head_count_kv", 2},
      {"attention.key_length", 8}, {"attention.value_length", 8},
      {"rope.dimension_count", 8}, {"vocab_size", 4}};
  const bool replaces =
      std::ranges::any_of(usual, [&](const auto& field) { return key == field.first; });
  Bytes bytes;
  bytes.header(2, std::size(usual) + (replaces ? 1 : 2)).word("general.architecture", "llama");
  for (const auto& [name, number] : usual) {
    bytes.count(std::string("llama.") + name, key == name ? value : number);
  }
  if (!replaces) bytes.count("llama." + key, value);
  bytes.tensor("token_embd.weight", 4, 64, 0, 0).tensor("blk.0.attn_q.weight", 2, 4, 0, 1024);
  return bytes.align().zeros(1056);
}

TEST(GgufMetadata, RefusesWhatNoModelIs) {
  EXPECT_TRUE(read(llama_with("nextn_predict_layers", 1).data()));
  constexpr std::uint32_t kHalf = 1U << 31U;
  constexpr std::uint32_t kAll = ~0U;
  const struct {
    const char* key;
    std::vector<std::uint32_t> values;
  } cases[] = {{"block_count", {0, 513, kHalf, kAll}},
               {"nextn_predict_layers", {5, kHalf, kAll}},
               {"context_length", {0, kHalf + 1, kAll}},
               {"embedding_length", {0, 7, kHalf, kAll}},  // 8 heads over 7 values
               {"feed_forward_length", {kHalf, kAll}},
               {"attention.head_count", {0, 7, 128, kHalf, kAll}},
               {"attention.head_count_kv", {0, 3, 16, kHalf, kAll}},
               {"attention.key_length", {0, kHalf, kAll}},
               {"attention.value_length", {0, kHalf, kAll}},
               {"rope.dimension_count", {7, kHalf, kAll}},
               {"vocab_size", {0, 5, kHalf, kAll}},
               {"expert_count", {4, 1025, kAll}},  // and none of them is used
               {"expert_used_count", {1, kAll}},   // and there are none
               {"expert_group_count", {1, kAll}},
               {"ssm.state_size", {kHalf, kAll}},
               {"attention.sliding_window", {kAll}}};
  for (const auto& refused : cases) {
    for (const std::uint32_t value : refused.values) {
      const auto result = read(llama_with(refused.key, value).data());
      ASSERT_FALSE(result) << refused.key << " = " << value;
      EXPECT_EQ(result.error().code, ErrorCode::kInvalidData) << refused.key << " = " << value;
    }
  }
}

// One more field, of any type, in a model that is well but for it.
core::Result<GgufMetadata> read_with(const std::function<void(Bytes&)>& field) {
  Bytes bytes;
  bytes.header(1, 2).word("general.architecture", "llama");
  field(bytes);
  bytes.tensor("blk.0.attn_q.weight", 2, 4, 0, 0);
  return read(bytes.align().zeros(32).data());
}

Bytes& texts(Bytes& bytes, const std::vector<std::string>& values) {
  bytes.text("tokenizer.ggml.tokens").number<std::uint32_t>(9).number<std::uint32_t>(8);
  bytes.number<std::uint64_t>(values.size());
  for (const std::string& value : values) bytes.text(value);
  return bytes;
}

TEST(GgufMetadata, RefusesFieldsOfAnyTypeThatTheEngineWouldStopTheProcessFor) {
  const auto array = [](const char* key, std::uint32_t type, std::vector<std::int32_t> values) {
    return [=](Bytes& bytes) {
      bytes.text(key).number<std::uint32_t>(9).number(type).number<std::uint64_t>(values.size());
      for (const std::int32_t value : values) bytes.number(value);
    };
  };
  const struct {
    const char* what;
    std::function<void(Bytes&)> field;
  } cases[] = {
      {"a signed number below 0",
       [](Bytes& b) { b.text("llama.block_count").number<std::uint32_t>(5).number(-1); }},
      {"a number of 64 bits",
       [](Bytes& b) {
         b.text("llama.context_length").number<std::uint32_t>(10).number(1ULL << 63);
       }},
      {"an array with one that is absurd", array("llama.attention.head_count", 5, {8, 1 << 30})},
      {"an array with one below 0", array("llama.attention.head_count_kv", 5, {8, -1})},
      {"experts as an array", array("llama.expert_count", 5, {8})},
      {"experts that are used as an array", array("llama.expert_used_count", 5, {1, 1})},
      {"groups of experts as an array", array("llama.expert_group_count", 5, {2})},
      {"groups that are used as an array", array("llama.expert_group_used_count", 5, {1})},
      {"a scaling of positions that nobody knows",
       [](Bytes& b) { b.word("llama.rope.scaling.type", "bogus"); }},
      {"a base of rotations that is no number",
       [](Bytes& b) {
         b.text("llama.rope.freq_base").number<std::uint32_t>(6).number(std::nanf(""));
       }},
      {"an epsilon below 0",
       [](Bytes& b) {
         b.text("llama.attention.layer_norm_rms_epsilon").number<std::uint32_t>(6).number(-1.0F);
       }},
      {"an empty vocabulary", [](Bytes& b) { texts(b, {}); }},
      {"a token that stands twice", [](Bytes& b) { texts(b, {"a", "b", "a"}); }},
      {"tokens that are one up to a NUL",
       [](Bytes& b) { texts(b, {"a", std::string("a\0b", 3)}); }},
      {"an alignment of 0", [](Bytes& b) { b.count("general.alignment", 0); }},
      {"an alignment below the engine's", [](Bytes& b) { b.count("general.alignment", 1); }},
      {"an alignment of half the engine's", [](Bytes& b) { b.count("general.alignment", 16); }},
      {"an alignment that is no power of two", [](Bytes& b) { b.count("general.alignment", 24); }},
      {"an alignment above any file", [](Bytes& b) { b.count("general.alignment", 1U << 31U); }},
  };
  for (const auto& refused : cases) {
    const auto result = read_with(refused.field);
    ASSERT_FALSE(result) << refused.what;
    EXPECT_EQ(result.error().code, ErrorCode::kInvalidData) << refused.what;
  }
  EXPECT_TRUE(read_with([](Bytes& b) { texts(b, {"a", "b", "", ""}); }));
  EXPECT_TRUE(read_with([](Bytes& b) { b.word("llama.rope.scaling.type", "yarn"); }));
  EXPECT_TRUE(read_with(array("llama.attention.head_count", 5, {8, 0, 8})));
}

TEST(GgufMetadata, RefusesTensorsThatAreNone) {
  Bytes empty;
  empty.header(1, 1).word("general.architecture", "llama").tensor("t", 0, 4, 0, 0);
  EXPECT_EQ(code_of(empty.align().zeros(32).data()), ErrorCode::kInvalidData);
  EXPECT_EQ(code_of(Bytes().header(65'537, 0).zeros(4'000'000).data()), ErrorCode::kInvalidData);
  EXPECT_EQ(code_of(Bytes().header(0, 16'385).zeros(4'000'000).data()), ErrorCode::kInvalidData);
}

// ---- parts ----

// The parts of a model of three tensors in three files, as gguf-split writes them.
class GgufParts : public testing::Test {
 protected:
  GgufParts() { std::filesystem::create_directories(folder_); }
  ~GgufParts() override { std::filesystem::remove_all(folder_); }

  static Bytes part(std::uint16_t number, std::uint16_t count = 3, std::uint32_t all = 3) {
    Bytes bytes;
    const bool first = number == 0;
    bytes.header(1, first ? 4 : 3);
    if (first) bytes.word("general.architecture", "llama");
    bytes.text("split.no").number<std::uint32_t>(2).number(number);
    bytes.text("split.count").number<std::uint32_t>(2).number(count);
    bytes.text("split.tensors.count").number<std::uint32_t>(5).number(all);
    return bytes.tensor("t" + std::to_string(number), 2, 4, 0, 0).align().zeros(32);
  }
  std::filesystem::path write(int number, const Bytes& bytes, int count = 3) {
    const std::filesystem::path path = folder_ / gguf_part_name("m", number, count);
    std::ofstream(path, std::ios::binary) << bytes.data();
    return path;
  }
  void write_all() {
    for (int number = 1; number <= 3; ++number) {
      write(number, part(static_cast<std::uint16_t>(number - 1)));
    }
  }
  [[nodiscard]] std::filesystem::path path(int number) const {
    return folder_ / gguf_part_name("m", number, 3);
  }

  std::filesystem::path folder_ =
      std::filesystem::path(testing::TempDir()) / ("ipw-parts-" + std::to_string(getpid()));
};

TEST_F(GgufParts, AreOneModelWhicheverIsNamed) {
  write_all();
  for (int named = 1; named <= 3; ++named) {
    const auto model = read_gguf_metadata(path(named));
    ASSERT_TRUE(model) << model.error().message;
    EXPECT_EQ(model->parts, (std::vector{path(1), path(2), path(3)}));
    EXPECT_EQ(model->tensor_count, 3U);
    EXPECT_EQ(model->parameters, 24U);
    EXPECT_EQ(model->size_bytes, std::filesystem::file_size(path(1)) +
                                     std::filesystem::file_size(path(2)) +
                                     std::filesystem::file_size(path(3)));
    EXPECT_EQ(model->architecture, "llama");
    EXPECT_TRUE(check_gguf_file(path(named)));
  }
}

TEST_F(GgufParts, ThatAreMissingAreNamed) {
  write_all();
  std::filesystem::remove(path(2));
  const auto model = read_gguf_metadata(path(1));
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(model.error().message, HasSubstr("part 2 of 3 is missing"));
  EXPECT_THAT(model.error().message, HasSubstr("m-00002-of-00003.gguf"));
  std::filesystem::remove(path(1));
  EXPECT_EQ(read_gguf_metadata(path(3)).error().code, ErrorCode::kNotFound);
}

TEST_F(GgufParts, OfDifferentModelsAreRefused) {
  const auto refused = [&](const char* why) {
    const auto model = read_gguf_metadata(path(1));
    EXPECT_FALSE(model) << why;
    EXPECT_TRUE(model || model.error().code == ErrorCode::kInvalidData)
        << (model ? "" : model.error().message);
    write_all();
    EXPECT_TRUE(read_gguf_metadata(path(1)));
  };
  write_all();
  write(2, part(2));
  refused("part 2 says that it is part 3");
  write(3, part(2, 4));
  refused("part 3 is one of four");
  write(1, part(0, 3, 9));
  refused("nine tensors are stated, and there are three");
  write(1, part(1));
  refused("the first one says that it is the second");
  write(2, small_model());
  refused("part 2 is a whole model");
  write(3, Bytes().zeros(100));
  refused("part 3 is no model");
  std::filesystem::resize_file(path(2), std::filesystem::file_size(path(2)) - 1);
  refused("part 2 is cut off");
}

TEST_F(GgufParts, WithOtherNamesAreRefusedWithTheNameThatTheyNeed) {
  for (const char* name : {"m.gguf", "m-1-of-3.gguf", "m-00001-of-00002.gguf"}) {
    std::ofstream(folder_ / name, std::ios::binary) << part(0).data();
    const auto model = read_gguf_metadata(folder_ / name);
    ASSERT_FALSE(model) << name;
    EXPECT_THAT(model.error().message, HasSubstr("NAME-00001-of-00003.gguf")) << name;
  }
  // One of one is a whole model, whatever it is called.
  std::ofstream(folder_ / "one.gguf", std::ios::binary) << part(0, 1, 1).data();
  EXPECT_TRUE(read_gguf_metadata(folder_ / "one.gguf"));
}

TEST(GgufPartName, IsThatOfLlamaCpp) {
  EXPECT_EQ(gguf_part_name("a/b", 2, 13), "a/b-00002-of-00013.gguf");
  const auto part = gguf_part("a/b-00002-of-00013.gguf");
  ASSERT_TRUE(part);
  EXPECT_EQ(part->prefix, "a/b");
  EXPECT_EQ(part->number, 2);
  EXPECT_EQ(part->count, 13);
  for (const char* name :
       {"m.gguf", "best-of-breed.gguf", "m-00000-of-00003.gguf", "m-00004-of-00003.gguf",
        "m-1-of-3.gguf", "m-00001-of-00003.bin", "m-000001-of-000003.gguf", "-00001-of-00003.gguf",
        "a/-00001-of-00003.gguf", "m_00001-of-00003.gguf", "m-0001a-of-00003.gguf",
        "m--0001-of-00003.gguf", ""}) {
    EXPECT_FALSE(gguf_part(name)) << name;
  }
}

TEST(GgufMetadata, SaysWhyAFileCannotBeOpened) {
  namespace fs = std::filesystem;
  EXPECT_EQ(read_gguf_metadata("does/not/exist.gguf").error().code, ErrorCode::kNotFound);
  const auto directory = read_gguf_metadata(fs::temp_directory_path());
  ASSERT_FALSE(directory);
  EXPECT_EQ(directory.error().code, ErrorCode::kInvalidData);
  EXPECT_THAT(directory.error().message, HasSubstr("directory"));

  const fs::path locked = fs::path(testing::TempDir()) / "locked.gguf";
  std::ofstream(locked) << small_model().data();
  fs::permissions(locked, fs::perms::none);
  if (!std::ifstream(locked)) {  // root may read everything
    EXPECT_EQ(read_gguf_metadata(locked).error().code, ErrorCode::kPermissionDenied);
  }
  fs::remove(locked);
}

TEST(GgufMetadata, ReadsTheFilesThatTheTestsRunOn) {
  const std::string models = std::string(IPW_BINARY_DIR) + "/models/";
  const auto metadata = read_gguf_metadata(models + "random-13m.gguf");
  ASSERT_TRUE(metadata) << metadata.error().message;
  EXPECT_EQ(metadata->quantization, "Q8_0");
  EXPECT_GT(metadata->parameters, 10'000'000U);
  EXPECT_TRUE(metadata->has_chat_template);
  EXPECT_EQ(metadata->number("block_count"), 4U);
  EXPECT_EQ(metadata->number("no.such.key"), std::nullopt);
}

}  // namespace
}  // namespace ipw::models
