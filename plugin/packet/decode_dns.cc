#include "base/limits.h"
#include "base/text.h"
#include "packet/decode_walk.h"

// RFC 1035, RFC 6762 (mDNS), RFC 4795 (LLMNR).

namespace exhibit::decoding {
namespace {

constexpr std::size_t questions_max = 256, answers_max = 64, header_size = 12;
constexpr std::size_t name_max = 255;  // RFC 1035 2.3.4

struct Message {
  ByteView bytes;
  std::size_t at = 0;

  [[nodiscard]] bool has(std::size_t count) const { return bytes.size() - at >= count; }
  [[nodiscard]] std::uint16_t u16(std::size_t where) const {
    return static_cast<std::uint16_t>(bytes[where] << 8 | bytes[where + 1]);
  }
};

/// A name in text form, or nothing if it leaves the message, loops or is too long. Moves behind it.
/// "<Root>" is how TShark writes the name without labels; an empty text would look like no name at all.
std::optional<std::string> read_name(Message& message) {
  std::string name;
  std::size_t at = message.at;
  bool jumped = false;
  for (int jumps = 0; at < message.bytes.size();) {
    const std::uint8_t length = message.bytes[at];
    if (length == 0) {
      if (!jumped) message.at = at + 1;
      return name.empty() ? "<Root>" : name;
    }
    if ((length & 0xC0) == 0xC0) {
      if (at + 1 >= message.bytes.size() || ++jumps > limits::name_jumps) return std::nullopt;
      if (!jumped) message.at = at + 2;
      jumped = true;
      at = message.u16(at) & 0x3FFFU;
      continue;
    }
    if ((length & 0xC0) != 0 || at + 1 + length > message.bytes.size()) return std::nullopt;
    if (name.size() + length + 1 > name_max) return std::nullopt;
    if (!name.empty()) name += '.';
    name += as_text(message.bytes.subspan(at + 1, length));
    at += 1U + length;
  }
  return std::nullopt;
}

bool read_question(Message& message, Decoded& out) {
  auto name = read_name(message);
  if (!name || !message.has(4)) return false;
  message.at += 4;
  out.dns.push_back(std::move(*name));
  return true;
}

bool read_answer(Message& message, DnsInfo& info) {
  constexpr std::uint16_t a = 1, ns = 2, cname = 5, ptr = 12, aaaa = 28;
  if (!read_name(message) || !message.has(10)) return false;
  const std::uint16_t kind = message.u16(message.at), length = message.u16(message.at + 8);
  message.at += 10;
  if (!message.has(length)) return false;
  const ByteView data = message.bytes.subspan(message.at, length);
  if ((kind == a && length == 4) || (kind == aaaa && length == 16))
    info.answers.push_back(IpAddress::from_bytes(data).text());
  if (kind == cname || kind == ptr || kind == ns) {
    Message inner = message;
    if (auto name = read_name(inner)) info.answers.push_back(std::move(*name));
  }
  message.at += length;
  return true;
}

}  // namespace

void read_dns(Walk& walk, std::string_view layer) {
  if (!walk.have(header_size, "DNS")) return;
  const std::uint16_t flags = walk.u16(2);
  DnsInfo info{.id = walk.u16(0), .response = (flags & 0x8000U) != 0, .code = flags & 0xF, .answers = {}};
  const std::size_t questions = walk.u16(4), answers = walk.u16(6);
  Message message{walk.rest(), header_size};
  walk.take(layer, walk.left());
  std::size_t read = 0;
  while (read < std::min(questions, questions_max) && read_question(message, walk.out)) ++read;
  if (read < questions) walk.stop(cat("DNS question ", read + 1, " of ", questions, " cannot be read"));
  if (read == questions)
    for (std::size_t i = 0; i < std::min(answers, answers_max); ++i)
      if (!read_answer(message, info)) {
        walk.stop(cat("DNS answer ", i + 1, " of ", answers, " cannot be read"));
        break;
      }
  walk.out.dns_info = std::move(info);
}

}  // namespace exhibit::decoding
