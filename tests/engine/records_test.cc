#include "engine/records.h"

#include <gtest/gtest.h>

#include "engine/input.h"

namespace exhibit {
namespace {

TEST(Records, EachWordOfAStoredRowComesBackAndNoOtherDoes) {
  for (const DeliveryKind kind :
       {DeliveryKind::ensure, DeliveryKind::note, DeliveryKind::attach, DeliveryKind::link, DeliveryKind::state})
    EXPECT_EQ(parse_delivery_kind(token(kind)), kind);
  for (const DeliveryState state : {DeliveryState::ready, DeliveryState::inflight, DeliveryState::unknown,
                                    DeliveryState::done, DeliveryState::dead, DeliveryState::expired})
    EXPECT_EQ(parse_delivery_state(token(state)), state);
  for (const LetterDecided::What what : {LetterDecided::What::again, LetterDecided::What::link_only,
                                         LetterDecided::What::put_into, LetterDecided::What::expire})
    EXPECT_EQ(parse_decision(token(what)), what);
  for (const CaptureState state :
       {CaptureState::expected, CaptureState::recording, CaptureState::due, CaptureState::fetching,
        CaptureState::sealed_complete, CaptureState::sealed_partial, CaptureState::lost})
    EXPECT_EQ(parse_capture_state(token(state)), state);
  for (const char* word : {"", "Ready", "ready ", "sealed"}) {
    EXPECT_FALSE(parse_delivery_kind(word) || parse_delivery_state(word) || parse_decision(word) ||
                 parse_capture_state(word))
        << word;
  }
}

TEST(Records, ACapturesKeyComesBackWhateverItsSensorIsCalled) {
  for (const CaptureKey& key : {CaptureKey{{"s1"}, "1734556221", 0}, CaptureKey{{"a/b c"}, "x", 4'294'967'295U}})
    EXPECT_EQ(CaptureKey::parse(key.text()), key);
  for (const char* text : {"", "/", "s1/77", "s1/77/", "s1/77/x", "s1/77/-1", "s1/77/4294967296", "77"})
    EXPECT_FALSE(CaptureKey::parse(text)) << text;
}

}  // namespace
}  // namespace exhibit
