#pragma once

#include <optional>
#include <string>
#include <vector>

#include "incident/alert.h"
#include "incident/capture_view.h"
#include "incident/mask.h"
#include "incident/priority.h"
#include "incident/zone.h"
#include "packet/address.h"

namespace exhibit {

/// Everything that a ticket's texts say comes from here; making them reads nothing else.
struct TicketView {
  const Alert* first = nullptr;  ///< The incident's first alert; outlives the view.
  std::uint64_t alerts = 1;
  std::string tenant_name;
  std::vector<Network> networks;  ///< The customer's own.
  Zone zone;
  std::string link;         ///< Whole address of the evidence page.
  std::string correlation;  ///< "EXH1-…"
  std::vector<CaptureView> captures;
  CaptureCause no_capture = CaptureCause::none;  ///< Why there is none at all, when `captures` is empty.
  Priority priority;                             ///< Of the first alert, by the tenant's rules.
  std::string history;                           ///< "First time for this pair in 30 d."
  std::string mailed;                            ///< That people were told by mail before; empty: they were not.
  Disclosure disclosure = Disclosure::masked;
  std::string short_because;  ///< Set when the desk refused a longer text: the ticket says why it is short.
};

struct TicketText {
  std::string title;          ///< At most 100 characters, its meaning in the first 60.
  std::string public_text;    ///< For the customer: no packet content.
  std::string internal_text;  ///< For analysts: at most 40 lines, 2,500 characters, 76 columns.
};

TicketText ticket_text(const TicketView& view);
/// Only title, link and reference: the last step down when a desk refuses content.
TicketText bare_ticket_text(const TicketView& view);

/// The analyst's sentence: "192.0.2.10 asked 198.51.100.20 for /cgi-bin/phf?…".
std::string headline(const TicketView& view);
/// "Blocked: none reported."
std::string block_line(const Alert& alert);

/// Where the answer may still be found when no packet can tell: "web log of 198.51.100.20 at 03:12:41 CET …".
std::string next_step(const TicketView& view);

/// One note for one settled capture. Its first line stands alone.
std::string capture_note(const TicketView& view, const CaptureView& capture);
/// "3 more alerts …": sent when alerts joined and something new is meant.
std::string joined_note(const TicketView& view, std::uint64_t before, const Alert& latest);

/// "192.0.2.10:40112", "[2001:db8::1]:80".
std::string address_with_port(const Endpoint& endpoint);
/// "ip.addr==192.0.2.10 && ip.addr==198.51.100.20 && tcp.port==40112": Wireshark's display filter for the alert.
std::string display_filter(const Alert& alert);
/// The flow that the alert names; nothing when attacker or target is no address.
std::optional<AlertFlow> alert_flow(const Alert& alert);

}  // namespace exhibit
