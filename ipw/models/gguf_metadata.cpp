// The reader keeps only what fits the file: each stated length is compared with the bytes that are
// left before anything is allocated, and long strings and all arrays are skipped, not kept.

#include "ipw/models/gguf_metadata.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <fstream>
#include <functional>
#include <limits>
#include <string_view>
#include <system_error>
#include <utility>

#include "ipw/models/gguf_parts.h"
#include "ipw/models/gguf_shape.h"

namespace ipw::models {
namespace {

using core::ErrorCode;
using core::fail;
using core::Result;

constexpr std::uint64_t kLongestName = 65535;       // the specification's limit for keys
constexpr std::uint64_t kLongestValue = 4U << 20U;  // chat templates are the longest we want
constexpr std::uint64_t kMostDimensions = 4;
constexpr int kDeepestArray = 4;
constexpr std::uint64_t kShortArray = 4096;  // an entry for each layer, and more
// llama.cpp compares each name with all before it.
constexpr std::uint64_t kMostTensors = 65'536;
constexpr std::uint64_t kMostValues = 16'384;

/// How ggml packs a tensor type: `elements` values in `bytes` bytes (ggml.h, ggml-common.h).
struct TensorType {
  std::uint32_t id;
  std::string_view name;
  std::uint64_t elements;
  std::uint64_t bytes;
};
constexpr std::array kTensorTypes = std::to_array<TensorType>({
    {0, "F32", 1, 4},         {1, "F16", 1, 2},         {2, "Q4_0", 32, 18},
    {3, "Q4_1", 32, 20},      {6, "Q5_0", 32, 22},      {7, "Q5_1", 32, 24},
    {8, "Q8_0", 32, 34},      {9, "Q8_1", 32, 36},      {10, "Q2_K", 256, 84},
    {11, "Q3_K", 256, 110},   {12, "Q4_K", 256, 144},   {13, "Q5_K", 256, 176},
    {14, "Q6_K", 256, 210},   {15, "Q8_K", 256, 292},   {16, "IQ2_XXS", 256, 66},
    {17, "IQ2_XS", 256, 74},  {18, "IQ3_XXS", 256, 98}, {19, "IQ1_S", 256, 50},
    {20, "IQ4_NL", 32, 18},   {21, "IQ3_S", 256, 110},  {22, "IQ2_S", 256, 82},
    {23, "IQ4_XS", 256, 136}, {24, "I8", 1, 1},         {25, "I16", 1, 2},
    {26, "I32", 1, 4},        {27, "I64", 1, 8},        {28, "F64", 1, 8},
    {29, "IQ1_M", 256, 56},   {30, "BF16", 1, 2},       {34, "TQ1_0", 256, 54},
    {35, "TQ2_0", 256, 66},   {39, "MXFP4", 32, 17},
});

/// general.file_type (enum llama_ftype), where its name says more than the commonest tensor type.
struct FileType {
  std::uint64_t id;
  std::string_view name;
};
constexpr std::array kFileTypes = std::to_array<FileType>({
    {0, "F32"},      {1, "F16"},      {2, "Q4_0"},    {3, "Q4_1"},    {7, "Q8_0"},
    {8, "Q5_0"},     {9, "Q5_1"},     {10, "Q2_K"},   {11, "Q3_K_S"}, {12, "Q3_K_M"},
    {13, "Q3_K_L"},  {14, "Q4_K_S"},  {15, "Q4_K_M"}, {16, "Q5_K_S"}, {17, "Q5_K_M"},
    {18, "Q6_K"},    {19, "IQ2_XXS"}, {20, "IQ2_XS"}, {21, "Q2_K_S"}, {22, "IQ3_XS"},
    {23, "IQ3_XXS"}, {24, "IQ1_S"},   {25, "IQ4_NL"}, {26, "IQ3_S"},  {27, "IQ3_M"},
    {28, "IQ2_S"},   {29, "IQ2_M"},   {30, "IQ4_XS"}, {31, "IQ1_M"},  {32, "BF16"},
    {36, "TQ1_0"},   {37, "TQ2_0"},   {38, "MXFP4"},
});

enum ValueType : std::uint32_t {
  kUint8,
  kInt8,
  kUint16,
  kInt16,
  kUint32,
  kInt32,
  kFloat32,
  kBool,
  kString,
  kArray,
  kUint64,
  kInt64,
  kFloat64,
  kValueTypes,
};
constexpr std::array<std::uint64_t, kValueTypes> kValueBytes = {1, 1, 2, 2, 4, 4, 4,
                                                                1, 0, 0, 8, 8, 8};

bool multiply(std::uint64_t a, std::uint64_t b, std::uint64_t& product) {
  return !__builtin_mul_overflow(a, b, &product);
}

struct Tally {  // parameters by tensor type, to name the quantization by the commonest
  std::map<std::uint32_t, std::uint64_t> by_type;
  std::uint64_t all = 0;
  std::uint64_t experts = 0;
  std::uint64_t end = 0;  // of the last tensor, from the start of the data
  GgufTensors tensors;
};

// One file: what it says, and what is in it.
struct OneFile {
  GgufMetadata metadata;
  Tally tally;
};

/// Reads forward through one file, and never past its stated size.
class Reader {
 public:
  Reader(std::istream& stream, std::uint64_t size, const std::string& name)
      : stream_(stream), size_(size), name_(name) {}

