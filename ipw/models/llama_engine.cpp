// Opens the model, turns requests into tokens on the caller's thread, and leaves the rest to the
// decode loop.

#include "ipw/models/llama_engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "ipw/core/digest.h"
#include "ipw/models/chat_template.h"
#include "ipw/models/decode_loop.h"
#include "ipw/models/evaluation.h"
#include "ipw/models/gguf_metadata.h"
#include "ipw/models/llama_library.h"
#include "ipw/models/matrix_tiles.h"
#include "ipw/models/vocabulary.h"

#include "llama.h"

namespace ipw::models {
namespace {

using core::ErrorCode;
using core::fail;
using core::Result;

constexpr std::uint64_t kOneThreadBelow = 100'000'000;  // parameters
constexpr std::uint64_t kDefaultContext = 8192;
constexpr int kMostSlots = 256;  // llama.cpp's LLAMA_MAX_SEQ

struct FreeModel {
  void operator()(llama_model* model) const { llama_model_free(model); }
};
struct FreeContext {
  void operator()(llama_context* context) const { llama_free(context); }
};

Result<void> check(const EngineOptions& options) {
  const auto refuse = [](std::string_view what, int value, std::string_view give) {
    return fail(ErrorCode::kUsage,
                fmt::format("cannot start the engine: {} is {} (give {})", what, value, give));
  };
  if (options.threads < 0) return refuse("threads", options.threads, "0 or more");
  if (options.gpu_layers < -1) return refuse("GPU layers", options.gpu_layers, "-1 or more");
  if (options.context_tokens < 0) return refuse("context", options.context_tokens, "0 or more");
  if (options.slots < 1 || options.slots > kMostSlots) {
    return refuse("slots", options.slots, "1 to 256");
  }
  if (options.batch_tokens < 1) return refuse("batch", options.batch_tokens, "1 or more");
  return {};
}

std::uint32_t context_for(int asked, const GgufMetadata& metadata) {
  if (asked > 0) return static_cast<std::uint32_t>(asked);
  const std::uint64_t trained = metadata.context_tokens.value_or(kDefaultContext);
  return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(trained, 1, kDefaultContext));
}

Arithmetic arithmetic_of(const GgufMetadata& metadata, const llama_model* model) {
  const auto heads = static_cast<std::uint64_t>(std::max(1, llama_model_n_head(model)));
  const auto width = static_cast<std::uint64_t>(llama_model_n_embd(model));
  const auto head_width = metadata.number("attention.key_length").value_or(width / heads);
  const auto layers = static_cast<std::uint64_t>(llama_model_n_layer(model));
  return {metadata.active_parameters.value_or(llama_model_n_params(model)),
          layers * heads * head_width};
}

/// The process's high-water mark of resident memory; proc(5), VmHWM.
std::optional<std::uint64_t> peak_memory() {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word) {
    std::uint64_t kibibytes = 0;
    if (word == "VmHWM:" && status >> kibibytes) return kibibytes * 1024;
  }
  return std::nullopt;
}

}  // namespace

int threads_for(int asked, std::optional<std::uint64_t> parameters) {
  const int cores = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  if (asked > 0) return std::min(asked, cores);
  return parameters && *parameters < kOneThreadBelow ? 1 : cores;
}

struct LlamaEngine::Loaded {
  Loaded(GgufMetadata read, ChatTemplate parsed)
      : metadata(std::move(read)), chat(std::move(parsed)) {}

  std::string name;
  GgufMetadata metadata;
  ChatTemplate chat;
  core::SystemClock system_clock;
  const core::Clock* clock = &system_clock;
  int threads = 1;
  std::size_t context_tokens = 0;
  std::unique_ptr<llama_model, FreeModel> model;
  std::unique_ptr<llama_context, FreeContext> context;
  std::optional<Vocabulary> vocabulary;
  std::optional<DecodeLoop> loop;  // last: its thread ends before what it uses
  std::once_flag digest_once;
  std::string digest;
};

namespace {

Result<std::unique_ptr<llama_model, FreeModel>> load_model(const std::filesystem::path& path,
                                                           const EngineOptions& options) {
  auto params = llama_model_default_params();
  params.n_gpu_layers = options.gpu_layers;
  params.use_extra_bufts = !matrix_tiles_go_wrong();
  std::unique_ptr<llama_model, FreeModel> model(llama_model_load_from_file(path.c_str(), params));
  if (!model) {
    return fail(ErrorCode::kInvalidData,
                fmt::format("cannot load {}: {} (get the file again, or another conversion of the "
                            "model)",
                            path.string(), take_llama_complaint()));
  }
  if (llama_model_has_encoder(model.get())) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("cannot use {}: it is an encoder-decoder model (use a decoder-only "
                            "model)",
                            path.string()));
  }
  return model;
}

