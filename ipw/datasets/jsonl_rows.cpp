// JSON Lines: each line stands alone, so a broken one costs only itself.
#include <string>
#include <utility>

#include "ipw/datasets/byte_reader.h"
#include "ipw/datasets/json_row.h"
#include "ipw/datasets/rows.h"

namespace ipw::datasets {
namespace {

class JsonlRows final : public RowSource {
 public:
  explicit JsonlRows(std::unique_ptr<std::istream> stream) : bytes_(std::move(stream)) {}

  core::Result<std::optional<Row>> next() override {
    while (true) {
      const std::size_t line = bytes_.line();
      if (!bytes_.read_line(text_)) {
        if (bytes_.overlong()) {
          return core::fail(core::ErrorCode::kInvalidData,
                            "line " + std::to_string(line) +
                                " is longer than 256 MiB (is this a JSON Lines file?)");
        }
        if (bytes_.broken()) {
          return core::fail(core::ErrorCode::kUnavailable, "reading broke off (check the disk)");
        }
        return std::nullopt;
      }
      if (text_.find_first_not_of(" \t") != std::string::npos) return parser_.parse(text_, line);
    }
  }

 private:
  ByteReader bytes_;
  JsonRowParser parser_;
  std::string text_;
};

}  // namespace

std::unique_ptr<RowSource> jsonl_rows(std::unique_ptr<std::istream> stream) {
  return std::make_unique<JsonlRows>(std::move(stream));
}

}  // namespace ipw::datasets
