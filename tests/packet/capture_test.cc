#include <gmock/gmock.h>

#include <limits>

#include "compose.h"
#include "packet/capture_read.h"
#include "packet/capture_write.h"

namespace exhibit {
namespace {

using namespace compose;
using compose::operator+;
using testing::HasSubstr;

const WallTime taken = wall_from_ns(1'795'000'000'123'456'789);

struct Told {
  std::vector<CapturePacket> packets;
  std::string broken;
};

Told read_all(ByteView file) {
  Told told;
  auto reader = CaptureReader::open(file);
  if (!reader) return {{}, reader.error().text};
  while (auto packet = reader->next()) told.packets.push_back(*packet);
  if (reader->broken()) told.broken = reader->broken()->text;
  return told;
}

/// A number in the byte order of the section under test.
Bytes ordered(std::uint64_t value, int width, bool big) {
  Bytes out = num(value, width);
  if (!big) std::reverse(out.begin(), out.end());
  return out;
}

Bytes block(std::uint32_t type, Bytes body, bool big) {
  while (body.size() % 4 != 0) body.push_back(0);
  const Bytes length = ordered(body.size() + 12, 4, big);
  return ordered(type, 4, big) + length + body + length;
}

Bytes section(bool big) {
  return block(0x0A0D0D0A, ordered(0x1A2B3C4D, 4, big) + ordered(1, 2, big) + ordered(0, 2, big) + Bytes(8, 0xFF), big);
}

Bytes interface(std::uint16_t link, std::uint32_t snaplen, const Bytes& options, bool big) {
  return block(1, ordered(link, 2, big) + zeros(2) + ordered(snaplen, 4, big) + options, big);
}

Bytes enhanced(std::uint32_t which, std::uint64_t ticks, const Bytes& packet, bool big) {
  return block(6,
               ordered(which, 4, big) + ordered(ticks >> 32, 4, big) + ordered(ticks & 0xFFFFFFFF, 4, big) +
                   ordered(packet.size(), 4, big) + ordered(packet.size(), 4, big) + packet,
               big);
}

TEST(Capture, WhatIsWrittenIsReadBack) {
  for (const CaptureTimes times : {CaptureTimes::microseconds, CaptureTimes::nanoseconds}) {
    Bytes file = capture_header(link_type::ethernet, times);
    append_packet(file, taken, bytes_of("first"), 0, times);
    append_packet(file, taken + std::chrono::seconds(1), bytes_of("second"), 1500, times);
    const Told told = read_all(file);
    ASSERT_EQ(told.packets.size(), 2U);
    EXPECT_EQ(told.broken, "");
    EXPECT_EQ(as_text(told.packets[0].bytes), "first");
    EXPECT_EQ(told.packets[1].length, 1500U);
    EXPECT_EQ(told.packets[1].captured, 6U);
    EXPECT_EQ(told.packets[1].number, 2U);
    EXPECT_EQ(ns_of(*told.packets[0].time),
              times == CaptureTimes::nanoseconds ? 1'795'000'000'123'456'789 : 1'795'000'000'123'456'000);
  }
}

TEST(Capture, EveryCutGivesThePacketsBeforeItAndThePlace) {
  Bytes file = capture_header(link_type::raw);
  for (int i = 0; i < 3; ++i) append_packet(file, taken, bytes_of("ten bytes!"));
  for (std::size_t length = 24; length < file.size(); ++length) {
    const Told told = read_all(ByteView(file).first(length));
    EXPECT_EQ(told.packets.size(), (length - 24) / 26);
    EXPECT_EQ(told.broken.empty(), (length - 24) % 26 == 0) << length;
  }
  EXPECT_THAT(read_all(ByteView(file).first(60)).broken, HasSubstr("damaged at byte 50, after packet 1"));
}

TEST(Capture, AnImpossibleLengthStopsTheReaderAndKeepsWhatCameBefore) {
  Bytes file = capture_header(link_type::raw);
  append_packet(file, taken, bytes_of("good"));
  file = file + zeros(8) + Bytes{0, 0, 0, 0x40, 0, 0, 0, 0x40};
  const Told told = read_all(file);
  EXPECT_EQ(told.packets.size(), 1U);
  EXPECT_THAT(told.broken, HasSubstr("a packet claims 1073741824 bytes"));
}

TEST(Capture, BigEndianAndTheModifiedFormAreRead) {
  const Bytes packet = ipv4({}, tcp({}, {}));
  const Bytes big = num(0xA1B2C3D4, 4) + num(2, 2) + num(4, 2) + zeros(8) + num(65535, 4) + num(101, 4) +
                    num(1'795'000'000, 4) + num(5, 4) + num(packet.size(), 4) + num(packet.size(), 4) + packet;
  const Told told = read_all(big);
  ASSERT_EQ(told.packets.size(), 1U);
  EXPECT_EQ(ns_of(*told.packets[0].time), 1'795'000'000'000'005'000);
  EXPECT_EQ(told.packets[0].link_type, link_type::raw);

  Bytes modified = num(0xA1B2CD34, 4) + num(2, 2) + num(4, 2) + zeros(8) + num(65535, 4) + num(1, 4);
  for (int i = 0; i < 2; ++i)
    modified = modified + num(1'795'000'000, 4) + num(5, 4) + num(packet.size(), 4) + num(packet.size(), 4) + zeros(8) +
               packet;
  EXPECT_EQ(read_all(modified).packets.size(), 2U);
}

TEST(Capture, PcapngHasInterfacesAndSectionsOfTheirOwn) {
  for (const bool big : {false, true}) {
    const Bytes nano = ordered(9, 2, big) + ordered(1, 2, big) + Bytes{9, 0, 0, 0};
    const Bytes shifted = ordered(14, 2, big) + ordered(8, 2, big) + ordered(3600, 8, big) + nano;
    const Bytes file =
        section(big) + interface(1, 0, {}, big) + interface(101, 0, nano, big) + interface(113, 0, shifted, big) +
        block(5, zeros(12), big) + enhanced(1, 1'795'000'000'123'456'789, bytes_of("nano"), big) +
        enhanced(0, 1'795'000'000'123'456, bytes_of("micro"), big) + enhanced(2, 1'000'000'000, bytes_of("late"), big) +
        section(!big) + interface(228, 3, {}, !big) + block(3, ordered(5, 4, !big) + bytes_of("sim"), !big);
    const Told told = read_all(file);
    ASSERT_EQ(told.packets.size(), 4U) << told.broken;
    EXPECT_EQ(told.broken, "");
    EXPECT_EQ(told.packets[0].time, taken);
    EXPECT_EQ(told.packets[0].link_type, link_type::raw);
    EXPECT_EQ(ns_of(*told.packets[1].time), 1'795'000'000'123'456'000);
    EXPECT_EQ(ns_of(*told.packets[2].time), 3'601'000'000'000);
    EXPECT_EQ(told.packets[3].time, std::nullopt);
    EXPECT_EQ(as_text(told.packets[3].bytes), "sim");
    EXPECT_EQ(told.packets[3].length, 5U);
    EXPECT_EQ(told.packets[3].number, 4U);
  }
}

TEST(Capture, AClockBeyondOurOwnStillPrints) {
  const Bytes file =
      section(true) + interface(1, 0, {}, true) + enhanced(0, 18'446'744'073'204'126'329U, bytes_of("x"), true);
  const Told told = read_all(file);
  ASSERT_EQ(told.packets.size(), 1U);
  EXPECT_EQ(told.packets[0].time, std::nullopt);
  EXPECT_EQ(told.packets[0].stamp, (CaptureTime{18'446'744'073'204, 126'329'000}));
}

TEST(Capture, ADamagedPcapngKeepsWhatCameBefore) {
  const Bytes good = section(false) + interface(1, 0, {}, false) + enhanced(0, 1, bytes_of("good"), false);
  EXPECT_THAT(read_all(good + enhanced(7, 1, bytes_of("bad"), false)).broken, HasSubstr("interface 7"));
  EXPECT_EQ(read_all(good + enhanced(7, 1, bytes_of("bad"), false)).packets.size(), 1U);
  for (std::size_t cut = 28; cut < good.size(); ++cut) {
    const Told told = read_all(ByteView(good).first(cut));
    EXPECT_TRUE(told.packets.empty());
  }
}

struct Damage {
  const char* name;
  Bytes bytes;
  const char* says;
};

/// After a good packet, each block that is not what it says: the packet stays, and the place is told.
TEST(Capture, EveryDamagedBlockIsToldByItsFault) {
  for (const bool big : {false, true}) {
    const auto number = [big](std::uint64_t value, int width = 4) { return ordered(value, width, big); };
    const auto packet = [&](std::uint32_t captured, const Bytes& bytes) {
      return number(0) + zeros(8) + number(captured) + number(captured) + bytes;
    };
    const Bytes start = section(big) + interface(1, 0, {}, big) + enhanced(0, 1, bytes_of("good"), big);
    const Damage damages[] = {
        {"header cut", number(6) + number(32), "inside a block's header"},
        {"too short", number(6) + number(8) + number(8), "a block claims 8 bytes"},
        {"too long", number(6) + number(0x7FFFFFFF) + zeros(20), "a block claims 2147483647 bytes"},
        {"body cut", number(6) + number(64) + zeros(20), "inside a block: 28 of 64 bytes"},
        {"two lengths", number(6) + number(16) + zeros(4) + number(20), "16 bytes at its start and 20 at its end"},
        {"enhanced short", block(6, zeros(16), big), "a packet block is too short"},
        {"old short", block(2, zeros(16), big), "a packet block is too short"},
        {"simple short", block(3, {}, big), "a simple packet block is too short"},
        {"custom short", block(0xBAD, {}, big), "a custom block is too short"},
        {"interface short", block(1, zeros(4), big), "an interface block is damaged"},
        {"packet too long", block(6, packet(99, bytes_of("few!")), big), "a packet of 99 bytes in a smaller block"},
        {"packet huge", block(6, packet(262'148, zeros(262'148)), big), "a packet claims 262148 bytes"},
        {"simple too long", block(3, number(99) + bytes_of("few!"), big), "a packet of 99 bytes in a smaller block"},
        {"simple huge", block(3, number(262'148) + zeros(262'148), big), "a packet claims 262148 bytes"},
        {"section of no order", block(0x0A0D0D0A, zeros(16), big), "a section header that cannot be read"},
        {"section cut", number(0x0A0D0D0A) + number(28) + zeros(4), "a section header that cannot be read"},
        {"simple alone", section(big) + block(3, number(4) + bytes_of("four"), big), "before any interface"},
        {"foreign interface", section(big) + enhanced(0, 1, bytes_of("x"), big), "which was not described"},
    };
    for (const Damage& damage : damages) {
      const Told told = read_all(start + damage.bytes);
      EXPECT_EQ(told.packets.size(), 1U) << damage.name;
      EXPECT_THAT(told.broken, HasSubstr(damage.says)) << damage.name;
    }
  }
}

TEST(Capture, BlocksThatHoldNoPacketAreStillCountedAsFrames) {
  const Bytes file = section(true) + interface(1, 0, {}, true) + block(0xBAD, num(32473, 4) + bytes_of("mine"), true) +
                     block(0x40000BAD, num(32473, 4) + bytes_of("mine"), true) + block(9, bytes_of("{}"), true) +
                     block(0x77777777, zeros(8), true) +
                     block(2, num(0, 2) + num(7, 2) + zeros(8) + num(1, 4) + num(1, 4) + bytes_of("x"), true);
  const Told told = read_all(file);
  ASSERT_EQ(told.packets.size(), 4U) << told.broken;
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(told.packets[i].link_type, link_type::not_a_packet);
  EXPECT_EQ(as_text(told.packets[3].bytes), "x");
}

struct Clock {
  std::uint8_t resolution;
  std::int64_t offset;
  std::uint64_t ticks;
  std::optional<CaptureTime> stamp;
};

/// Ticks of 10^n and of 2^n, from seconds to what nobody can count.
TEST(Capture, EveryResolutionOfAClockIsRead) {
  constexpr std::int64_t largest = std::numeric_limits<std::int64_t>::max();
  const Clock clocks[] = {
      {0, 0, 77, CaptureTime{77, 0}},
      {3, 0, 77'500, CaptureTime{77, 500'000'000}},
      {9, 0, 77'000'000'001, CaptureTime{77, 1}},
      {12, 0, 77'000'000'001'999, CaptureTime{77, 1}},
      {19, 0, 15'000'000'000'000'000'000U, CaptureTime{1, 500'000'000}},
      {20, 0, 1, CaptureTime{0, 0}},
      {0x80, 0, 77, CaptureTime{77, 0}},
      {0x80 | 1, 0, 3, CaptureTime{1, 500'000'000}},
      {0x80 | 20, 0, (std::uint64_t{77} << 20) + (1U << 18), CaptureTime{77, 250'000'000}},
      {0x80 | 60, 0, (std::uint64_t{3} << 60) + (std::uint64_t{1} << 59), CaptureTime{3, 500'000'000}},
      {0x80 | 64, 0, 77, CaptureTime{0, 0}},
      {0, -100, 77, CaptureTime{-23, 0}},
      {0, 0, ~std::uint64_t{0}, std::nullopt},
      {0, largest, 77, std::nullopt},
      {0, -largest, 77, std::nullopt},
  };
  for (const Clock& clock : clocks) {
    const Bytes options = num(14, 2) + num(8, 2) + num(static_cast<std::uint64_t>(clock.offset), 8) + num(9, 2) +
                          num(1, 2) + Bytes{clock.resolution, 0, 0, 0} + num(0, 4);
    const Told told =
        read_all(section(true) + interface(1, 0, options, true) + enhanced(0, clock.ticks, bytes_of("x"), true));
    ASSERT_EQ(told.packets.size(), 1U);
    EXPECT_EQ(told.packets[0].stamp, clock.stamp) << int{clock.resolution};
  }
}

TEST(Capture, OptionsThatAreNotWhatTheySayAreLeftAlone) {
  for (const Bytes& options :
       {num(9, 2) + num(2, 2) + Bytes{9, 9, 0, 0}, num(14, 2) + num(4, 2) + zeros(4),
        num(9, 2) + num(99, 2) + Bytes{9, 0, 0, 0}, num(2, 2) + num(5, 2) + bytes_of("eth0!") + zeros(3),
        num(9, 2) + num(1, 2), Bytes{9, 0}}) {
    const Told told =
        read_all(section(true) + interface(1, 0, options, true) + enhanced(0, 2'500'000, bytes_of("x"), true));
    ASSERT_EQ(told.packets.size(), 1U) << told.broken;
    EXPECT_EQ(told.packets[0].stamp, (CaptureTime{2, 500'000'000}));
  }
}

TEST(Capture, OldPcapVersionsHaveTheirLengthsTheOtherWayRound) {
  const auto file = [](std::uint16_t major, std::uint16_t minor, std::uint32_t first, std::uint32_t second) {
    return num(0xA1B2C3D4, 4) + num(major, 2) + num(minor, 2) + zeros(8) + num(65535, 4) + num(101, 4) + num(7, 4) +
           num(5, 4) + num(first, 4) + num(second, 4) + bytes_of("four");
  };
  for (const Bytes& old : {file(2, 2, 60, 4), file(2, 3, 60, 4), file(2, 3, 4, 60), file(2, 4, 4, 60)}) {
    const Told told = read_all(old);
    ASSERT_EQ(told.packets.size(), 1U) << told.broken;
    EXPECT_EQ(told.packets[0].captured, 4U);
    EXPECT_EQ(told.packets[0].length, 60U);
  }
  EXPECT_THAT(read_all(file(3, 0, 4, 4)).broken, HasSubstr("pcap version 3.0 is not known"));
  EXPECT_THAT(read_all(file(2, 4, 300'000, 300'000)).broken, HasSubstr("claims 300000 bytes"));
}

TEST(Capture, AFileThatBeginsLikePcapngAndIsNoneIsRefused) {
  const Bytes good = section(true);
  for (const Bytes& bad : {Bytes(good.begin(), good.begin() + 24), num(0x0A0D0D0A, 4) + zeros(40),
                           block(0x0A0D0D0A, num(0x1A2B3C4D, 4) + num(2, 2) + zeros(10), true)})
    EXPECT_THAT(read_all(bad).broken, HasSubstr("no readable section header"));
}

TEST(Capture, OtherFilesAreRefusedByName) {
  const auto text_of = [](const Bytes& file) { return read_all(file).broken; };
  EXPECT_THAT(text_of({}), HasSubstr("empty"));
  EXPECT_THAT(text_of(bytes_of("snoop") + zeros(40)), HasSubstr("Solaris snoop"));
  EXPECT_THAT(text_of(Bytes{0x1F, 0x8B} + zeros(40)), HasSubstr("gzip"));
  EXPECT_THAT(text_of(bytes_of("<html>sign in first</html>        ")), HasSubstr("web page"));
  EXPECT_THAT(text_of(zeros(100)), HasSubstr("begins with 00000000"));
}

}  // namespace
}  // namespace exhibit
