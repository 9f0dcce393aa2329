#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/tenant_runtime.h"
#include "web/markup.h"
#include "web/packet_view.h"

/// What each page shows, as pieces. Pure, any thread.
namespace exhibit::web {

/// Addresses of the static files; each holds the file's hash, so a browser may keep it.
struct Assets {
  std::string style, module, icon;
};
Assets assets(const std::string& base);

/// Around every page.
struct Frame {
  std::string base;  ///< Path of public_url, usually empty.
  std::string title;
  std::string user{}, csrf{};     ///< Empty: nobody is signed in.
  std::string until{};            ///< When the session ends.
  std::string refresh_seconds{};  ///< For browsers without script.
  bool with_module = false;
};
std::string whole_page(const Frame& frame, Node main);

Node message_page(std::string_view title, std::string_view what);
Node sign_in_page(const std::string& base, std::string_view to, std::string_view token, std::string_view problem);

struct ListedIncident {
  std::string tenant_name;
  Zone zone;
  IncidentRow row;
};
Node list_page(const std::string& base, const std::vector<ListedIncident>& incidents);

/// One incident for one reader.
struct IncidentPage {
  const PageRows& rows;
  std::string base;  ///< Path of public_url.
  std::string csrf;
  [[nodiscard]] std::string path() const;  ///< "/e/<link>" with the base before it.
};

/// A part of the incident page that may change while it is open. Its outermost element has the id by which the page's
/// module replaces it, and a `data-version` that tells whether it has to.
Node head_part(const IncidentPage& page);
Node capture_part(const IncidentPage& page, std::size_t index, std::optional<Node> packets);
/// Both parts and all that stays.
Node incident_page(const IncidentPage& page, std::size_t with_packets, std::optional<Node> packets);
/// {"settled", "parts": [...]}
std::string state_json(const IncidentPage& page);
bool all_settled(const PageRows& rows);

/// For the packets of one capture.
struct PacketsPage {
  const IncidentPage& page;
  std::size_t capture = 0;
  std::string filter{};
};
Node packet_table(const PacketsPage& page, const PacketList& list, std::optional<Node> opened = {},
                  std::uint64_t opened_number = 0);
Node packet_problem(const PacketsPage& page, std::string_view what);
Node detail_node(const PacketDetail& detail);

/// "Sun 22 Nov 2026 03:12:41.123 CET = 02:12:41.123 UTC"
std::string spoken_time(const Zone& zone, WallTime time);
/// The same without fractions: for a forecast.
std::string spoken_seconds(const Zone& zone, WallTime time);
/// "03:13:15 CET"
std::string spoken_clock(const Zone& zone, WallTime time);
/// "acme-acme-ips1-1734556221-0123456789ab.pcap": ASCII, made by us.
std::string capture_file_name(const PageRows& rows, const CaptureRow& capture);

}  // namespace exhibit::web
