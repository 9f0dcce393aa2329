#include "packet/decode_walk.h"

// RFC 8446, RFC 6066 3 (server name), RFC 7301 (ALPN), and the SSLv2 ClientHello of RFC 5246 E.2. Reads what is in this
// packet; a hello that goes on in the next one is read as far as it stands here.

namespace exhibit::decoding {
namespace {

constexpr std::size_t record_max = 16'384 + 2048, names_max = 32;

namespace content {
constexpr std::uint8_t change_cipher_spec = 20, alert = 21, handshake = 22, application_data = 23;
}

/// Bytes that end where they end: every read says whether it was inside.
struct Reader {
  ByteView bytes;

  [[nodiscard]] bool has(std::size_t count) const { return bytes.size() >= count; }
  std::uint32_t number(std::size_t width) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < width; ++i) value = value << 8 | bytes[i];
    bytes = bytes.subspan(width);
    return value;
  }
  /// A vector with a length in front, cut at the end of what is there.
  Reader vector(std::size_t width) {
    if (!has(width)) return {};
    return part(number(width));
  }
  Reader part(std::size_t length) {
    const Reader inner{bytes.first(std::min(length, bytes.size()))};
    bytes = bytes.subspan(inner.bytes.size());
    return inner;
  }
};

void read_server_name(Reader body, Decoded& out) {
  Reader list = body.vector(2);
  while (list.has(3)) {
    const std::uint32_t kind = list.number(1), length = list.number(2);
    if (!list.has(length)) return;
    const Reader name = list.part(length);
    if (kind == 0 && !out.sni) out.sni = std::string(as_text(name.bytes));
  }
}

void read_alpn(Reader body, TlsInfo& tls) {
  Reader list = body.vector(2);
  while (list.has(1) && tls.alpn.size() < names_max) {
    const std::uint32_t length = list.number(1);
    if (!list.has(length)) return;
    tls.alpn.emplace_back(as_text(list.part(length).bytes));
  }
}

void read_versions(Reader body, bool client, TlsInfo& tls) {
  Reader list = client ? body.vector(1) : body;
  while (list.has(2) && tls.versions.size() < names_max)
    tls.versions.push_back(static_cast<std::uint16_t>(list.number(2)));
}

void read_extensions(Reader list, bool client, Decoded& out) {
  constexpr std::uint32_t server_name = 0, alpn = 16, supported_versions = 43;
  while (list.has(4)) {
    const std::uint32_t kind = list.number(2);
    const Reader body = list.vector(2);
    if (kind == server_name && client) read_server_name(body, out);
    if (kind == alpn) read_alpn(body, *out.tls);
    if (kind == supported_versions) read_versions(body, client, *out.tls);
  }
}

void read_hello(Reader hello, bool client, Decoded& out) {
  if (!hello.has(34)) return;
  TlsInfo& tls = *out.tls;
  (client ? tls.client_hello : tls.server_hello) = true;
  tls.version = static_cast<std::uint16_t>(hello.number(2));
  (void)hello.part(32);
  (void)hello.vector(1);
  if (client) {
    (void)hello.vector(2);
    (void)hello.vector(1);
  } else {
    (void)hello.part(3);
  }
  read_extensions(hello.vector(2), client, out);
}

void read_handshake(Reader messages, Decoded& out) {
  constexpr std::uint32_t client_hello = 1, server_hello = 2;
  while (messages.has(4)) {
    const std::uint32_t kind = messages.number(1);
    const Reader body = messages.vector(3);
    if (kind != client_hello && kind != server_hello) return;  // Certificates, or bytes that are encrypted already.
    read_hello(body, kind == client_hello, out);
  }
}

void read_alert(Reader record, TlsInfo& tls) {
  if (record.bytes.size() != 2 || tls.alert_level) return;  // An encrypted alert is longer.
  tls.alert_level = static_cast<std::uint8_t>(record.number(1));
  tls.alert_description = static_cast<std::uint8_t>(record.number(1));
}

bool is_record(ByteView bytes) {
  if (bytes.size() < 5) return false;
  const std::size_t length = std::size_t{bytes[3]} << 8 | bytes[4];
  return bytes[0] >= content::change_cipher_spec && bytes[0] <= content::application_data && bytes[1] == 3 &&
         bytes[2] <= 4 && length > 0 && length <= record_max;
}

bool is_sslv2_hello(ByteView bytes) {
  if (bytes.size() < 11 || (bytes[0] & 0x80) == 0 || bytes[2] != 1) return false;
  const std::size_t length = (bytes[0] & 0x7FU) << 8U | bytes[1];
  const bool version = (bytes[3] == 0 && bytes[4] == 2) || (bytes[3] == 3 && bytes[4] <= 4);
  const std::size_t ciphers = std::size_t{bytes[5]} << 8 | bytes[6];
  return version && length + 2 == bytes.size() && ciphers % 3 == 0 && ciphers > 0;
}

}  // namespace

bool read_tls(Walk& walk) {
  const ByteView payload = walk.rest();
  if (is_sslv2_hello(payload)) {
    walk.out.tls = TlsInfo{};
    walk.out.tls->client_hello = true;
    walk.out.tls->version = static_cast<std::uint16_t>(payload[3] << 8 | payload[4]);
    walk.take("tls", walk.left());
    return true;
  }
  if (!is_record(payload)) return false;
  walk.out.tls = TlsInfo{};
  Reader records{payload};
  while (is_record(records.bytes)) {
    const auto kind = static_cast<std::uint8_t>(records.number(1));
    const auto version = static_cast<std::uint16_t>(records.number(2));
    if (walk.out.tls->version == 0) walk.out.tls->version = version;
    const std::size_t length = records.number(2);
    const bool whole = records.has(length);
    const Reader record = records.part(length);
    if (kind == content::handshake) read_handshake(record, walk.out);
    if (kind == content::alert && whole) read_alert(record, *walk.out.tls);
  }
  walk.take("tls", walk.left());
  return true;
}

}  // namespace exhibit::decoding