  Result<OneFile> read();

 private:
  [[nodiscard]] std::unexpected<core::Error> broken(const std::string& why) const {
    return fail(ErrorCode::kInvalidData,
                fmt::format("cannot read {}: {} (get the file again)", name_, why));
  }
  [[nodiscard]] std::unexpected<core::Error> truncated() const {
    return broken(fmt::format("it is truncated at {} bytes", size_));
  }
  [[nodiscard]] std::uint64_t left() const { return size_ - at_; }

  template <class T>
  Result<T> take() {
    T value{};
    if (left() < sizeof value) return truncated();
    std::array<char, sizeof value> bytes{};
    if (!stream_.read(bytes.data(), bytes.size())) return truncated();
    at_ += sizeof value;
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }
  Result<void> skip(std::uint64_t bytes) {
    if (bytes > left()) return truncated();
    if (!stream_.ignore(static_cast<std::streamsize>(bytes))) return truncated();
    at_ += bytes;
    return {};
  }
  Result<std::string> take_text(std::uint64_t longest);
  Result<GgufValue> take_value(std::uint32_t type, int depth);
  Result<GgufValue> take_array(int depth);
  Result<GgufValue> take_numbers(std::uint32_t type, std::uint64_t length);
  Result<GgufValue> take_texts(std::uint64_t length);
  Result<GgufValue> take_scalar(std::uint32_t type);
  Result<void> take_values(std::uint64_t count, GgufMetadata& metadata);
  Result<void> take_tensor(Tally& tally);
  [[nodiscard]] Result<void> check_data(const GgufMetadata& metadata, const Tally& tally) const;

