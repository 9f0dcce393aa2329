#include "base/frame.h"

#include <algorithm>

namespace exhibit {
namespace {

constexpr std::size_t head_bytes = 16;
constexpr std::size_t payload_max = frame_bytes_max - head_bytes;
constexpr std::size_t open_max = 256;
constexpr std::uint8_t flag_more = 1;

void put(std::string& out, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i) & 0xFF);
}

std::uint64_t get(std::string_view bytes, std::size_t at, int count) {
  std::uint64_t value = 0;
  for (int i = count - 1; i >= 0; --i)
    value = value << 8 | static_cast<std::uint8_t>(bytes[at + static_cast<std::size_t>(i)]);
  return value;
}

}  // namespace

std::vector<std::string> frames_of(const Message& message) {
  std::vector<std::string> frames;
  std::string_view rest = message.payload;
  do {
    const std::string_view part = rest.substr(0, payload_max);
    rest.remove_prefix(part.size());
    std::string frame;
    put(frame, part.size(), 4);
    put(frame, static_cast<std::uint16_t>(message.kind), 2);
    put(frame, rest.empty() ? 0 : flag_more, 1);
    put(frame, 0, 1);
    put(frame, message.call, 8);
    frame += part;
    frames.push_back(std::move(frame));
  } while (!rest.empty());
  return frames;
}

Result<std::optional<Message>> MessageReader::take(std::string_view packet) {
  if (packet.size() < head_bytes || get(packet, 0, 4) != packet.size() - head_bytes)
    return Error{Errc::bad_input, "not a frame"};
  const auto kind = static_cast<FrameKind>(get(packet, 4, 2));
  if (kind < FrameKind::hello || kind > FrameKind::preview) return Error{Errc::bad_input, "a frame of an unknown kind"};
  const std::uint64_t call = get(packet, 8, 8);
  const auto [place, fresh] = open_.try_emplace(call, Message{.kind = kind, .call = call, .payload = {}});
  Message& message = place->second;
  if (message.kind != kind) return Error{Errc::bad_input, "a message that changes its kind"};
  if (open_.size() > open_max || message.payload.size() + packet.size() > message_bytes_max)
    return Error{Errc::too_large, "a message over its bound"};
  message.payload += packet.substr(head_bytes);
  if ((static_cast<std::uint8_t>(packet[6]) & flag_more) != 0) return std::optional<Message>();
  std::optional<Message> whole = std::move(message);
  open_.erase(place);
  return whole;
}

}  // namespace exhibit
