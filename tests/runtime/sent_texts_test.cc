#include "runtime/sent_texts.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/json.h"

namespace exhibit {
namespace {

TEST(SentTexts, AreToldAsTheyWereSent) {
  SentTexts sent;
  SendDelivery ticket;
  ticket.correlation = {"EXH1-A"};
  ticket.kind = DeliveryKind::ensure;
  ticket.body = R"({"title":"HIGH: a long title that fits into no small string, with \"quotes\"","internal_text":"b"})";
  sent.keep(ticket, 0);
  SendDelivery note = ticket;
  note.kind = DeliveryKind::note;
  note.body = R"({"text":"a note that is long enough to stand on the heap"})";
  sent.keep(note, 0);
  const Result<Json> told = parse_json(sent.document({"EXH1-A"}));
  ASSERT_TRUE(told) << told.error().text;
  EXPECT_EQ(text_at(*told, "title"), "HIGH: a long title that fits into no small string, with \"quotes\"");
  EXPECT_EQ(text_at(*told, "public_text"), "") << "what was not sent is empty";
  EXPECT_EQ((*told)["notes"][0], "a note that is long enough to stand on the heap");
}

}  // namespace
}  // namespace exhibit
