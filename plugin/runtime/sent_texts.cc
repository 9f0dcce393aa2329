#include "runtime/sent_texts.h"

#include "base/json.h"
#include "base/sha256.h"

namespace exhibit {
namespace {

constexpr std::size_t incidents_kept = 256;

}  // namespace

void SentTexts::keep(const SendDelivery& delivery, std::uint64_t attached_bytes) {
  if (!tickets_.contains(delivery.correlation)) {
    order_.push_back(delivery.correlation);
    if (order_.size() > incidents_kept) {
      tickets_.erase(order_.front());
      order_.pop_front();
    }
  }
  Ticket& ticket = tickets_[delivery.correlation];
  switch (delivery.kind) {
    case DeliveryKind::ensure:
      ticket.title = raw_member(delivery.body, "title");
      ticket.public_text = raw_member(delivery.body, "public_text");
      ticket.internal_text = raw_member(delivery.body, "internal_text");
      break;
    case DeliveryKind::note:
    case DeliveryKind::link: ticket.notes.emplace_back(raw_member(delivery.body, "text")); break;
    case DeliveryKind::attach:
      ticket.attachments.push_back(
          {delivery.attachment_name,
           delivery.attached_evidence ? delivery.attached_evidence->text : hex(sha256(ByteView(delivery.attachment))),
           attached_bytes});
      break;
    case DeliveryKind::state: break;
  }
}

std::string SentTexts::document(const CorrelationId& correlation) const {
  const auto found = tickets_.find(correlation);
  if (found == tickets_.end()) return "{}";
  const Ticket& ticket = found->second;
  JsonWriter out;
  const auto text = [](const std::string& raw) {
    return raw.empty() ? std::string_view("\"\"") : std::string_view(raw);  // Of one kind, or a copy would be viewed.
  };
  out.object().key("title").raw(text(ticket.title)).key("public_text").raw(text(ticket.public_text));
  out.key("internal_text").raw(text(ticket.internal_text)).key("notes").array();
  for (const std::string& note : ticket.notes) out.raw(text(note));
  out.end().key("attachments").array();
  for (const Attached& file : ticket.attachments)
    out.object().member("name", file.name).member("bytes", file.bytes).member("sha256", file.sha256).end();
  return out.end().end().take();
}

}  // namespace exhibit