  std::istream& stream_;
  std::uint64_t size_;
  std::uint64_t at_ = 0;
  const std::string& name_;
};

/// A string; one longer than `longest` is skipped and reads as empty.
Result<std::string> Reader::take_text(std::uint64_t longest) {
  IPW_TRY(const auto length, take<std::uint64_t>());
  if (length > left()) return truncated();
  if (length > longest) {
    IPW_CHECK(skip(length));
    return std::string();
  }
  std::string text(length, '\0');
  if (!stream_.read(text.data(), static_cast<std::streamsize>(length))) return truncated();
  at_ += length;
  return text;
}

Result<GgufValue> Reader::take_array(int depth) {
  if (depth >= kDeepestArray) return broken("it nests arrays too deeply");
  IPW_TRY(const auto type, take<std::uint32_t>());
  IPW_TRY(const auto length, take<std::uint64_t>());
  if (type >= kValueTypes) return broken(fmt::format("it has a value of unknown type {}", type));
  if (kValueBytes[type] > 0) return take_numbers(type, length);
  // Each string or array inside takes at least eight bytes, which bounds the loops by the file.
  if (length > left() / 8) return truncated();
  if (type == kString) return take_texts(length);
  for (std::uint64_t i = 0; i < length; ++i) IPW_CHECK(take_array(depth + 1));
  return GgufArray{.length = length};
}

Result<GgufValue> Reader::take_numbers(std::uint32_t type, std::uint64_t length) {
  std::uint64_t bytes = 0;
  if (!multiply(length, kValueBytes[type], bytes)) return truncated();
  GgufArray array{.length = length};
  if (length > kShortArray || type == kFloat32 || type == kFloat64) {
    IPW_CHECK(skip(bytes));
    return array;
  }
  constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
  for (std::uint64_t i = 0; i < length; ++i) {
    IPW_TRY(const auto value, take_scalar(type));
    const auto* natural = std::get_if<std::uint64_t>(&value);
    const auto* number = std::get_if<std::int64_t>(&value);
    const std::int64_t element = natural != nullptr
                                     ? static_cast<std::int64_t>(std::min(*natural, kMost))
                                 : number != nullptr ? *number
                                                     : 0;
    array.least = std::min(array.least.value_or(element), element);
    array.most = std::max(array.most.value_or(element), element);
  }
  return array;
}

/// Keeps only whether one stands there twice, by hashes of what the engine takes for a text: all up
/// to a NUL; empty ones it tells apart.
Result<GgufValue> Reader::take_texts(std::uint64_t length) {
  std::vector<std::size_t> hashes;
  for (std::uint64_t i = 0; i < length; ++i) {
    IPW_TRY(const std::string text, take_text(kLongestName));
    if (const auto word = std::string_view(text).substr(0, text.find('\0')); !word.empty()) {
      hashes.push_back(std::hash<std::string_view>()(word));
    }
  }
  std::ranges::sort(hashes);
  return GgufArray{.length = length,
                   .least = {},
                   .most = {},
                   .repeats = std::ranges::adjacent_find(hashes) != hashes.end()};
}

Result<GgufValue> Reader::take_value(std::uint32_t type, int depth) {
  return type == kArray ? take_array(depth) : take_scalar(type);
}

Result<GgufValue> Reader::take_scalar(std::uint32_t type) {
  const auto number = [this]<class From, class To>(From, To) -> Result<GgufValue> {
    IPW_TRY(const auto value, take<From>());
    return GgufValue(static_cast<To>(value));
  };
  constexpr std::uint64_t kUnsigned = 0;
  constexpr std::int64_t kSigned = 0;
  switch (type) {
    case kUint8: return number(std::uint8_t{}, kUnsigned);
    case kInt8: return number(std::int8_t{}, kSigned);
    case kUint16: return number(std::uint16_t{}, kUnsigned);
    case kInt16: return number(std::int16_t{}, kSigned);
    case kUint32: return number(std::uint32_t{}, kUnsigned);
    case kInt32: return number(std::int32_t{}, kSigned);
    case kUint64: return number(std::uint64_t{}, kUnsigned);
    case kInt64: return number(std::int64_t{}, kSigned);
    case kFloat32: return number(float{}, double{});
    case kFloat64: return number(double{}, double{});
    case kBool: {
      IPW_TRY(const auto value, take<std::uint8_t>());
      return GgufValue(value != 0);
    }
    case kString: {
      IPW_TRY(auto text, take_text(kLongestValue));
      return GgufValue(std::move(text));
    }
    default: return broken(fmt::format("it has a value of unknown type {}", type));
  }
}

Result<void> Reader::take_values(std::uint64_t count, GgufMetadata& metadata) {
  for (std::uint64_t i = 0; i < count; ++i) {
    IPW_TRY(auto key, take_text(kLongestName));
    if (key.empty()) return broken(fmt::format("key {} is empty or too long", i));
    IPW_TRY(const auto type, take<std::uint32_t>());
    IPW_TRY(auto value, take_value(type, 0));
    if (!metadata.values.emplace(key, std::move(value)).second) {
      return broken(fmt::format("key \"{}\" stands in it twice", key));
    }
  }
  return {};
}

Result<void> Reader::take_tensor(Tally& tally) {
  IPW_TRY(const auto name, take_text(kLongestName));
  IPW_TRY(const auto dimensions, take<std::uint32_t>());
  if (name.empty() || dimensions > kMostDimensions) return broken("its tensor table is malformed");
  std::uint64_t elements = 1;
  for (std::uint32_t i = 0; i < dimensions; ++i) {
    IPW_TRY(const auto extent, take<std::uint64_t>());
    if (extent == 0) return broken(fmt::format("tensor {} is empty", name));
    if (name == "token_embd.weight" && i == 1) tally.tensors.vocabulary_rows = extent;
    if (!multiply(elements, extent, elements)) {
      return broken(fmt::format("tensor {} is larger than any memory", name));
    }
  }
  IPW_TRY(const auto type, take<std::uint32_t>());
  IPW_TRY(const auto offset, take<std::uint64_t>());
  if (__builtin_add_overflow(tally.all, elements, &tally.all)) {
    return broken("its tensors are larger than any memory");
  }
  tally.by_type[type] += elements;
  tally.tensors.attention = tally.tensors.attention || name.contains(".attn_q.") ||
                            name.contains(".attn_qkv.") || name.contains(".attn_k.");
  // llama.cpp's names for the weights of experts end in "_exps.weight" (llama-arch.cpp).
  if (name.find("_exps.") != std::string::npos) tally.experts += elements;

  const auto* known = std::ranges::find(kTensorTypes, type, &TensorType::id);
  if (known == kTensorTypes.end()) return {};  // newer than this table: the engine will judge
  std::uint64_t bytes = 0;
  std::uint64_t end = 0;
  if (!multiply(elements / known->elements, known->bytes, bytes) ||
      __builtin_add_overflow(offset, bytes, &end)) {
    return broken(fmt::format("tensor {} is larger than any memory", name));
  }
  tally.end = std::max(tally.end, end);
  return {};
}

Result<void> Reader::check_data(const GgufMetadata& metadata, const Tally& tally) const {
  // The format's default, and the least that ggml takes data at without stopping the process
  // (TENSOR_ALIGNMENT, ggml-impl.h).
  constexpr std::uint64_t kLeastAlignment = 32;
  std::uint64_t alignment = kLeastAlignment;
  const auto stated = metadata.values.find("general.alignment");
  if (stated != metadata.values.end()) {
    const auto* value = std::get_if<std::uint64_t>(&stated->second);
    if (value == nullptr || !std::has_single_bit(*value) || *value > (1U << 20U)) {
      return broken("its alignment is no power of two");
    }
    if (*value < kLeastAlignment) {
      return broken(
          fmt::format("its alignment is {}, and the engine needs {}", *value, kLeastAlignment));
    }
    alignment = *value;
  }
  const std::uint64_t start = (at_ + alignment - 1) / alignment * alignment;
  if (tally.end > 0 && (start > size_ || tally.end > size_ - start)) {
    return fail(ErrorCode::kInvalidData,
                fmt::format("cannot read {}: it is truncated: its tensors need {} bytes after byte "
                            "{}, and the file ends at {} (get the file again)",
                            name_, tally.end, start, size_));
  }
  return {};
}

template <class T>
T value_or(const GgufMetadata& metadata, const std::string& key, T otherwise) {
  const auto found = metadata.values.find(key);
  if (found == metadata.values.end()) return otherwise;
  const auto* value = std::get_if<T>(&found->second);
  return value != nullptr ? *value : otherwise;
}

std::string quantization_of(const GgufMetadata& metadata,
                            const std::map<std::uint32_t, std::uint64_t>& by_type) {
  const auto file_type = value_or<std::uint64_t>(metadata, "general.file_type", ~std::uint64_t{0});
  const auto* named = std::ranges::find(kFileTypes, file_type, &FileType::id);
  if (named != kFileTypes.end()) return std::string(named->name);
  const auto commonest = std::ranges::max_element(by_type, {}, [](auto& e) { return e.second; });
  if (commonest == by_type.end()) return {};
  const auto* type = std::ranges::find(kTensorTypes, commonest->first, &TensorType::id);
  return type != kTensorTypes.end() ? std::string(type->name) : std::string();
}

Result<OneFile> Reader::read() {
  IPW_TRY(const auto magic, take<std::array<char, 4>>());
  if (std::string_view(magic.data(), magic.size()) != "GGUF") {
    return fail(ErrorCode::kInvalidData,
                fmt::format("cannot read {}: it is no GGUF model: it does not begin with \"GGUF\" "
                            "(convert the model to GGUF, or check what was downloaded)",
                            name_));
  }
  GgufMetadata metadata;
  metadata.size_bytes = size_;
  IPW_TRY(metadata.version, take<std::uint32_t>());
  if (metadata.version == 0 || (metadata.version & 0xFFFFU) == 0) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("cannot read {}: it is a big-endian GGUF (convert it on a machine of "
                            "this byte order)",
                            name_));
  }
  if (metadata.version < 2 || metadata.version > 3) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("cannot read {}: it has GGUF version {} and this program knows 2 and 3 "
                            "({})",
                            name_, metadata.version,
                            metadata.version > 3 ? "update ipw" : "convert the model again"));
  }
  IPW_TRY(metadata.tensor_count, take<std::uint64_t>());
  IPW_TRY(const auto value_count, take<std::uint64_t>());
  if (metadata.tensor_count > kMostTensors || value_count > kMostValues) {
    return broken(
        fmt::format("it states {} tensors and {} values", metadata.tensor_count, value_count));
  }
  IPW_CHECK(take_values(value_count, metadata));
  Tally tally;
  for (std::uint64_t i = 0; i < metadata.tensor_count; ++i) IPW_CHECK(take_tensor(tally));
  IPW_CHECK(check_data(metadata, tally));

  metadata.architecture = value_or<std::string>(metadata, "general.architecture", {});
  return OneFile{.metadata = std::move(metadata), .tally = std::move(tally)};
}

