#include "base/frame.h"

#include <gtest/gtest.h>

namespace exhibit {
namespace {

Message message_of(std::uint64_t call, std::size_t size, FrameKind kind = FrameKind::apply) {
  return {kind, call, std::string(size, static_cast<char>('a' + call % 26))};
}

TEST(Frame, AMessageOfAnySizeComesThroughInFramesThatFitAPacket) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, frame_bytes_max - 17, frame_bytes_max - 16,
                                 frame_bytes_max - 15, std::size_t{1'000'000}}) {
    MessageReader reader;
    const std::vector<std::string> frames = frames_of(message_of(7, size));
    for (std::size_t i = 0; i < frames.size(); ++i) {
      ASSERT_LE(frames[i].size(), frame_bytes_max);
      const auto taken = reader.take(frames[i]);
      ASSERT_TRUE(taken);
      ASSERT_EQ(taken->has_value(), i + 1 == frames.size());
      EXPECT_TRUE(!*taken || ((*taken)->call == 7 && (*taken)->payload.size() == size));
    }
  }
}

TEST(Frame, MessagesOfSeveralCallsMayBeMixed) {
  MessageReader reader;
  const auto one = frames_of(message_of(1, 100'000)), other = frames_of(message_of(2, 100'000));
  EXPECT_FALSE(reader.take(one[0])->has_value());
  EXPECT_FALSE(reader.take(other[0])->has_value());
  EXPECT_EQ(reader.take(one[1])->value().payload, message_of(1, 100'000).payload);
  EXPECT_EQ(reader.take(other[1])->value().payload, message_of(2, 100'000).payload);
}

TEST(Frame, WhatIsNoFrameIsRefused) {
  const std::string good = frames_of(message_of(3, 5)).front();
  std::string wrong_length = good + "x", wrong_kind = good, changed = good;
  wrong_kind[4] = 99;
  changed[6] = 1;  // More follows,
  MessageReader reader;
  for (const std::string& packet : {std::string(), good.substr(0, 15), good.substr(0, 20), wrong_length, wrong_kind})
    EXPECT_EQ(reader.take(packet).error().code, Errc::bad_input);
  EXPECT_FALSE(reader.take(changed)->has_value());
  changed[4] = static_cast<char>(FrameKind::log);  // as another kind.
  EXPECT_EQ(reader.take(changed).error().code, Errc::bad_input);
}

TEST(Frame, NeitherAMessageWithoutEndNorManyOfThemAreKept) {
  std::string endless = frames_of(message_of(4, 65'000)).front();
  endless[6] = 1;
  MessageReader reader;
  std::optional<Errc> refused;
  std::size_t taken = 0;
  for (; taken < 100 && !refused; ++taken)
    if (const auto result = reader.take(endless); !result) refused = result.error().code;
  EXPECT_EQ(refused, Errc::too_large);
  EXPECT_LE(taken * 65'000, message_bytes_max + 65'000);
  MessageReader many;
  std::uint64_t call = 0;
  for (refused.reset(); call < 1000 && !refused; ++call) {
    std::string begun = frames_of(message_of(call, 1)).front();
    begun[6] = 1;
    if (const auto result = many.take(begun); !result) refused = result.error().code;
  }
  EXPECT_EQ(refused, Errc::too_large);
  EXPECT_EQ(call, 257U);
}

}  // namespace
}  // namespace exhibit
