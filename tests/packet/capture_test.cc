#include <gmock/gmock.h>

#include "compose.h"
#include "packet/capture_read.h"
#include "packet/capture_write.h"

namespace exhibit {
namespace {

using namespace compose;
using compose::operator+;
using testing::HasSubstr;

const WallTime noon = wall_from_ns(1'795'000'000'123'456'789);

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
    append_packet(file, noon, bytes_of("first"), 0, times);
    append_packet(file, noon + std::chrono::seconds(1), bytes_of("second"), 1500, times);
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
  for (int i = 0; i < 3; ++i) append_packet(file, noon, bytes_of("ten bytes!"));
  for (std::size_t length = 24; length < file.size(); ++length) {
    const Told told = read_all(ByteView(file).first(length));
    EXPECT_EQ(told.packets.size(), (length - 24) / 26);
    EXPECT_EQ(told.broken.empty(), (length - 24) % 26 == 0) << length;
  }
  EXPECT_THAT(read_all(ByteView(file).first(60)).broken, HasSubstr("damaged at byte 50, after packet 1"));
}

TEST(Capture, AnImpossibleLengthStopsTheReaderAndKeepsWhatCameBefore) {
  Bytes file = capture_header(link_type::raw);
  append_packet(file, noon, bytes_of("good"));
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
    EXPECT_EQ(told.packets[0].time, noon);
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
