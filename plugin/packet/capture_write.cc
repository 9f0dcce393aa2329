#include "packet/capture_write.h"

#include <algorithm>
#include <limits>

namespace exhibit {
namespace {

void put(Bytes& out, std::uint32_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

constexpr std::uint32_t snaplen = 262'144;

}  // namespace

Bytes capture_header(std::uint32_t link_type, CaptureTimes times) {
  Bytes file;
  put(file, times == CaptureTimes::nanoseconds ? 0xA1B2'3C4D : 0xA1B2'C3D4, 4);
  put(file, 2, 2);
  put(file, 4, 2);
  put(file, 0, 4);
  put(file, 0, 4);
  put(file, snaplen, 4);
  put(file, link_type, 4);
  return file;
}

void append_packet(Bytes& file, WallTime time, ByteView packet, std::size_t original_length, CaptureTimes times) {
  constexpr std::int64_t second = 1'000'000'000;
  constexpr std::int64_t last = std::int64_t{std::numeric_limits<std::uint32_t>::max()} * second + second - 1;
  const std::int64_t ns = std::clamp(ns_of(time), std::int64_t{0}, last);
  const std::int64_t fraction = ns % second;
  put(file, static_cast<std::uint32_t>(ns / second), 4);
  put(file, static_cast<std::uint32_t>(times == CaptureTimes::nanoseconds ? fraction : fraction / 1000), 4);
  put(file, static_cast<std::uint32_t>(packet.size()), 4);
  put(file, static_cast<std::uint32_t>(std::max(original_length, packet.size())), 4);
  file.insert(file.end(), packet.begin(), packet.end());
}

}  // namespace exhibit
