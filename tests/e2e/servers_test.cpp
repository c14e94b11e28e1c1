// Model servers and model files as a user handles them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <map>
#include <thread>

#include <nlohmann/json.hpp>

#include "process.h"

namespace ipw::e2e {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

// Answers as llama-server does, as far as starting it goes.
constexpr const char* kServer = R"(#!/usr/bin/env python3
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")
    do_GET = do_POST = answer
port = int(sys.argv[sys.argv.index("--port") + 1])
if "--broken" in sys.argv:
    sys.exit("unknown model architecture")
http.server.HTTPServer(("127.0.0.1", port), Handler).serve_forever()
)";

// Serves the folder that it is told and writes its port into a file there.
constexpr const char* kFiles =
    "import http.server, functools, os, sys\n"
    "handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=sys.argv[1])\n"
    "server = http.server.HTTPServer(('127.0.0.1', 0), handler)\n"
    "open(sys.argv[2] + '.new', 'w').write(str(server.server_port))\n"
    "os.rename(sys.argv[2] + '.new', sys.argv[2])\n"
    "server.serve_forever()\n";

class ServersCommand : public testing::Test {
 protected:
  ServersCommand() : program_(folder_.write("llama-server", kServer)) {
    fs::permissions(program_, fs::perms::owner_all);
  }
  ~ServersCommand() override { (void)run({"servers", "stop", "--all"}); }

  [[nodiscard]] Finished run(std::vector<std::string> arguments) const {
    return ipw(std::move(arguments), {{"XDG_STATE_HOME", (folder_.path() / "state").string()},
                                      {"XDG_DATA_HOME", (folder_.path() / "data").string()},
                                      {"PATH", folder_.path().string() + ":/usr/bin:/bin"}});
  }

  TemporaryDirectory folder_;
  std::string program_;
};

TEST_F(ServersCommand, StartsShowsAndStops) {
  EXPECT_THAT(run({"servers", "status"}).out, HasSubstr("no server"));
  const Finished started =
      run({"servers", "start", "llama-server", "--model", tiny_model(), "--", "--ctx-size", "256"});
  ASSERT_EQ(started.status, 0) << started.err;
  EXPECT_THAT(started.out,
              HasSubstr("ipw profile --model openai:tiny --base-url http://127.0.0.1:"));

  const Finished shown = run({"servers", "status", "--json"});
  ASSERT_EQ(shown.status, 0) << shown.err;
  const json server = json::parse(shown.out).at("servers").at(0);
  EXPECT_EQ(server.at("name"), "llama-server");
  EXPECT_EQ(server.at("model"), "openai:tiny");
  EXPECT_EQ(server.at("healthy"), true);
  EXPECT_EQ(server.at("arguments").back(), "256");
  EXPECT_GT(server.at("pid"), 0);
  EXPECT_THAT(run({"servers", "status"}).out, HasSubstr("healthy"));

  const Finished again = run({"servers", "start", "llama-server", "--model", tiny_model()});
  EXPECT_EQ(again.status, 1);
  EXPECT_THAT(again.err, HasSubstr("--name"));

  const Finished stopped = run({"servers", "stop", "llama-server"});
  EXPECT_EQ(stopped.status, 0) << stopped.err;
  EXPECT_THAT(stopped.out, HasSubstr("has ended"));
  EXPECT_EQ(run({"servers", "stop", "llama-server"}).status, 1);
}

TEST_F(ServersCommand, SaysWhatIsWrong) {
  const Finished broken =
      run({"servers", "start", "llama-server", "--model", tiny_model(), "--", "--broken"});
  EXPECT_EQ(broken.status, 1);
  EXPECT_THAT(broken.err, HasSubstr("unknown model architecture"));
  EXPECT_THAT(broken.err, HasSubstr("ended while it was starting"));

  const Finished absent = run({"servers", "start", "vllm", "--model", "Qwen/Qwen3-0.6B"});
  EXPECT_EQ(absent.status, 1);
  EXPECT_THAT(absent.err, HasSubstr("no program vllm on the PATH"));
  EXPECT_EQ(run({"servers", "start", "no-such-kind"}).status, 2);
  EXPECT_EQ(run({"servers", "start", "llama-server"}).status, 2);
  EXPECT_EQ(run({"servers", "stop"}).status, 2);
  EXPECT_EQ(run({"servers", "status", "../x"}).status, 2);
}

TEST_F(ServersCommand, FetchesAModelThatIsThenKnownByItsName) {
  fs::create_directory(folder_.path() / "site");
  fs::copy_file(tiny_model(), folder_.path() / "site" / "small.gguf");
  const std::string port_file = (folder_.path() / "port").string();
  Process files({"python3", "-c", kFiles, (folder_.path() / "site").string(), port_file});
  while (!fs::exists(port_file) && files.running()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  const std::string base = "http://127.0.0.1:" + read_file(port_file);

  const Finished pulled = run({"models", "pull", base + "/small.gguf", "--json"});
  ASSERT_EQ(pulled.status, 0) << pulled.err;
  const json document = json::parse(pulled.out);
  EXPECT_EQ(document.at("sha256_compared_with"), "nothing");
  EXPECT_EQ(document.at("file"), (folder_.path() / "data/ipw/models/small.gguf").string());

  const Finished listed = run({"models", "list"});
  EXPECT_THAT(listed.out, HasSubstr("small"));
  EXPECT_EQ(listed.out, run({"list", "models"}).out);
  const Finished information = run({"models", "info", "small", "--json"});
  ASSERT_EQ(information.status, 0) << information.err;
  EXPECT_EQ(json::parse(information.out).at("architecture"), "llama");
  EXPECT_THAT(run({"models", "info", "small"}).out, HasSubstr("quantization"));

  EXPECT_EQ(run({"models", "info", "openai:no-such-model"}).status, 1);
  const Finished published = run({"models", "info", "openai:gpt-4o", "--json"});
  ASSERT_EQ(published.status, 0) << published.err;
  EXPECT_EQ(json::parse(published.out).at("price").at("provenance"), "published");

  const Finished digest = run(
      {"models", "pull", base + "/small.gguf", "--as", "other", "--sha256", std::string(64, '0')});
  EXPECT_EQ(digest.status, 1);
  EXPECT_THAT(digest.err, HasSubstr("SHA-256"));
  EXPECT_THAT(run({"models", "list"}).out, Not(HasSubstr("other")));
  const Finished missing = run({"models", "pull", base + "/no-such.gguf"});
  EXPECT_EQ(missing.status, 1);
  EXPECT_THAT(missing.err, HasSubstr("404"));
  EXPECT_EQ(run({"models", "pull", "small.gguf"}).status, 2);
  EXPECT_EQ(run({"models", "info", "nobody"}).status, 2);
  files.signal(15);
}

}  // namespace
}  // namespace ipw::e2e
