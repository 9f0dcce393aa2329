#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>

#include "base/text.h"
#include "sensorproto/sdee/event_reader.h"

/// Real SDEE documents, found by EXHIBIT_CORPUS; skipped where it is not set.
namespace exhibit {
namespace {

namespace fs = std::filesystem;

std::string raw_of(const SensorEvent& event) {
  return std::visit([](const auto& held) { return held.raw; }, event);
}

std::vector<std::string> all_matches(const std::string& text, const std::regex& what) {
  std::vector<std::string> found;
  for (auto at = std::sregex_iterator(text.begin(), text.end(), what); at != std::sregex_iterator(); ++at)
    found.push_back((*at)[1]);
  return found;
}

TEST(SdeeCorpus, EveryElementAndAttributeOfAnEventIsFoundAgain) {
  const char* corpus = std::getenv("EXHIBIT_CORPUS");
  if (!corpus || !fs::exists(fs::path(corpus) / "sdee")) GTEST_SKIP() << "skipped: EXHIBIT_CORPUS names no corpus";
  std::size_t documents = 0, events = 0, parts = 0;
  for (const auto& entry : fs::directory_iterator(fs::path(corpus) / "sdee")) {
    if (entry.path().extension() != ".xml" || entry.path().filename().string().starts_with("rdep")) continue;
    std::ifstream file(entry.path());
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    const Result<SdeeDocument> document = read_sdee_document(text);
    ASSERT_TRUE(document) << entry.path() << ": " << document.error().text;
    EXPECT_TRUE(document->unreadable.empty());
    ++documents;
    std::string kept;
    for (const SensorEvent& event : document->events) kept += raw_of(event), ++events;
    const std::size_t first = text.find(":evIdsAlert"), last = text.rfind("</");
    if (document->events.empty()) continue;
    const std::string inside = text.substr(text.rfind('<', first), last - first);
    for (const std::string& part : all_matches(inside, std::regex(R"(([A-Za-z:]+="[^"]*"))")))
      EXPECT_NE(kept.find(part), std::string::npos) << part, ++parts;
    for (const std::string& part : all_matches(inside, std::regex(R"((<[A-Za-z:]+)[ />])"))) {
      if (part.find("events") != std::string::npos || part.find("Body") != std::string::npos) continue;
      EXPECT_NE(kept.find(part), std::string::npos) << part;
      ++parts;
    }
  }
  EXPECT_GE(documents, 3U);
  EXPECT_GE(events, 4U);
  std::printf("SDEE corpus: %zu documents, %zu events, %zu elements and attributes found again\n", documents, events,
              parts);
}

TEST(SdeeCorpus, TheSevenXSampleReadsAsItsAuthorsClientReadsIt) {
  const char* corpus = std::getenv("EXHIBIT_CORPUS");
  const fs::path path = fs::path(corpus ? corpus : "") / "sdee" / "ips7-get-response-two-alerts-one-evStatus.xml";
  if (!corpus || !fs::exists(path)) GTEST_SKIP() << "skipped: EXHIBIT_CORPUS names no corpus";
  std::ifstream file(path);
  const auto document = read_sdee_document(std::string((std::istreambuf_iterator<char>(file)), {}));
  ASSERT_EQ(document->events.size(), 3U);
  const auto& alert = std::get<IdsAlert>(document->events[0]);
  EXPECT_FALSE(alert.event_id.empty());
  EXPECT_FALSE(alert.signature.id.empty());
  EXPECT_FALSE(alert.signature.subsig_id.empty());
  EXPECT_TRUE(alert.time.ns.has_value());
  EXPECT_TRUE(alert.risk_rating.has_value());
  EXPECT_TRUE(alert.threat_rating.has_value());
  EXPECT_EQ(alert.attackers.size(), 1U);
  EXPECT_FALSE(alert.interface.empty());
  int statuses = 0;
  for (const SensorEvent& event : document->events) {
    const auto* status = std::get_if<StatusEvent>(&event);
    statuses += status && status->detail == "loginAction" ? 1 : 0;
  }
  EXPECT_EQ(statuses, 1);
}

}  // namespace
}  // namespace exhibit
