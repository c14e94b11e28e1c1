#pragma once
// Fetching a model's file from where the user says, and from nowhere else: what broke off goes on
// where it stopped, and a file takes its name only once it is whole and checked.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "ipw/core/clock.h"
#include "ipw/core/result.h"
#include "ipw/net/client.h"
#include "ipw/net/retry.h"

namespace ipw::models {

struct PullRequest {
  std::string source;               // URL, or hf:ORG/REPO/FILE.gguf[@REVISION]
  std::filesystem::path directory;  // made where it is missing
  std::string name;                 // to keep it under; empty: the file's name in the source
  std::string sha256;  // that it must have (of all parts one after another); empty: the
                       // server's word, if it gives one
  std::string hub = "https://huggingface.co";  // what hf: stands for (HF_ENDPOINT)
  std::string hub_token;                       // sent to the hub alone (HF_TOKEN)
};

struct PullProgress {
  std::uint64_t bytes = 0;             // on the disk so far
  std::optional<std::uint64_t> total;  // absent: the server does not say
};

struct PullOptions {
  net::RetryPolicy retry;
  core::Clock* clock = nullptr;                          // outlives the call
  std::function<void(const PullProgress&)> on_progress;  // from the client's thread; may be empty
  std::function<void(const std::string& note)> on_note;  // what is worth a line; may be empty
};

/// What the digest of a pulled file was compared with.
enum class PullCheck {
  kGiven,   // the digest that the caller gave
  kServer,  // X-Linked-Etag of the Hugging Face hub, which is the SHA-256 of a large file
  kNothing,
};

struct Pulled {
  std::filesystem::path file;  // the first part of a model that is split
  std::uint64_t bytes = 0;     // of all parts
  std::string sha256;          // of the file as it lies on the disk, of all parts one after another
  PullCheck checked = PullCheck::kNothing;
  bool already_there = false;  // nothing was asked of the server
};

/// Fetches one GGUF model: one file, or, where the address names one part of several
/// (gguf_parts.h), each part from its own address. While a file is incomplete it is NAME.gguf.part,
/// with what is needed to go on in NAME.gguf.part.json; both stay when the transfer breaks off, and
/// the next call asks for the rest (Range with If-Range, RFC 9110 §13.1.5 and §14.2) if the
/// server's file is still the same. kUsage (no address, no usable name), kAlreadyExists (another
/// file of that name is there), kBusy (it is being fetched), kInvalidData (no GGUF, or another
/// digest; what came is removed), kOutOfSpace, kPermissionDenied, kCancelled, else as
/// net::to_error.
[[nodiscard]] core::Result<Pulled> pull_model(net::HttpClient& http, const PullRequest& request,
                                              const PullOptions& options, std::stop_token stop);

/// The address that `source` stands for. kUsage.
[[nodiscard]] core::Result<net::Url> pull_address(const PullRequest& request);

/// The file's name that `request` asks for, or that the address ends in; that of the first part of
/// a model that is split. kUsage.
[[nodiscard]] core::Result<std::string> pull_file_name(const PullRequest& request,
                                                       const net::Url& address);

}  // namespace ipw::models
