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

}  // namespace

json demo_document(const DemoOptions& options, DemoWorld& world, const json& report) {
  std::vector<std::int64_t> to_ticket, to_sealed;
  std::uint64_t duplicates = 0;
  json tickets = json::array();
  json entries = report["tickets"];
  std::reverse(entries.begin(), entries.end());  // Oldest first.
  for (const json& entry : entries) {
    json stored = json::object();
    if (entry["remote_id"].is_string()) stored = world.read_desk(entry["correlation_id"].get<std::string>());
    const std::uint64_t matches = stored.value("matches", std::uint64_t{0});
    if (matches > 1) duplicates += matches - 1;
    tickets.push_back(ticket_of(entry, stored));
    const auto composed =
        world.composed_ns.find(entry["event_id"].is_string() ? entry["event_id"].get<std::string>() : "");
    const std::int64_t begin = composed != world.composed_ns.end() ? composed->second : ns_at(entry, "received_ns");
    if (const std::int64_t end = ns_at(entry, "ticket_ns"); end > 0) to_ticket.push_back(end - begin);
    for (const json& capture : entry["captures"]) {
      const auto completed =
          world.completed_ns.find(capture["log"].is_string() ? capture["log"].get<std::string>() : "");
      if (capture["sha256"].is_string() && completed != world.completed_ns.end())
        to_sealed.push_back(ns_at(capture, "settled_ns") - completed->second);
    }
  }
  const std::string scenario = !options.pcap.empty() ? "pcap" : !options.answers.empty() ? "answers" : "demo";
  return {
      {"scenario", scenario},
      {"alerts", report["alerts"]},
      {"incidents", report["incidents"]},
      {"gaps", report["gaps"]},
      {"duplicates", duplicates},
      {"tickets", tickets},
      {"milliseconds", {{"alert_to_ticket", percentiles(to_ticket)}, {"completed_to_sealed", percentiles(to_sealed)}}}};
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
    return settled && all && ticket["remote_id"].is_string() && ticket["title"].is_string();
  });
}

}  // namespace exhibit::host