/// A number of the key-value part, whatever its type; absent: there is none.
std::optional<std::uint64_t> stated(const GgufMetadata& metadata, const std::string& key) {
  const auto found = metadata.values.find(key);
  if (found == metadata.values.end()) return std::nullopt;
  if (const auto* value = std::get_if<std::uint64_t>(&found->second)) return *value;
  const auto* value = std::get_if<std::int64_t>(&found->second);
  return value != nullptr && *value >= 0 ? std::optional(static_cast<std::uint64_t>(*value))
                                         : std::nullopt;
}

void count_parameters(GgufMetadata& metadata, const Tally& tally) {
  const auto experts = metadata.number("expert_count").value_or(0);
  const auto used = std::min(metadata.number("expert_used_count").value_or(experts), experts);
  metadata.parameters = metadata.active_parameters = tally.all;
  if (experts == 0) return;
  const double idle = static_cast<double>(experts - used) / static_cast<double>(experts);
  *metadata.active_parameters -=
      static_cast<std::uint64_t>(static_cast<double>(tally.experts) * idle);
}

/// What `file`, a whole model or the first part of one, says of it. `tally`: of all parts, if they
/// are known.
Result<GgufMetadata> described(OneFile file, const Tally& tally, bool all_parts,
                               const std::string& name) {
  GgufMetadata& metadata = file.metadata;
  const auto broken = [&](const std::string& why) {
    return fail(ErrorCode::kInvalidData,
                fmt::format("cannot read {}: {} (get the file again)", name, why));
  };
  if (metadata.architecture.empty()) return broken("it names no architecture");
  if (const std::string why = impossible_shape(metadata, tally.tensors); !why.empty()) {
    return broken(why);
  }
  metadata.name = value_or<std::string>(metadata, "general.name", {});
  metadata.quantization = quantization_of(metadata, tally.by_type);
  metadata.context_tokens = metadata.number("context_length");
  metadata.has_chat_template = metadata.values.contains("tokenizer.chat_template");
  if (all_parts) count_parameters(metadata, tally);
  return std::move(metadata);
}

