#include "host/demo_document.h"

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <vector>

namespace exhibit::host {
namespace {

using nlohmann::json;

std::int64_t ns_at(const json& object, const char* key) {
  return object.contains(key) && object[key].is_string()
             ? std::strtoll(object[key].get<std::string>().c_str(), nullptr, 10)
             : 0;
}

json percentiles(std::vector<std::int64_t> nanoseconds) {
  if (nanoseconds.empty()) return {{"p50", nullptr}, {"p99", nullptr}};
  std::sort(nanoseconds.begin(), nanoseconds.end());
  const auto at = [&](std::size_t percent) {
    const std::size_t rank = (nanoseconds.size() * percent + 99) / 100;
    return static_cast<double>(nanoseconds[std::max<std::size_t>(rank, 1) - 1] / 1000) / 1000.0;
  };
  return {{"p50", at(50)}, {"p99", at(99)}};
}

json capture_of(const json& from) {
  json capture;
  for (const char* key : {"state", "cause", "sha256", "packets", "bytes", "answer"})
    capture[key] = from.value(key, json());
  return capture;
}

json ticket_of(const json& entry, const json& stored) {
  json ticket = {{"desk", entry["desk"]},
                 {"remote_id", entry["remote_id"]},
                 {"number", entry["number"]},
                 {"correlation_id", entry["correlation_id"]},
                 {"alerts", entry["alerts"]}};
  for (const char* key : {"title", "public_text", "internal_text"}) ticket[key] = stored.value(key, json());
  ticket["notes"] = stored.value("notes", json::array());
  ticket["link"] = entry["link"];
  ticket["attachments"] = json::array();
  for (const json& file : stored.value("attachments", json::array()))
    ticket["attachments"].push_back({{"name", file.value("name", json())},
                                     {"bytes", file.value("bytes", json())},
                                     {"sha256", file.value("sha256", json())}});
  ticket["capture"] = capture_of(entry["capture"]);
  ticket["captures"] = json::array();
  for (const json& capture : entry["captures"]) ticket["captures"].push_back(capture_of(capture));
  return ticket;
}

/// What the tenants' reports add up to.
struct Sums {
  std::uint64_t alerts = 0, incidents = 0, gaps = 0, duplicates = 0;
  std::vector<std::int64_t> to_ticket, to_sealed;
  json tickets = json::array();
};

void add_ticket(const DemoTenant& tenant, DemoWorld& world, const json& entry, Sums& sums) {
  json stored = json::object();
  if (entry["ticket_ns"].is_string()) stored = world.read_desk(tenant, entry["correlation_id"].get<std::string>());
  const std::uint64_t matches = stored.value("matches", std::uint64_t{0});
  if (matches > 1) sums.duplicates += matches - 1;
  sums.tickets.push_back(ticket_of(entry, stored));
  const auto composed =
      tenant.composed_ns.find(entry["event_id"].is_string() ? entry["event_id"].get<std::string>() : "");
  const std::int64_t begin = composed != tenant.composed_ns.end() ? composed->second : ns_at(entry, "received_ns");
  if (const std::int64_t end = ns_at(entry, "ticket_ns"); end > 0) sums.to_ticket.push_back(end - begin);
  for (const json& capture : entry["captures"]) {
    const auto completed =
        tenant.completed_ns.find(capture["log"].is_string() ? capture["log"].get<std::string>() : "");
    if (capture["sha256"].is_string() && completed != tenant.completed_ns.end())
      sums.to_sealed.push_back(ns_at(capture, "settled_ns") - completed->second);
  }
}

}  // namespace

json demo_document(const DemoOptions& options, DemoWorld& world, const std::vector<json>& reports) {
  Sums sums;
  for (std::size_t i = 0; i < reports.size(); ++i) {
    const json& report = reports[i];
    sums.alerts += report.value("alerts", std::uint64_t{0});
    sums.incidents += report.value("incidents", std::uint64_t{0});
    sums.gaps += report.value("gaps", std::uint64_t{0});
    json entries = report["tickets"];
    std::reverse(entries.begin(), entries.end());  // Oldest first.
    for (const json& entry : entries) add_ticket(world.tenants()[i], world, entry, sums);
  }
  const std::string scenario = !options.pcap.empty() ? "pcap" : !options.answers.empty() ? "answers" : "demo";
  return {{"scenario", scenario},
          {"alerts", sums.alerts},
          {"incidents", sums.incidents},
          {"gaps", sums.gaps},
          {"duplicates", sums.duplicates},
          {"tickets", sums.tickets},
          {"milliseconds",
           {{"alert_to_ticket", percentiles(sums.to_ticket)}, {"completed_to_sealed", percentiles(sums.to_sealed)}}}};
}

bool demo_succeeded(const json& document) {
  if (document["duplicates"] != 0 || document["tickets"].size() != document["incidents"].get<std::size_t>())
    return false;
  return std::all_of(document["tickets"].begin(), document["tickets"].end(), [](const json& ticket) {
    const std::string state = ticket["capture"].value("state", "");
    const bool settled = state == "sealed-complete" || state == "sealed-partial" ||
                         ((state == "lost" || state == "none") && ticket["capture"]["cause"].is_string());
    const bool all = std::all_of(ticket["captures"].begin(), ticket["captures"].end(), [](const json& capture) {
      const std::string each = capture.value("state", "");
      return each.starts_with("sealed-") || (each == "lost" && capture["cause"].is_string());
    });
    return settled && all && ticket["title"].is_string();
  });
}

}  // namespace exhibit::host
