#include <algorithm>
#include <limits>

#include "base/limits.h"
#include "base/text.h"
#include "packet/capture_read.h"

// pcapng (draft-ietf-opsawg-pcapng): blocks of {type, total length, body, total length}. Each section names its own
// byte order and numbers its interfaces from 0.

namespace exhibit {
namespace {

namespace block {
constexpr std::uint32_t interface = 1, old_packet = 2, simple = 3, enhanced = 6, journal = 9, section = 0x0A0D'0D0A,
                        custom = 0x0000'0BAD, custom_not_copied = 0x4000'0BAD;
}

constexpr std::uint32_t block_max = 16U << 20;  // TShark's own limit.
constexpr std::size_t interfaces_max = 65'536;
constexpr std::int64_t second = 1'000'000'000;

std::uint64_t power_of_ten(unsigned exponent) {
  std::uint64_t value = 1;
  while (exponent-- > 0) value *= 10;
  return value;
}

struct Split {
  std::uint64_t seconds = 0;
  std::int64_t nanoseconds = 0;
};

/// Ticks of a clock of 10^n or 2^n ticks a second.
Split split_ticks(std::uint64_t ticks, std::uint8_t resolution) {
  const unsigned exponent = resolution & 0x7FU;
  if ((resolution & 0x80U) != 0) {
    if (exponent > 63) return {};
    const std::uint64_t seconds = ticks >> exponent;
    std::uint64_t fraction = exponent == 0 ? 0 : ticks & ((std::uint64_t{1} << exponent) - 1);
    const unsigned kept = std::min(exponent, 30U);  // 2^30 times 10^9 still fits.
    fraction >>= exponent - kept;
    return {seconds, static_cast<std::int64_t>((fraction * 1'000'000'000U) >> kept)};
  }
  if (exponent > 19) return {};
  const std::uint64_t unit = power_of_ten(exponent), fraction = ticks % unit;
  const std::uint64_t ns =
      exponent <= 9 ? fraction * power_of_ten(9 - exponent) : fraction / power_of_ten(exponent - 9);
  return {ticks / unit, static_cast<std::int64_t>(ns)};
}

std::optional<CaptureTime> stamp_of(std::uint64_t ticks, std::uint8_t resolution, std::int64_t offset) {
  const Split split = split_ticks(ticks, resolution);
  constexpr std::int64_t far = std::numeric_limits<std::int64_t>::max() / 2;
  if (split.seconds > static_cast<std::uint64_t>(far) || offset > far || offset < -far) return std::nullopt;
  return CaptureTime{static_cast<std::int64_t>(split.seconds) + offset, split.nanoseconds};
}

std::optional<WallTime> wall_of(const std::optional<CaptureTime>& stamp) {
  constexpr std::int64_t seconds_max = std::numeric_limits<std::int64_t>::max() / second - 1;
  if (!stamp || stamp->seconds > seconds_max || stamp->seconds < -seconds_max) return std::nullopt;
  return wall_from_ns(stamp->seconds * second + stamp->nanoseconds);
}

}  // namespace

Result<void> CaptureReader::open_pcapng() {
  format_ = Format::pcapng;
  if (!begin_section()) return Error{Errc::bad_input, "it begins like pcapng, but has no readable section header"};
  return {};
}

/// Looks at the section header at `at_` without taking it: its byte order rules how its own length is read.
bool CaptureReader::begin_section() {
  if (file_.size() - at_ < 28) return false;
  const ByteView head = file_.subspan(at_, 28);
  constexpr std::uint32_t order_magic = 0x1A2B'3C4D;
  big_endian_ = false;
  if (u32(head, 8) != order_magic) {
    big_endian_ = true;
    if (u32(head, 8) != order_magic) return false;
  }
  interfaces_.clear();
  return u16(head, 12) == 1;
}

std::optional<CaptureReader::Block> CaptureReader::read_block() {
  const std::size_t left = file_.size() - at_;
  if (left < 12) return fail("the file ends inside a block's header");
  Block read{.type = u32(file_, at_), .body = {}};
  if (read.type == block::section && !begin_section()) return fail("a section header that cannot be read");
  const std::uint32_t total = u32(file_, at_ + 4);
  if (total < 12 || total > block_max) return fail(cat("a block claims ", total, " bytes"));
  const std::size_t padded = (std::size_t{total} + 3) / 4 * 4;
  if (padded > left) return fail(cat("the file ends inside a block: ", left, " of ", total, " bytes"));
  const std::uint32_t again = u32(file_, at_ + padded - 4);
  if (again != total) return fail(cat("a block says ", total, " bytes at its start and ", again, " at its end"));
  read.body = file_.subspan(at_ + 8, padded - 12);
  return read;
}

std::optional<CapturePacket> CaptureReader::next_pcapng() {
  while (at_ != file_.size()) {
    const auto read = read_block();
    if (!read) return std::nullopt;
    auto packet = packet_of(*read);
    if (broken_) return std::nullopt;
    at_ += read->body.size() + 12;
    if (!packet) continue;
    packet->number = ++packets_;
    return packet;
  }
  return std::nullopt;
}

std::optional<CapturePacket> CaptureReader::packet_of(const Block& read) {
  const ByteView body = read.body;
  switch (read.type) {
    case block::interface: add_interface(body); return std::nullopt;
    case block::enhanced:
      if (body.size() < 20) return fail("a packet block is too short");
      return timed(body, u32(body, 0));
    case block::old_packet:
      if (body.size() < 20) return fail("a packet block is too short");
      return timed(body, u16(body, 0));
    case block::simple: return simple(body);
    case block::journal: return record(body, 0);
    case block::custom:
    case block::custom_not_copied: return record(body, 4);
    default: return std::nullopt;  // Names, statistics, secrets, and what is not known: skipped, as the format asks.
  }
}

bool CaptureReader::add_interface(ByteView body) {
  if (body.size() < 8 || interfaces_.size() == interfaces_max) return fail("an interface block is damaged"), false;
  Interface made{.link_type = u16(body, 0), .snaplen = u32(body, 4)};
  read_interface_options(body.subspan(8), made);
  interfaces_.push_back(made);
  return true;
}

void CaptureReader::read_interface_options(ByteView options, Interface& into) const {
  constexpr std::uint16_t end = 0, resolution = 9, offset = 14;
  while (options.size() >= 4) {
    const std::uint16_t code = u16(options, 0), length = u16(options, 2);
    options = options.subspan(4);
    if (code == end || length > options.size()) return;
    if (code == resolution && length == 1) into.resolution = options[0];
    if (code == offset && length == 8) {
      const std::uint64_t first = u32(options, 0), then = u32(options, 4);
      into.offset = static_cast<std::int64_t>(big_endian_ ? first << 32 | then : then << 32 | first);
    }
    options = options.subspan(std::min<std::size_t>((std::size_t{length} + 3) / 4 * 4, options.size()));
  }
}

/// Enhanced and old packet blocks: twenty bytes of header, the time in two halves, high one first.
std::optional<CapturePacket> CaptureReader::timed(ByteView body, std::uint32_t interface) {
  if (interface >= interfaces_.size())
    return fail(cat("a packet of interface ", interface, ", which was not described"));
  const std::uint32_t captured = u32(body, 12);
  if (captured > body.size() - 20) return fail(cat("a packet of ", captured, " bytes in a smaller block"));
  if (captured > limits::packet_bytes) return fail(cat("a packet claims ", captured, " bytes"));
  const Interface& from = interfaces_[interface];
  const std::uint64_t ticks = std::uint64_t{u32(body, 4)} << 32 | u32(body, 8);
  const auto stamp = stamp_of(ticks, from.resolution, from.offset);
  return CapturePacket{.number = 0,
                       .time = wall_of(stamp),
                       .stamp = stamp,
                       .captured = captured,
                       .length = u32(body, 16),
                       .link_type = from.link_type,
                       .interface = interface,
                       .bytes = body.subspan(20, captured)};
}

/// Of the section's first interface, without a time; cut at the interface's snapshot length.
std::optional<CapturePacket> CaptureReader::simple(ByteView body) {
  if (body.size() < 4) return fail("a simple packet block is too short");
  if (interfaces_.empty()) return fail("a simple packet before any interface was described");
  const Interface& from = interfaces_.front();
  const std::uint32_t length = u32(body, 0);
  const std::uint32_t captured = from.snaplen != 0 ? std::min(length, from.snaplen) : length;
  if (captured > body.size() - 4) return fail(cat("a packet of ", captured, " bytes in a smaller block"));
  if (captured > limits::packet_bytes) return fail(cat("a packet claims ", captured, " bytes"));
  return CapturePacket{.number = 0,
                       .time = std::nullopt,
                       .stamp = std::nullopt,
                       .captured = captured,
                       .length = length,
                       .link_type = from.link_type,
                       .interface = 0,
                       .bytes = body.subspan(4, captured)};
}

/// TShark counts these as frames, so an analyst's "frame 7" has to mean the same here.
std::optional<CapturePacket> CaptureReader::record(ByteView body, std::size_t header) {
  if (body.size() < header) return fail("a custom block is too short");
  const auto size = static_cast<std::uint32_t>(body.size() - header);
  return CapturePacket{.number = 0,
                       .time = std::nullopt,
                       .stamp = std::nullopt,
                       .captured = size,
                       .length = size,
                       .link_type = link_type::not_a_packet,
                       .interface = 0,
                       .bytes = body.subspan(header)};
}

}  // namespace exhibit
