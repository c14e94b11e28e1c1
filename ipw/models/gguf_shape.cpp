// The bounds are those of llama.cpp v0.5.0 where it has them (llama-hparams.h, load_hparams in
// llama-model.cpp), else far above any model's.
#include "ipw/models/gguf_shape.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <variant>

#include "ipw/models/gguf_metadata.h"

namespace ipw::models {
namespace {

constexpr std::uint64_t kMostLayers = 512;    // LLAMA_MAX_LAYERS
constexpr std::uint64_t kMostExperts = 1024;  // LLAMA_MAX_EXPERTS
constexpr std::uint64_t kMostTokens = std::uint64_t{1} << 24;

// A number, or each number of an array, from `least` to `most`; where it is absent, it is the
// library's to ask for it.
struct Bound {
  std::string_view key;  // without the architecture
  std::uint64_t least;
  std::uint64_t most;
  bool with_attention = false;  // only of models that have some: others say 0
};
constexpr auto kBounds = std::to_array<Bound>({
    {"block_count", 1, kMostLayers},
    {"nextn_predict_layers", 0, kMostLayers},
    {"context_length", 1, std::uint64_t{1} << 31U},
    {"embedding_length", 1, std::uint64_t{1} << 20U},
    {"embedding_length_out", 0, std::uint64_t{1} << 20U},
    {"feed_forward_length", 0, std::uint64_t{1} << 24U},
    {"expert_feed_forward_length", 0, std::uint64_t{1} << 24U},
    {"leading_dense_block_count", 0, kMostLayers},
    {"vocab_size", 1, kMostTokens},
    {"expert_count", 0, kMostExperts},
    {"expert_used_count", 0, kMostExperts},
    {"expert_shared_count", 0, kMostExperts},
    {"expert_group_count", 0, kMostExperts},
    {"expert_group_used_count", 0, kMostExperts},
    {"attention.head_count", 0, std::uint64_t{1} << 16U},
    {"attention.head_count_kv", 0, std::uint64_t{1} << 16U},
    {"attention.key_length", 1, std::uint64_t{1} << 16U, true},
    {"attention.value_length", 1, std::uint64_t{1} << 16U, true},
    {"attention.key_length_swa", 1, std::uint64_t{1} << 16U, true},
    {"attention.value_length_swa", 1, std::uint64_t{1} << 16U, true},
    {"attention.sliding_window", 0, std::uint64_t{1} << 31U},
    {"rope.dimension_count", 0, std::uint64_t{1} << 16U},
    {"rope.dimension_count_swa", 0, std::uint64_t{1} << 16U},
    {"rope.scaling.original_context_length", 0, std::uint64_t{1} << 31U},
    {"ssm.conv_kernel", 0, std::uint64_t{1} << 16U},
    {"ssm.inner_size", 0, std::uint64_t{1} << 20U},
    {"ssm.state_size", 0, std::uint64_t{1} << 16U},
    {"ssm.time_step_rank", 0, std::uint64_t{1} << 20U},
    {"ssm.group_count", 0, std::uint64_t{1} << 16U},
});

// Parameters that a computation divides by, or multiplies with.
constexpr auto kFinite = std::to_array<std::string_view>(
    {"attention.layer_norm_rms_epsilon", "attention.layer_norm_epsilon", "rope.freq_base",
     "rope.freq_base_swa", "rope.scaling.factor", "rope.scaling.attn_factor", "attention.scale"});

constexpr auto kRopeScalings =
    std::to_array<std::string_view>({"none", "linear", "yarn", "longrope"});

struct Range {
  std::uint64_t least = 0;
  std::uint64_t most = 0;
};

class Shape {
 public:
  Shape(const GgufMetadata& metadata, const GgufTensors& tensors)
      : metadata_(metadata), tensors_(tensors) {}

  [[nodiscard]] std::string fault() const {
    for (const auto check : {&Shape::bounds, &Shape::layers, &Shape::heads, &Shape::experts,
                             &Shape::positions, &Shape::vocabulary, &Shape::fractions}) {
      if (std::string why = (this->*check)(); !why.empty()) return why;
    }
    return {};
  }

 private:
  [[nodiscard]] const GgufValue* value(std::string_view key) const {
    const auto found = metadata_.values.find(fmt::format("{}.{}", metadata_.architecture, key));
    return found == metadata_.values.end() ? nullptr : &found->second;
  }

  // Of a number or of the numbers of an array; absent: it is neither.
  [[nodiscard]] std::optional<Range> range(std::string_view key) const {
    const GgufValue* stated = value(key);
    if (stated == nullptr) return std::nullopt;
    if (const auto number = metadata_.number(std::string(key))) return Range{*number, *number};
    const auto* array = std::get_if<GgufArray>(stated);
    if (array == nullptr || !array->least || *array->least < 0) return std::nullopt;
    return Range{static_cast<std::uint64_t>(*array->least),
                 static_cast<std::uint64_t>(*array->most)};
  }

  static bool is_negative(const GgufValue& value) {
    const auto* number = std::get_if<std::int64_t>(&value);
    const auto* array = std::get_if<GgufArray>(&value);
    return (number != nullptr && *number < 0) || (array != nullptr && array->least.value_or(0) < 0);
  }

