#include <algorithm>

#include "base/text.h"
#include "packet/capture_write.h"
#include "sensorproto/sim/sensor.h"

/// What /cgi-bin/iplog-server answers.
namespace exhibit::sim {
namespace {

HttpReply xml_fault(std::string_view code, std::string_view reason) {
  return {.headers = {{"Content-Type", "text/xml"}},
          .body = envelope({.session = std::string(32, '0'), .remaining = std::nullopt}, fault_body(code, reason))};
}

HttpReply not_found() { return xml_fault("errNotFound", "The requested IP log does not exist"); }
HttpReply not_ready() { return xml_fault("errInUse", "The IP log is still being written"); }

/// No bytes for packets give the head of the file alone.
Bytes capture_of(const IpLog& log, WallTime now, std::size_t bytes_max) {
  Bytes file = capture_header(log.link_type);
  for (const LoggedPacket& packet : log.packets) {
    if (file.size() + 16 + packet.bytes.size() > bytes_max) break;
    if (log.recording && packet.time > now) continue;
    append_packet(file, packet.time, packet.bytes, packet.original_length);
  }
  return file;
}

void turn(Bytes& file, std::size_t at, std::size_t length) {
  std::reverse(file.begin() + static_cast<std::ptrdiff_t>(at), file.begin() + static_cast<std::ptrdiff_t>(at + length));
}

std::size_t little_endian_32(const Bytes& file, std::size_t at) {
  return file[at] | static_cast<std::size_t>(file[at + 1]) << 8 | static_cast<std::size_t>(file[at + 2]) << 16 |
         static_cast<std::size_t>(file[at + 3]) << 24;
}

Bytes big_endian(Bytes file) {
  for (const auto& [at, length] : {std::pair{0U, 4U}, {4U, 2U}, {6U, 2U}, {8U, 4U}, {12U, 4U}, {16U, 4U}, {20U, 4U}})
    turn(file, at, length);
  for (std::size_t at = 24; at + 16 <= file.size();) {
    const std::size_t captured = little_endian_32(file, at + 8);
    for (std::size_t field = 0; field < 16; field += 4) turn(file, at + field, 4);
    at += 16 + captured;
  }
  return file;
}

}  // namespace

HttpReply Sensor::ip_log(const HttpRequest& request) {
  const bool post = request.method == "POST";
  if (post ? options_.iplog_get_only : request.method != "GET") return {.status = 405, .headers = {{"Allow", "GET"}}};
  Parameters parameters = parse_form(request.query);
  if (post) parameters.merge(parse_form(request.body));
  const auto fault = faults_.meet("iplog");
  const std::string_view kind = fault ? std::string_view(*fault) : std::string_view();
  if (!login(request)) return spoil("401", {});
  const auto id = parse_number<std::uint64_t>(value_of(parameters, "ipLogId"));
  const IpLog* const log = id ? ring_.find(*id) : nullptr;
  if (kind == "not-ready") return not_ready();
  if (log == nullptr || kind == "gone") return fault ? spoil(kind, not_found()) : not_found();
  if (log->recording && kind != "partial" && kind != "header-only")
    return fault ? spoil(kind, not_ready()) : not_ready();
  return ip_log_file(*log, kind);
}

HttpReply Sensor::ip_log_file(const IpLog& log, std::string_view fault) {
  IpLog stranger;
  stranger.packets = {
      {.time = clock_() - std::chrono::hours(24 * 365), .bytes = icmp_echo("192.0.2.250", "192.0.2.251", 1)}};
  Bytes file =
      capture_of(fault == "foreign" ? stranger : log, clock_(), fault == "header-only" ? 0 : options_.log_bytes_max);
  if (fault == "big-endian") file = big_endian(std::move(file));
  if (fault == "cut-record") file.resize(file.size() > 40 ? file.size() - 7 : file.size());
  HttpReply reply{.body = std::string(as_text(file))};
  if (fault != "no-type")
    reply.headers.push_back({"Content-Type", fault == "wrong-type" ? "text/plain" : "application/octet-stream"});
  say_(cat(R"({"event":"log-fetched","log":")", log.id, R"(","at_ns":")", ns_of(clock_()), R"("})"));
  return fault.empty() ? reply : spoil(fault, std::move(reply));
}

}  // namespace exhibit::sim
