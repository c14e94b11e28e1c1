// Prints what the engine feeds a model: for every line of standard input, a JSON array of messages,
// the prompt as the model's chat template renders it and the tokens of that prompt.
//   ipw_training_tokens MODEL.gguf < messages.jsonl

#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "ipw/models/chat_template.h"
#include "ipw/models/llama_library.h"
#include "ipw/models/vocabulary.h"

#include "llama.h"

int main(int argc, char** argv) {
  using nlohmann::json;
  if (argc != 2 || !ipw::models::load_llama_backends({})) return 2;
  llama_model_params parameters = llama_model_default_params();
  parameters.vocab_only = true;
  const std::unique_ptr<llama_model, decltype(&llama_model_free)> model(
      llama_model_load_from_file(argv[1], parameters), &llama_model_free);
  if (!model) return 1;
  const ipw::models::Vocabulary vocabulary(llama_model_get_vocab(model.get()));
  const char* source = llama_model_chat_template(model.get(), nullptr);
  const auto chat = ipw::models::ChatTemplate::parse(
      source != nullptr ? source : "", vocabulary.begin_text(), vocabulary.end_text());
  if (!chat) return 1;
  for (std::string line; std::getline(std::cin, line);) {
    std::vector<ipw::models::Message> messages;
    for (const json& message : json::parse(line)) {
      messages.push_back({message.at("role"), message.at("content")});
    }
    const auto prompt = chat->render(messages);
    if (!prompt) return 1;
    const auto tokens = vocabulary.tokenize(*prompt, true);
    if (!tokens) return 1;
    std::cout << json{{"prompt", *prompt}, {"tokens", *tokens}} << '\n';
  }
}
