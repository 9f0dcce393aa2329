#include "packet/decode.h"

#include "base/limits.h"
#include "base/text.h"
#include "packet/decode_walk.h"

namespace exhibit {
namespace decoding {

bool Walk::have(std::size_t count, std::string_view layer) {
  if (left() >= count) return true;
  stop(cat(layer, " header cut: ", left(), " of ", count, " bytes"));
  return false;
}

bool Walk::full() {
  if (out.layers.size() < std::size_t{limits::layers_per_packet}) return false;
  stop(cat("more than ", limits::layers_per_packet, " layers"));
  return true;
}

void Walk::take(std::string_view name, std::size_t length) {
  if (full()) return;  // A step may take two.
  out.layers.push_back({name, static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(length)});
  at += length;
}

void Walk::bound(std::size_t length) {
  if (length < claimed - std::min(at, claimed)) claimed = at + length;
  end = std::min(end, claimed);
}

void Walk::stop(std::string reason) {
  if (out.stopped.empty()) out.stopped = std::move(reason);
  next = nullptr;
}

void Walk::mark_payload() {
  out.payload_offset = static_cast<std::uint32_t>(at);
  out.payload_length = static_cast<std::uint32_t>(left());
  out.payload_claimed = static_cast<std::uint32_t>(std::max(claimed, end) - at);
}

namespace {

Step of_link(std::uint32_t type) {
  switch (type) {
    case link_type::ethernet: return ethernet;
    case link_type::null:
    case link_type::loop: return null_loopback;
    case link_type::ppp:
    case link_type::ppp_hdlc: return ppp_or_hdlc;
    case link_type::ppp_ether: return pppoe_session;
    case link_type::raw_bsd:
    case link_type::raw_openbsd:
    case link_type::raw: return ip_any;
    case link_type::ipv4: return ipv4;
    case link_type::ipv6: return ipv6;
    case link_type::chdlc: return hdlc;
    case link_type::sll: return linux_cooked;
    case link_type::sll2: return linux_cooked2;
    case link_type::nflog: return nflog;
    default: return nullptr;
  }
}

/// Ethernet with a type we know and, if that is IP, an IP header that fits.
bool looks_like_ethernet(ByteView bytes) {
  if (bytes.size() < 14) return false;
  std::size_t at = 12;
  auto type = [&] { return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]); };
  while ((type() == 0x8100 || type() == 0x88A8) && bytes.size() >= at + 6) at += 4;
  if (type() == 0x0800 || type() == 0x86DD) return looks_like_ip(bytes.subspan(at + 2));
  return of_ethertype(type()) != nullptr;
}

/// The same bar, lowered for a packet that an alert carried cut short: the version and the EtherType agree.
bool could_be_ethernet(ByteView bytes) {
  if (bytes.size() < 15) return false;
  const unsigned type = unsigned{bytes[12]} << 8 | bytes[13], version = bytes[14] >> 4;
  return (type == 0x0800 && version == 4) || (type == 0x86DD && version == 6);
}

bool could_be_ip(ByteView bytes) {
  if (bytes.empty()) return false;
  const unsigned version = bytes[0] >> 4;
  return (version == 4 && (bytes[0] & 0xFU) >= 5) || version == 6;
}

/// The headers of other captures, told by their own marks and by the IP packet behind them.
std::optional<std::uint32_t> other_link(ByteView bytes) {
  const auto ip_at = [&](std::size_t at) { return bytes.size() > at && looks_like_ip(bytes.subspan(at)); };
  const auto u16 = [&](std::size_t at) { return unsigned{bytes[at]} << 8 | bytes[at + 1]; };
  const auto is_ip = [](unsigned type) { return type == 0x0800 || type == 0x86DD; };
  if (ip_at(16) && is_ip(u16(14))) return link_type::sll;
  if (ip_at(20) && is_ip(u16(0))) return link_type::sll2;
  if (!ip_at(4)) return std::nullopt;
  if (u16(0) == 0x0F00 || u16(0) == 0x8F00) return link_type::chdlc;
  return u16(0) == 0xFF03 ? link_type::ppp : link_type::null;
}

std::uint32_t guess_link(ByteView bytes) {
  if (looks_like_ethernet(bytes)) return link_type::ethernet;
  if (looks_like_ip(bytes)) return link_type::raw;
  if (const auto other = other_link(bytes)) return *other;
  if (could_be_ethernet(bytes)) return link_type::ethernet;
  if (could_be_ip(bytes)) return link_type::raw;
  return link_unknown;
}

/// The given type is overruled only by proof: it does not fit and another one does.
std::uint32_t corrected_link(ByteView bytes, std::uint32_t type) {
  if (type == link_unknown) return guess_link(bytes);
  if (type == link_type::not_a_packet) return type;
  if (of_link(type) == nullptr) {
    if (looks_like_ethernet(bytes)) return link_type::ethernet;
    return looks_like_ip(bytes) ? link_type::raw : type;
  }
  if (type == link_type::ethernet) {
    if (bytes.size() >= 20 && looks_like_ip(bytes) && !looks_like_ethernet(bytes)) return link_type::raw;
    return type;
  }
  if (of_link(type) == ip_any && !could_be_ip(bytes) && looks_like_ethernet(bytes)) return link_type::ethernet;
  return type;
}

void run(Walk& walk) {
  while (walk.next != nullptr) {
    if (walk.full()) return;
    const Step step = walk.next;
    walk.next = nullptr;
    step(walk);
  }
}

}  // namespace
}  // namespace decoding

bool Decoded::has(std::string_view layer) const {
  return std::any_of(layers.begin(), layers.end(), [&](const Layer& each) { return each.name == layer; });
}

Decoded decode(ByteView bytes, std::uint32_t link_type, std::size_t original_length) {
  Decoded out;
  out.layers.reserve(6);
  bytes = bytes.first(std::min(bytes.size(), limits::packet_bytes));
  out.link_type = decoding::corrected_link(bytes, link_type);
  out.guessed_link = out.link_type != link_type;
  decoding::Walk walk{.bytes = bytes,
                      .end = bytes.size(),
                      .claimed = std::max(bytes.size(), std::min<std::size_t>(original_length, 0xFFFF'FFFF)),
                      .out = out,
                      .next = decoding::of_link(out.link_type)};
  walk.mark_payload();
  if (walk.next == nullptr) {
    if (out.link_type == link_unknown) out.guessed_link = false;
    walk.stop(out.link_type == link_unknown ? "the link type is unknown, and neither Ethernet nor IP fits"
                                            : cat(link_type::name_of(out.link_type), " is not decoded"));
  }
  decoding::run(walk);
  return out;
}

}  // namespace exhibit