Result<OneFile> read_file(const std::filesystem::path& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (status.type() == std::filesystem::file_type::not_found) {
    return fail(
        ErrorCode::kNotFound,
        fmt::format("cannot open model {}: there is no such file (check the path)", path.string()));
  }
  if (std::filesystem::is_directory(status)) {
    return fail(ErrorCode::kInvalidData,
                fmt::format("cannot open model {}: it is a directory (name the .gguf file in it)",
                            path.string()));
  }
  std::ifstream stream(path, std::ios::binary);
  const auto size = std::filesystem::file_size(path, error);
  if (!stream || error) {
    return fail(ErrorCode::kPermissionDenied,
                fmt::format("cannot open model {}: it may not be read (check its permissions)",
                            path.string()));
  }
  return Reader(stream, size, path.string()).read();
}

constexpr std::uint64_t kWhole = 1;  // parts of a model that is not split

std::uint64_t parts_of(const GgufMetadata& metadata) {
  return std::max(stated(metadata, "split.count").value_or(kWhole), kWhole);
}

/// The other parts of the model of which `first` is the first one, added to it.
Result<void> add_parts(const GgufPart& named, OneFile& first) {
  GgufMetadata& metadata = first.metadata;
  const auto refuse = [&](const std::filesystem::path& path, std::string_view why) {
    return fail(ErrorCode::kInvalidData,
                fmt::format("cannot read {}: {} (get all parts of one model)", path.string(), why));
  };
  const auto count = static_cast<std::uint64_t>(named.count);
  for (int number = 1; number <= named.count; ++number) {
    const std::filesystem::path path = gguf_part_name(named.prefix, number, named.count);
    if (number == 1) {
      if (stated(metadata, "split.no").value_or(0) != 0) {
        return refuse(path, "it says that it is not the first part");
      }
      metadata.parts = {path};
      continue;
    }
    std::error_code error;
    if (!std::filesystem::exists(path, error)) {
      return fail(ErrorCode::kNotFound,
                  fmt::format("cannot open model {}: part {} of {} is missing (fetch {}, too)",
                              metadata.parts.front().string(), number, named.count,
                              path.filename().string()));
    }
    IPW_TRY(const OneFile part, read_file(path));
    if (parts_of(part.metadata) != count ||
        stated(part.metadata, "split.no") != static_cast<std::uint64_t>(number - 1)) {
      return refuse(path, fmt::format("it is not part {} of {}", number, named.count));
    }
    metadata.parts.push_back(path);
    metadata.size_bytes += part.metadata.size_bytes;
    metadata.tensor_count += part.metadata.tensor_count;
    Tally& tally = first.tally;
    for (const auto& [type, elements] : part.tally.by_type) tally.by_type[type] += elements;
    tally.all += part.tally.all;
    tally.experts += part.tally.experts;
    tally.tensors.attention = tally.tensors.attention || part.tally.tensors.attention;
    if (part.tally.tensors.vocabulary_rows) {
      tally.tensors.vocabulary_rows = part.tally.tensors.vocabulary_rows;
    }
  }
  const auto tensors = stated(metadata, "split.tensors.count");
  if (tensors && *tensors != metadata.tensor_count) {
    return refuse(metadata.parts.front(),
                  fmt::format("its parts have {} tensors together, and it says {}",
                              metadata.tensor_count, *tensors));
  }
  return {};
}

}  // namespace