// What llama.cpp would stop the process for at the first text: no tokenizer, or a token that is to
// stand at every text's begin or end and that there is not.
Result<void> check_vocabulary(const llama_vocab* vocab, const std::filesystem::path& path) {
  const auto refuse = [&](std::string_view why) {
    return fail(
        ErrorCode::kInvalidData,
        fmt::format("cannot use {}: {} (get another conversion of the model)", path.string(), why));
  };
  if (llama_vocab_type(vocab) == LLAMA_VOCAB_TYPE_NONE) return refuse("it has no tokenizer");
  if (llama_vocab_get_add_bos(vocab) && llama_vocab_bos(vocab) == LLAMA_TOKEN_NULL) {
    return refuse("each text is to begin with a token that it does not have");
  }
  if (llama_vocab_get_add_eos(vocab) && llama_vocab_eos(vocab) == LLAMA_TOKEN_NULL) {
    return refuse("each text is to end with a token that it does not have");
  }
  if (llama_vocab_get_add_sep(vocab) && llama_vocab_sep(vocab) == LLAMA_TOKEN_NULL) {
    return refuse("texts are to be parted by a token that it does not have");
  }
  return {};
}

Result<std::unique_ptr<llama_context, FreeContext>> make_context(llama_model* model,
                                                                 const EngineOptions& options,
                                                                 std::uint32_t tokens,
                                                                 int threads) {
  auto params = llama_context_default_params();
  params.n_ctx = tokens * static_cast<std::uint32_t>(options.slots);
  params.n_seq_max = static_cast<std::uint32_t>(options.slots);
  params.n_batch = params.n_ubatch =
      static_cast<std::uint32_t>(std::max(options.batch_tokens, options.slots));
  params.n_threads = params.n_threads_batch = threads;
  params.no_perf = true;
  std::unique_ptr<llama_context, FreeContext> context(llama_init_from_model(model, params));
  if (!context || llama_get_memory(context.get()) == nullptr) {
    return fail(
        context ? ErrorCode::kUnsupported : ErrorCode::kOutOfSpace,
        fmt::format(
            "cannot make {} context(s) of {} tokens: {} ({})", options.slots, tokens,
            context ? "the model does not generate" : take_llama_complaint(),
            context ? "use a generative model" : "ask for fewer slots or a smaller context"));
  }
  return context;
}

}  // namespace

LlamaEngine::LlamaEngine(std::unique_ptr<Loaded> loaded) : loaded_(std::move(loaded)) {}
LlamaEngine::~LlamaEngine() = default;

Result<std::unique_ptr<LlamaEngine>> LlamaEngine::open(const std::filesystem::path& path,
                                                       const EngineOptions& options) {
  IPW_CHECK(check(options));
  IPW_TRY(auto metadata, read_gguf_metadata(path));
  IPW_CHECK(load_llama_backends(options.library_directory));
  static_cast<void>(take_llama_complaint());
  IPW_TRY(auto model, load_model(metadata.parts.front(), options));
  IPW_CHECK(check_vocabulary(llama_model_get_vocab(model.get()), path));

  const Vocabulary vocabulary(llama_model_get_vocab(model.get()));
  const char* source = llama_model_chat_template(model.get(), nullptr);
  IPW_TRY(auto chat, ChatTemplate::parse(source != nullptr ? source : "", vocabulary.begin_text(),
                                         vocabulary.end_text()));
  IPW_CHECK(vocabulary.tokenize("Hello, 42!", true));  // said now, not to every question
  auto loaded = std::make_unique<Loaded>(std::move(metadata), std::move(chat));
  loaded->name = options.model_name.empty() ? path.string() : options.model_name;
  if (options.clock != nullptr) loaded->clock = options.clock;
  loaded->threads = threads_for(options.threads, llama_model_n_params(model.get()));
  const std::uint32_t tokens = context_for(options.context_tokens, loaded->metadata);
  IPW_TRY(loaded->context, make_context(model.get(), options, tokens, loaded->threads));
  loaded->context_tokens = std::min<std::size_t>(tokens, llama_n_ctx_seq(loaded->context.get()));
  loaded->vocabulary = vocabulary;

  LoopOptions loop;
  loop.slots = options.slots;
  loop.batch_tokens = options.batch_tokens;
  loop.reuse_prefix = options.reuse_prefix;
  loop.context_tokens = loaded->context_tokens;
  loop.arithmetic = arithmetic_of(loaded->metadata, model.get());
  loaded->model = std::move(model);
  loaded->loop.emplace(loaded->context.get(), vocabulary, loop, *loaded->clock);
  return std::unique_ptr<LlamaEngine>(new LlamaEngine(std::move(loaded)));
}

