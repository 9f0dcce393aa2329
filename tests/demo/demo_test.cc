#include <gmock/gmock.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "base/sha256.h"
#include "base/text.h"
#include "files.h"
#include "packet/capture_write.h"
#include "phf_alert.h"

/// The product as its user starts it: the built program, its output and its exit code.
namespace exhibit {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::HasSubstr;

struct Ran {
  int code = 0;
  std::string output;
};

Ran run(const std::string& arguments) {
  Ran ran;
  FILE* pipe = ::popen((std::string(EXHIBIT_BINARY_DIR) + "/bin/exhibit " + arguments).c_str(), "r");
  std::array<char, 65536> piece{};
  while (const std::size_t got = std::fread(piece.data(), 1, piece.size(), pipe)) ran.output.append(piece.data(), got);
  const int status = ::pclose(pipe);
  ran.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return ran;
}

class DemoTest : public testing::Test {
 protected:
  DemoTest() {
    folder = (fs::temp_directory_path() / "exhibit-test-XXXXXX").string();
    EXPECT_NE(::mkdtemp(folder.data()), nullptr);
  }
  ~DemoTest() override { fs::remove_all(folder); }
  std::string write_capture(const std::vector<Bytes>& packets) {
    Bytes file = capture_header(1);
    std::int64_t ns = 1'700'000'000'000'000'000;
    for (const Bytes& packet : packets) append_packet(file, wall_from_ns(ns += 10'000'000), packet);
    test::write_file(folder + "/x.pcap", as_text(file));
    return folder + "/x.pcap";
  }
  std::string folder;
};

const json* find(const json& document, const std::string& title) {
  for (const json& ticket : document["tickets"])
    if (ticket["title"].get<std::string>().find(title) != std::string::npos) return &ticket;
  return nullptr;
}

TEST_F(DemoTest, TheScenarioEndsWithEveryIncidentInOneTicketAndEveryCaptureSettled) {
  const Ran ran = run("demo --once --json");
  ASSERT_EQ(ran.code, 0) << ran.output;
  const json document = json::parse(ran.output);
  EXPECT_EQ(document["duplicates"], 0);
  EXPECT_EQ(document["incidents"], document["tickets"].size());
  EXPECT_GT(document["alerts"], document["incidents"]);
  std::map<std::string, int> shared, states;
  std::set<std::string> links, correlations;
  for (const json& ticket : document["tickets"]) {
    ++states[ticket["capture"]["state"].get<std::string>()];
    if (ticket["capture"]["sha256"].is_string()) ++shared[ticket["capture"]["sha256"].get<std::string>()];
    links.insert(ticket["link"].get<std::string>());
    correlations.insert(ticket["correlation_id"].get<std::string>());
    EXPECT_EQ(ticket["public_text"].get<std::string>().find("GET "), std::string::npos);
    EXPECT_THAT(ticket["internal_text"].get<std::string>(), HasSubstr(ticket["link"].get<std::string>()));
    EXPECT_LE(ticket["title"].get<std::string>().size(), 100U);
    for (const json& file : ticket["attachments"])
      EXPECT_THAT(file["name"].get<std::string>(), HasSubstr(file["sha256"].get<std::string>().substr(0, 12)));
  }
  EXPECT_EQ(links.size(), document["tickets"].size());
  EXPECT_EQ(correlations.size(), document["tickets"].size());
  EXPECT_TRUE(std::any_of(shared.begin(), shared.end(), [](const auto& entry) { return entry.second == 3; }))
      << "three incidents share one log";
  EXPECT_GE(states["lost"], 1);
  EXPECT_GE(states["none"], 1);
  EXPECT_GE(states["sealed-complete"], 5);
  const json* phf = find(document, "phf");
  ASSERT_NE(phf, nullptr);
  EXPECT_EQ((*phf)["capture"]["answer"],
            (json{{"kind", "http"}, {"status", 404}, {"bytes", 209}, {"milliseconds", 41}}));
  EXPECT_THAT((*phf)["notes"].back().get<std::string>(), HasSubstr("CAPTURE READY: target answered HTTP 404"));
  EXPECT_EQ(ran.output.find("Cookie: sid=4"), std::string::npos);  // Masked.
}

TEST_F(DemoTest, ACaptureFileBecomesOneAlertAFlow) {
  const std::string request = test::phf_request();
  const std::string file =
      write_capture({test::frame("", 40112, 80, false, 2), test::frame(request),
                     test::frame("HTTP/1.0 404 Not Found\r\n\r\n", 40112, 80, true), test::frame(request, 40113, 81)});
  const Ran ran = run("demo --once --json --pcap " + file);
  ASSERT_EQ(ran.code, 0) << ran.output;
  const json document = json::parse(ran.output);
  EXPECT_EQ(document["alerts"], 2);
  EXPECT_EQ(document["incidents"], 2);
  EXPECT_THAT(document["tickets"][0]["internal_text"].get<std::string>(), HasSubstr("GET /cgi-bin/phf"));
  EXPECT_EQ(document["tickets"][0]["capture"]["answer"]["status"], 404);
}

TEST_F(DemoTest, ACaptureFileWithoutAFlowIsRefused) {
  EXPECT_EQ(run("demo --once --json --pcap " + write_capture({}) + " 2>&1").code, 2);
}

TEST_F(DemoTest, RecordedAnswersArePlayedAndABareEventIsWrapped) {
  test::AlertXml bare;
  bare.log = "4711";
  test::write_file(folder + "/1.xml", bare.text());
  test::AlertXml other;
  other.event_id = "2", other.signature = "9", other.log = "";
  test::write_file(folder + "/2.xml", cat("<env:Envelope xmlns:env='e' xmlns:sd='s'><env:Body><sd:events>",
                                          other.text(), "</sd:events></env:Body></env:Envelope>"));
  const Ran ran = run("demo --once --json --answers " + folder);
  ASSERT_EQ(ran.code, 0) << ran.output;
  const json document = json::parse(ran.output);
  ASSERT_EQ(document["tickets"].size(), 2U);
  EXPECT_EQ(document["tickets"][0]["capture"]["state"], "lost");
  EXPECT_EQ(document["tickets"][0]["capture"]["cause"], "id-unknown");
  EXPECT_EQ(document["tickets"][1]["capture"]["state"], "none");
}

TEST_F(DemoTest, DecodePrintsAPacketALineAndSaysByItsCodeHowItEnded) {
  const std::string file = write_capture({test::frame(test::phf_request()), test::frame("x")});
  const Ran good = run("decode --json " + file);
  EXPECT_EQ(good.code, 0);
  const json first = json::parse(good.output.substr(0, good.output.find('\n')));
  EXPECT_EQ(first["frame"], 1);
  EXPECT_EQ(first["time"], "1700000000.010000000");
  EXPECT_EQ(first["http"]["method"], "GET");
  EXPECT_EQ(first["ports"], (json::array({{{"src", 40112}, {"dst", 80}}})));
  for (const char* key : {"frame", "time", "length", "captured", "layers", "vlan", "ip", "ports", "tcp_flags", "dns",
                          "http", "sni", "summary", "guessed_link", "stopped"})
    EXPECT_TRUE(first.contains(key)) << key;
  EXPECT_EQ(
      split(std::string_view(run("decode --filter 'tcp[tcpflags] & tcp-push != 0 and greater 100' " + file).output),
            "\n")
          .size(),
      1U);
  EXPECT_EQ(run("decode --filter 'nonsense(' " + file + " 2>/dev/null").code, 2);
  fs::resize_file(file, fs::file_size(file) - 3);
  const Ran cut = run("decode " + file + " 2>&1 >/dev/null");
  EXPECT_EQ(cut.code, 3);
  EXPECT_THAT(cut.output, HasSubstr("x.pcap"));
  test::write_file(file, "this is no capture");
  EXPECT_EQ(run("decode " + file + " 2>/dev/null").code, 2);
  EXPECT_EQ(run("decode " + folder + "/missing 2>/dev/null").code, 2);
}

}  // namespace
}  // namespace exhibit
