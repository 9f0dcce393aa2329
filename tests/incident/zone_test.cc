#include "incident/zone.h"

#include <gtest/gtest.h>

namespace exhibit {
namespace {

const WallTime time = wall_from_ns(1'795'313'561'000'000'000);

TEST(Zone, HasTheLettersOfItsPlaceOrTheOffsetWhereItHasNone) {
  const std::pair<const char*, const char*> zones[] = {
      {"UTC", "UTC"}, {"Europe/Berlin", "CET"}, {"America/Sao_Paulo", "UTC-03"}, {"Asia/Dubai", "UTC+04"}};
  for (const auto& [name, letters] : zones) {
    const Result<Zone> zone = load_zone(name);
    ASSERT_TRUE(zone) << name;
    EXPECT_EQ(zone->at(time).abbreviation, letters);
  }
  EXPECT_TRUE(load_zone("UTC")->is_utc());
}

TEST(Zone, ThatNobodyKnowsIsRefusedByItsName) {
  const Result<Zone> zone = load_zone("Europe/Atlantis\n");
  ASSERT_FALSE(zone);
  EXPECT_EQ(zone.error().code, Errc::not_found);
  EXPECT_EQ(zone.error().text, "no time zone is called Europe/Atlantis\\x0a");
}

}  // namespace
}  // namespace exhibit