ModelDescription LlamaEngine::describe() const {
  Loaded& loaded = *loaded_;
  std::call_once(loaded.digest_once, [&] {
    loaded.digest = core::sha256_of_files(loaded.metadata.parts).value_or("");
  });
  const GgufMetadata& metadata = loaded.metadata;
  ModelDescription description;
  description.name = loaded.name;
  description.architecture = metadata.architecture;
  description.engine = llama_version_name();
  description.digest = loaded.digest;
  description.quantization = metadata.quantization;
  description.parameters = llama_model_n_params(loaded.model.get());
  description.active_parameters = metadata.active_parameters;
  description.size_bytes = metadata.size_bytes;
  description.context_tokens = static_cast<int>(loaded.context_tokens);
  description.chat_template = loaded.chat.origin();
  return description;
}

int LlamaEngine::threads() const { return loaded_->threads; }

std::int64_t LlamaEngine::count_tokens(std::string_view text) const {
  const auto tokens = loaded_->vocabulary->tokenize(text, false);
  return tokens ? static_cast<std::int64_t>(tokens->size()) : 0;
}

Result<void> LlamaEngine::fits(std::size_t tokens, std::string_view what) const {
  if (tokens == 0) {
    return fail(ErrorCode::kUsage, fmt::format("cannot use the {}: it is empty (give text)", what));
  }
  if (tokens > loaded_->context_tokens) {
    return fail(ErrorCode::kTooLong,
                fmt::format("the {} does not fit: it has {} tokens and the context {} (shorten it, "
                            "or ask for a larger context)",
                            what, tokens, loaded_->context_tokens));
  }
  return {};
}

Result<std::vector<Token>> LlamaEngine::prompt_tokens(const Request& request) const {
  std::string rendered;
  if (!request.raw_prompt) {
    IPW_TRY(rendered, loaded_->chat.render(request.messages));
  }
  const std::string_view text = request.raw_prompt ? *request.raw_prompt : rendered;
  IPW_TRY(auto tokens, loaded_->vocabulary->tokenize(text, true));
  IPW_CHECK(fits(tokens.size(), "prompt"));
  return tokens;
}

Result<record::Completion> LlamaEngine::generate(const Request& request, const TokenSink& sink,
                                                 std::stop_token cancel) {
  const core::Instant sent = loaded_->clock->now();
  IPW_CHECK(check(request.sampling));
  if (request.max_tokens < 1) {
    return fail(ErrorCode::kUsage,
                fmt::format("cannot generate: the limit is {} tokens (give 1 or more)",
                            request.max_tokens));
  }
  IPW_TRY(auto prompt, prompt_tokens(request));
  Generation generation(std::move(prompt), request, sink, std::move(cancel));
  auto& completion = generation.completion;
  completion.usage.prompt = core::Tokens{static_cast<std::int64_t>(generation.prompt.size())};
  completion.usage.output = core::Tokens{0};
  completion.timings.sent = sent;
  completion.timings.intended = request.intended == core::Instant{} ? sent : request.intended;
  loaded_->loop->run(generation);
  IPW_CHECK(std::move(generation.outcome));
  completion.peak_memory_bytes = peak_memory();
  return std::move(completion);
}

Result<AnswerScore> LlamaEngine::score(const Request& request, std::string_view answer) {
  IPW_TRY(auto tokens, prompt_tokens(request));
  const std::size_t answer_begin = tokens.size();
  IPW_TRY(const auto answer_tokens, loaded_->vocabulary->tokenize(answer, false));
  IPW_CHECK(fits(answer_tokens.size(), "answer"));
  tokens.insert(tokens.end(), answer_tokens.begin(), answer_tokens.end());
  IPW_CHECK(fits(tokens.size(), "prompt with its answer"));
  Result<std::vector<double>> logprobs;
  loaded_->loop->run([&] {
    logprobs = answer_logprobs(loaded_->model.get(), tokens, answer_begin, loaded_->threads);
  });
  if (!logprobs) return std::unexpected(std::move(logprobs).error());
  return AnswerScore{std::move(*logprobs)};
}

Result<std::vector<float>> LlamaEngine::embed(std::string_view text) {
  IPW_TRY(const auto tokens, loaded_->vocabulary->tokenize(text, true));
  IPW_CHECK(fits(text.empty() ? 0 : tokens.size(), "text"));
  Result<std::vector<float>> vector;
  loaded_->loop->run([&] { vector = embedding(loaded_->model.get(), tokens, loaded_->threads); });
  return vector;
}

}  // namespace ipw::models
