#include "engine/disk_room.h"

#include <gmock/gmock.h>

#include "acme_engine.h"
#include "base/limits.h"
#include "engine/tenant_engine.h"

namespace exhibit {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t MiB = 1U << 20;

TEST(DiskRoom, ABallastIsAnEighthOfASmallDiskAndBoundedOnALargeOne) {
  EXPECT_EQ(DiskRoom(8 * MiB).ballast(), MiB);
  EXPECT_EQ(DiskRoom(4096 * MiB).ballast(), limits::ballast_bytes);
}

struct Look {
  const char* name;
  bool scarce_before, there;
  std::uint64_t left;
  bool scarce, changes;
};
class DiskRoomLook : public testing::TestWithParam<Look> {};

/// The whole table, on a disk of 64 MiB: a ballast of 8, scarce below 1, nothing below an eighth.
TEST_P(DiskRoomLook, DecidesByWhatIsLeft) {
  const Look& given = GetParam();
  DiskRoom room(64 * MiB);
  if (given.scarce_before) (void)room.looked(0, false);
  ASSERT_EQ(room.scarce(), given.scarce_before);
  EXPECT_EQ(room.looked(given.left, given.there), given.changes);
  EXPECT_EQ(room.scarce(), given.scarce);
}

INSTANTIATE_TEST_SUITE_P(All, DiskRoomLook,
                         testing::Values(Look{"ItIsMadeWhereThereIsRoom", false, false, 20 * MiB, false, true},
                                         Look{"ItLiesThereAndAllIsWell", false, true, MiB, false, false},
                                         Look{"LittleIsLeftAndItIsKept", false, true, MiB - 1, true, false},
                                         Look{"NothingIsLeftAndItIsGivenUp", false, true, MiB / 8 - 1, true, true},
                                         Look{"ItCouldNotBeTakenAwayYet", true, true, 0, true, true},
                                         Look{"ALittleMoreIsNotYetRoom", true, true, 2 * MiB - 1, true, false},
                                         Look{"RoomAgainAndItNeverLeft", true, true, 2 * MiB, false, false},
                                         Look{"ADiskThatWasFullFromTheStart", false, false, 10 * MiB - 1, true, false},
                                         Look{"WhatItGaveBackIsNoRoomForIt", true, false, 9 * MiB, true, false},
                                         Look{"ItIsMadeAgainWhenThereIsRoomForItAndMore", true, false, 10 * MiB, false,
                                              true}),
                         [](const auto& given) { return std::string(given.param.name); });

TEST(DiskRoom, WithoutABallastNothingIsTakenIn) {
  DiskRoom room(64 * MiB);
  EXPECT_TRUE(room.looked(20 * MiB, false));
  room.ballast_failed();
  EXPECT_TRUE(room.scarce());
}

/// Whatever is written and freed: it is given up once and made once for each time the disk fills, and never swings.
TEST(DiskRoom, GivingItUpIsNeverRoomEnoughToMakeItAgain) {
  for (std::uint64_t disk = MiB; disk <= 4096 * MiB; disk *= 2) {
    DiskRoom room(disk);
    ASSERT_TRUE(room.looked(disk, false));
    EXPECT_TRUE(room.looked(room.nothing() - 1, true));
    EXPECT_FALSE(room.looked(room.nothing() - 1 + room.ballast(), false)) << disk;
    EXPECT_TRUE(room.scarce());
  }
}

/// The conditions that an engine tells of, opened and closed.
std::vector<std::string> told(const Reaction& reaction) {
  std::vector<std::string> all;
  for (const Effect& effect : reaction.effects)
    if (const auto* one = std::get_if<TellOperator>(&effect)) all.push_back((one->open ? "+" : "-") + one->key);
  return all;
}

TEST(DiskSaid, IsOneConditionThatClosesItself) {
  const SensorId sensor{"s1"};
  const Now now{wall_from_ns(1'795'313'561'000'000'000), MonoTime{1h}};
  TenantEngine engine(test::acme_engine(sensor));
  EXPECT_THAT(told(engine.on(DiskSaid{true, "the disk is full"}, now)), testing::ElementsAre("+disk/full"));
  const FetchEnded refused{{sensor, "7", 0}, FetchEnded::Kind::store_refused, {}, 0, "full"};
  EXPECT_THAT(told(engine.on(refused, now)), testing::IsEmpty()) << "its cause is told already";
  EXPECT_THAT(told(engine.on(DiskSaid{false, ""}, now)), testing::ElementsAre("-disk/full"));
  EXPECT_THAT(told(engine.on(refused, now)), testing::ElementsAre("+evidence/store"));
  const FetchEnded whole{{sensor, "7", 0}, FetchEnded::Kind::whole, EvidenceId{"aa"}, 9, ""};
  EXPECT_THAT(told(engine.on(whole, now)), testing::ElementsAre("-evidence/store")) << "it takes captures again";
}

}  // namespace
}  // namespace exhibit
