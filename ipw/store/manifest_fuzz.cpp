// Hostile manifests: the bytes as they are, and a sound manifest of which a few fields were
// changed. Reading ends with a manifest that survives a round trip, or with an error.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "ipw/store/fuzz_bytes.h"
#include "ipw/store/manifest.h"
#include "ipw/store/sample_run.h"
#include "ipw/store/seal.h"

namespace {

using ipw::store::FuzzBytes;
using Json = nlohmann::ordered_json;

Json another_value(FuzzBytes& bytes) {
  switch (bytes.byte() % 16) {
    case 0: return nullptr;
    case 1: return true;
    case 2: return 0;
    case 3: return -1;
    case 4: return bytes.number();
    case 5: return static_cast<std::uint64_t>(bytes.number());
    case 6: return 1e308;
    case 7: return -1e-308;
    case 8: return 0.5;
    case 9: return bytes.text();
    case 10: return Json::array();
    case 11: return Json::object();
    case 12: return Json::array({bytes.number(), nullptr, "x"});
    case 13: return Json{{"id", 1}, {"run", -1}, {bytes.text(), bytes.number()}};
    case 14: return std::int64_t{1} << (bytes.byte() % 63);
    default: {
      Json deep = 1;
      for (int i = bytes.byte(); i > 0; --i) deep = Json::array({std::move(deep)});
      return deep;
    }
  }
}

// Walks down from `json` by the bytes and changes what it comes to.
void change(Json& json, FuzzBytes& bytes) {
  if (json.is_structured() && !json.empty() && bytes.byte() % 8 != 0) {
    auto member = json.begin();
    std::advance(member, bytes.byte() % static_cast<int>(json.size()));
    if (json.is_object() && bytes.byte() % 16 == 0) {
      json.erase(member.key());
    } else {
      change(*member, bytes);
    }
    return;
  }
  json = another_value(bytes);
}

void read(std::string_view text) {
  const auto manifest = ipw::store::manifest_from_json(text, "run.json");
  if (!manifest) {
    if (manifest.error().message.empty()) std::abort();
    return;
  }
  static_cast<void>(manifest->planned());
  static_cast<void>(ipw::store::doors(*manifest));
  static_cast<void>(ipw::store::seal_of(*manifest, "secret"));
  const std::string written = ipw::store::to_json(*manifest);
  const auto again = ipw::store::manifest_from_json(written, "run.json");
  if (!again || ipw::store::to_json(*again) != written) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  read({reinterpret_cast<const char*>(data), size});
  FuzzBytes bytes(data, size);
  ipw::store::Manifest manifest = ipw::store::sample_manifest();
  manifest.run_id = ipw::store::sample_id(1);
  Json document = Json::parse(ipw::store::to_json(manifest));
  for (int changes = 0; changes < 8 && bytes.left(); ++changes) change(document, bytes);
  read(document.dump(-1, ' ', false, Json::error_handler_t::replace));
  return 0;
}