  [[nodiscard]] std::string bounds() const {
    for (const Bound& bound : kBounds) {
      const GgufValue* stated = value(bound.key);
      if (stated == nullptr || (bound.with_attention && !tensors_.attention)) continue;
      if (is_negative(*stated)) return fmt::format("its {} is below 0", bound.key);
      const auto of = range(bound.key);
      if (of && of->least < bound.least) return fmt::format("its {} is {}", bound.key, of->least);
      if (of && of->most > bound.most) {
        return fmt::format("its {} is {}, and no model has more than {}", bound.key, of->most,
                           bound.most);
      }
    }
    return {};
  }

  [[nodiscard]] std::string layers() const {
    const auto all = range("block_count");
    const auto extra = range("nextn_predict_layers");
    if (all && extra && extra->most > all->least) return "it has more extra layers than layers";
    for (const auto& [key, stated] : metadata_.values) {
      const auto* array = std::get_if<GgufArray>(&stated);
      const bool of_layers = key == metadata_.architecture + ".attention.head_count" ||
                             key == metadata_.architecture + ".attention.head_count_kv" ||
                             key == metadata_.architecture + ".feed_forward_length";
      if (of_layers && array != nullptr && all && array->length < all->least) {
        return fmt::format("it has {} layers, and its {} has {}", all->least, key, array->length);
      }
    }
    return {};
  }

  [[nodiscard]] std::string heads() const {
    if (!tensors_.attention) return {};
    const auto heads = range("attention.head_count");
    const auto shared = range("attention.head_count_kv");
    const auto width = range("embedding_length");
    if (heads && heads->most == 0) return "it has attention, and its attention.head_count is 0";
    if (shared && shared->most == 0) {
      return "it has attention, and its attention.head_count_kv is 0";
    }
    const bool plain = heads && heads->least == heads->most;
    if (plain && shared && shared->least == shared->most && heads->most % shared->most != 0) {
      return fmt::format("{} heads of attention cannot share {}", heads->most, shared->most);
    }
    if (plain && width && heads->most > width->most) {
      return fmt::format("it has {} heads of attention over {} values", heads->most, width->most);
    }
    return {};
  }

  [[nodiscard]] std::string experts() const {
    // llama.cpp reads each of them as one number for all layers.
    for (const std::string_view key :
         {"expert_count", "expert_used_count", "expert_group_count", "expert_group_used_count"}) {
      const GgufValue* stated = value(key);
      if (stated != nullptr && std::holds_alternative<GgufArray>(*stated)) {
        return fmt::format("its {} is a list", key);
      }
    }
    const std::uint64_t all = range("expert_count").value_or(Range{}).most;
    const std::uint64_t used = range("expert_used_count").value_or(Range{}).most;
    const std::uint64_t groups = range("expert_group_count").value_or(Range{}).most;
    const std::uint64_t groups_used = range("expert_group_used_count").value_or(Range{}).most;
    // Hunyuan's dense models say 1, and llama.cpp takes that for none.
    if (all <= 1 && metadata_.architecture.starts_with("hunyuan")) return {};
    if (used > all) return fmt::format("it uses {} experts of {}", used, all);
    if (all > 0 && used == 0) return fmt::format("it uses none of its {} experts", all);
    if (groups > 0 && groups >= all) {
      return fmt::format("its {} experts are {} groups", all, groups);
    }
    if (groups > 1 && (all % groups != 0 || groups_used == 0 || groups_used >= groups)) {
      return fmt::format("its {} experts are {} groups, of which it uses {}", all, groups,
                         groups_used);
    }
    return {};
  }

  [[nodiscard]] std::string positions() const {
    for (const std::string_view key : {"rope.dimension_count", "rope.dimension_count_swa"}) {
      const auto dimensions = range(key);
      if (dimensions && dimensions->most % 2 != 0) {
        return fmt::format("its {} is {}, and a rotation has pairs", key, dimensions->most);
      }
    }
    const GgufValue* stated = value("rope.scaling.type");
    const auto* scaling = stated == nullptr ? nullptr : std::get_if<std::string>(stated);
    if (scaling != nullptr && std::ranges::find(kRopeScalings, *scaling) == kRopeScalings.end()) {
      return "its rope.scaling.type is none that llama.cpp knows";
    }
    return {};
  }

  [[nodiscard]] std::string vocabulary() const {
    const auto size = range("vocab_size");
    if (size && tensors_.vocabulary_rows && size->most > *tensors_.vocabulary_rows) {
      return fmt::format("its vocab_size is {}, and it has embeddings of {} tokens", size->most,
                         *tensors_.vocabulary_rows);
    }
    const auto tokens = metadata_.values.find("tokenizer.ggml.tokens");
    const auto* array =
        tokens == metadata_.values.end() ? nullptr : std::get_if<GgufArray>(&tokens->second);
    if (array == nullptr) return {};
    if (array->length == 0) return "its vocabulary is empty";
    if (array->length > kMostTokens) {
      return fmt::format("its vocabulary has {} tokens", array->length);
    }
    if (array->repeats) return "a token stands in its vocabulary twice";
    return {};
  }

  [[nodiscard]] std::string fractions() const {
    for (const std::string_view key : kFinite) {
      const GgufValue* stated = value(key);
      const auto* number = stated == nullptr ? nullptr : std::get_if<double>(stated);
      if (number != nullptr && (!std::isfinite(*number) || *number < 0)) {
        return fmt::format("its {} is {}", key, *number);
      }
    }
    return {};
  }

  const GgufMetadata& metadata_;
  const GgufTensors& tensors_;
};

}  // namespace

std::string impossible_shape(const GgufMetadata& metadata, const GgufTensors& tensors) {
  return Shape(metadata, tensors).fault();
}

}  // namespace ipw::models
