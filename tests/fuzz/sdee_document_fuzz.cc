#include <cstddef>
#include <cstdint>

#include "base/assert.h"
#include "base/text.h"
#include "incident/normalize.h"
#include "incident/ticket_text.h"
#include "sensorproto/sdee/event_reader.h"
#include "sensorproto/sdee/xml_scan.h"

/// Any bytes as an SDEE answer: read, normalized and told in a ticket whose bounds must hold.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace exhibit;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)scan_xml(text);
  const Result<SdeeDocument> document = read_sdee_document(text);
  if (!document) return 0;
  for (const SensorEvent& event : document->events) {
    const auto* wire = std::get_if<IdsAlert>(&event);
    if (!wire) continue;
    EXHIBIT_ASSERT(text.find(wire->raw) != std::string_view::npos);
    const Alert alert = normalize(*wire, {"acme"}, {"s1"}, wall_from_ns(1'800'000'000'000'000'000));
    TicketView view;
    view.first = &alert;
    view.priority = priority_of(alert);
    view.link = "https://ev.example/e/x";
    view.correlation = "EXH1-X";
    const TicketText ticket = ticket_text(view);
    EXHIBIT_ASSERT(code_points(ticket.title) <= 100 && is_utf8(ticket.title));
    EXHIBIT_ASSERT(is_utf8(ticket.internal_text) && ticket.internal_text.find('\x1b') == std::string::npos);
    EXHIBIT_ASSERT(ticket.internal_text.size() <= 2500 && is_utf8(ticket.public_text));
  }
  return 0;
}
