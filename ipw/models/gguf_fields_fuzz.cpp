// GGUF files that are well-formed and say anything of their model: what is let through must be what
// llama.cpp neither asserts against nor reserves memory for without bound.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <string>
#include <string_view>

#include "ipw/models/gguf_metadata.h"

namespace {

constexpr auto kKeys = std::to_array<const char*>({"general.alignment",
                                                   "general.file_type",
                                                   "llama.block_count",
                                                   "llama.context_length",
                                                   "llama.embedding_length",
                                                   "llama.feed_forward_length",
                                                   "llama.attention.head_count",
                                                   "llama.attention.head_count_kv",
                                                   "llama.attention.key_length",
                                                   "llama.attention.value_length",
                                                   "llama.rope.dimension_count",
                                                   "llama.rope.scaling.type",
                                                   "llama.rope.freq_base",
                                                   "llama.expert_count",
                                                   "llama.expert_used_count",
                                                   "llama.expert_group_count",
                                                   "llama.expert_group_used_count",
                                                   "llama.nextn_predict_layers",
                                                   "llama.vocab_size",
                                                   "tokenizer.ggml.tokens",
                                                   "tokenizer.chat_template",
                                                   "split.count",
                                                   "split.no"});
constexpr auto kTensors = std::to_array<const char*>(
    {"token_embd.weight", "blk.0.attn_q.weight", "blk.0.ffn_up_exps.weight", "output.weight"});
constexpr auto kNumbers = std::to_array<std::uint64_t>(
    {0, 1, 2, 3, 7, 8, 32, 64, 512, 513, 1024, 1025, 1ULL << 16U, 1ULL << 24U, 1ULL << 31U,
     (1ULL << 32U) - 1, 1ULL << 32U, 1ULL << 63U, ~0ULL});

class Builder {
 public:
  Builder(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}

  std::string file() {
    const std::size_t values = below(12);
    const std::size_t tensors = below(4);
    bytes_ = "GGUF";
    put(std::uint32_t{3});
    put(std::uint64_t{tensors});
    put(std::uint64_t{values + 1});
    text("general.architecture");
    put(std::uint32_t{8});
    text("llama");
    for (std::size_t i = 0; i < values; ++i) field();
    for (std::size_t i = 0; i < tensors; ++i) tensor(kTensors[i]);
    bytes_.resize((bytes_.size() + 31) / 32 * 32 + below(256) * 64);
    return bytes_;
  }

 private:
  std::size_t below(std::size_t count) { return at_ < size_ ? data_[at_++] % count : 0; }
  std::uint64_t number() { return kNumbers[below(kNumbers.size())]; }
  template <class T>
  void put(T value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void text(std::string_view value) {
    put(std::uint64_t{value.size()});
    bytes_ += value;
  }
  void field() {
    text(kKeys[below(kKeys.size())]);
    const std::uint32_t type = static_cast<std::uint32_t>(below(14));
    put(type);
    if (type != 9) return value(type);
    const std::uint32_t element = static_cast<std::uint32_t>(below(13));
    put(element);
    const std::size_t length = below(5);
    put(below(8) == 0 ? number() : std::uint64_t{length});
    for (std::size_t i = 0; i < length && element != 9; ++i) value(element);
  }
  void value(std::uint32_t type) {
    switch (type) {
      case 0:
      case 1:
      case 7: return put(static_cast<std::uint8_t>(number()));
      case 2:
      case 3: return put(static_cast<std::uint16_t>(number()));
      case 4:
      case 5: return put(static_cast<std::uint32_t>(number()));
      case 6: return put(static_cast<float>(number()));
      case 8: return text(std::string(below(4), 'a'));
      case 10:
      case 11: return put(number());
      case 12: return put(static_cast<double>(number()));
      default: return;
    }
  }
  void tensor(std::string_view name) {
    text(name);
    const std::uint32_t dimensions = static_cast<std::uint32_t>(below(6));
    put(dimensions);
    for (std::uint32_t i = 0; i < dimensions; ++i) put(number());
    put(static_cast<std::uint32_t>(below(40)));
    put(below(2) == 0 ? std::uint64_t{0} : number());
  }

  const std::uint8_t* data_;
  std::size_t size_;
  std::size_t at_ = 0;
  std::string bytes_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string file = Builder(data, size).file();
  std::istringstream stream(file);
  const auto model = ipw::models::read_gguf_metadata(stream, file.size(), "fuzz");
  if (!model) return 0;
  const auto within = [&](const char* key, std::uint64_t least, std::uint64_t most) {
    const auto number = model->number(key);
    if (number && (*number < least || *number > most)) std::abort();
  };
  within("block_count", 1, 512);
  within("context_length", 1, std::uint64_t{1} << 31U);
  within("embedding_length", 1, std::uint64_t{1} << 20U);
  within("attention.head_count", 0, std::uint64_t{1} << 16U);
  within("expert_count", 0, 1024);
  within("expert_used_count", 0, model->number("expert_count").value_or(0));
  within("nextn_predict_layers", 0, 512);
  within("vocab_size", 1, std::uint64_t{1} << 24U);
  if (model->size_bytes != file.size()) std::abort();
  return 0;
}