std::optional<std::uint64_t> GgufMetadata::number(const std::string& key) const {
  return stated(*this, architecture + "." + key);
}

Result<GgufMetadata> read_gguf_metadata(std::istream& stream, std::uint64_t size_bytes,
                                        const std::string& name) {
  IPW_TRY(OneFile file, Reader(stream, size_bytes, name).read());
  const bool whole = parts_of(file.metadata) == kWhole;
  const Tally tally = file.tally;
  return described(std::move(file), tally, whole, name);
}

Result<GgufMetadata> read_gguf_metadata(const std::filesystem::path& path) {
  IPW_TRY(OneFile file, read_file(path));
  std::filesystem::path first = path;
  if (const std::uint64_t parts = parts_of(file.metadata); parts == kWhole) {
    file.metadata.parts = {path};
  } else {
    const auto named = gguf_part(path.string());
    if (!named || static_cast<std::uint64_t>(named->count) != parts) {
      return fail(
          ErrorCode::kInvalidData,
          fmt::format(
              "cannot open model {}: it is one of {} parts, and its name is not that "
              "of one (call them {} and so on)",
              path.string(), parts,
              gguf_part_name("NAME", 1, static_cast<int>(std::min<std::uint64_t>(parts, 99'999)))));
    }
    first = gguf_part_name(named->prefix, 1, named->count);
    if (named->number != 1) {
      IPW_TRY(file, read_file(first));
      if (parts_of(file.metadata) != parts) {
        return fail(
            ErrorCode::kInvalidData,
            fmt::format("cannot read {}: it is not part 1 of {} (get all parts of one model)",
                        first.string(), parts));
      }
    }
    IPW_CHECK(add_parts(*named, file));
  }
  const Tally tally = file.tally;
  return described(std::move(file), tally, true, first.string());
}

Result<void> check_gguf_file(const std::filesystem::path& path) {
  IPW_TRY(OneFile file, read_file(path));
  if (parts_of(file.metadata) != kWhole) return {};
  const Tally tally = file.tally;
  IPW_CHECK(described(std::move(file), tally, true, path.string()));
  return {};
}

}  // namespace ipw::models
