// Packets of a runner that may say anything: messages are bounded and survive the way back; its answers are read or
// "unknown", and never more.

#include <nlohmann/json.hpp>

#include "base/frame.h"
#include "base/json.h"
#include "base/text.h"
#include "exhibit/types.h"
#include "runtime/adapter_message.h"
#include "tests/fuzz/fuzz_input.h"

namespace {

using namespace exhibit;
using fuzz::demand;

void there_and_back(const Message& message) {
  const std::vector<std::string> frames = frames_of(message);
  MessageReader reader;
  for (std::size_t i = 0; i < frames.size(); ++i) {
    demand(frames[i].size() <= frame_bytes_max, "a frame is bounded");
    const Result<std::optional<Message>> taken = reader.take(frames[i]);
    demand(taken && taken->has_value() == (i + 1 == frames.size()), "the last frame ends the message");
    if (taken->has_value())
      demand((*taken)->kind == message.kind && (*taken)->call == message.call && (*taken)->payload == message.payload,
             "a message survives the way");
  }
}

void understood(const std::string& payload) {
  const AdapterResult result = read_result(payload);
  const bool json = parse_json(payload, message_bytes_max).has_value();
  demand(json || result.rc == EXH_UNKNOWN, "what cannot be read is unknown");
  const DeliveryOutcome outcome = outcome_of(result);
  demand((outcome.kind == DeliveryOutcome::Kind::done) == (result.rc == EXH_OK), "only OK is done");
  const DeliveryLookedUp found = looked_up({"d"}, result);
  demand(found.found != DeliveryLookedUp::Found::none || result.rc == EXH_ABSENT, "only ABSENT is not there");
  (void)told_by(result);
  if (const Result<DeskSaid> said = read_poll_document(payload); said)
    for (const TicketChange& change : said->changes)
      for (const std::string* text : {&change.ticket, &change.number, &change.state, &change.assignee})
        demand(text->size() <= 8192, "what a desk says is held to a length");
  (void)within_limits({}, payload);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::uint8_t how = input.byte();
  if (how % 4 == 0) {
    understood(std::string(input.rest()));
    return 0;
  }
  MessageReader reader;
  std::size_t given = 0, taken_bytes = 0;
  while (!input.empty()) {
    std::string packet = input.text();
    // Mostly with the length that it must have; dice would not find it.
    if (how % 4 != 1 && packet.size() >= 16) {
      const std::size_t payload = packet.size() - 16;
      for (int i = 0; i < 4; ++i) packet[static_cast<std::size_t>(i)] = static_cast<char>(payload >> (8 * i) & 0xFF);
    }
    given += packet.size();
    const Result<std::optional<Message>> taken = reader.take(packet);
    if (!taken || !taken->has_value()) continue;
    demand((*taken)->payload.size() <= message_bytes_max, "a message is bounded");
    taken_bytes += (*taken)->payload.size();
    there_and_back(**taken);
  }
  demand(taken_bytes <= given, "messages hold no more than the packets did");
  return 0;
}
