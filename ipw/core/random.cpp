// Seeds by name: FNV-1a of the name, mixed into the run's seed.
#include "ipw/core/random.h"

namespace ipw::core {

std::uint64_t derive_seed(std::uint64_t seed, std::string_view name) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : name) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3ULL;
  }
  return Random(seed ^ hash).next();
}

}  // namespace ipw::core
