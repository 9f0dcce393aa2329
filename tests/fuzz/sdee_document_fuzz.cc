#include "base/text.h"
#include "incident/normalize.h"
#include "incident/ticket_text.h"
#include "sensorproto/sdee/event_reader.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/sensorproto/pugixml_reader.h"

/// Any bytes as an SDEE answer: read as over pugixml's tree, normalized and told in a ticket whose bounds must hold.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace exhibit;
  using fuzz::demand;
  const std::string_view text = fuzz::text_of(data, size);
  demand(difference(text).empty(), "pugixml's tree gives the same events");
  const Result<SdeeDocument> document = read_sdee_document(text);
  if (!document) return 0;
  for (const SensorEvent& event : document->events) {
    const auto* wire = std::get_if<IdsAlert>(&event);
    if (!wire) continue;
    demand(text.find(wire->raw) != std::string_view::npos, "raw is what was sent");
    const Result<SensorEvent> again = read_event(wire->raw);
    demand(again && *again == event, "an event alone is the same event");
    const Alert alert = normalize(IdsAlert(*wire), {"acme"}, {"s1"}, wall_from_ns(1'800'000'000'000'000'000));
    TicketView view;
    view.first = &alert;
    view.priority = priority_of(alert);
    view.link = "https://ev.example/e/x";
    view.correlation = "EXH1-X";
    const TicketText ticket = ticket_text(view);
    demand(code_points(ticket.title) <= 100 && is_utf8(ticket.title), "the title is bounded UTF-8");
    demand(is_utf8(ticket.internal_text) && fuzz::is_clean(ticket.internal_text, "\n"), "analysts read clean UTF-8");
    demand(ticket.internal_text.size() <= 2500 && is_utf8(ticket.public_text), "the texts are bounded UTF-8");
  }
  return 0;
}
