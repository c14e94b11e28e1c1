#include "ipw/models/gguf_metadata.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

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
