#include "packet/capture_read.h"

#include "base/limits.h"
#include "base/text.h"

namespace exhibit {
namespace {

constexpr std::uint32_t magic_micro = 0xA1B2'C3D4, magic_nano = 0xA1B2'3C4D, magic_modified = 0xA1B2'CD34;
constexpr std::uint32_t magic_section = 0x0A0D'0D0A;  // The same in both byte orders.
constexpr std::size_t file_header = 24;

std::uint32_t little(ByteView b) {
  return std::uint32_t{b[0]} | std::uint32_t{b[1]} << 8 | std::uint32_t{b[2]} << 16 | std::uint32_t{b[3]} << 24;
}

std::uint32_t big(ByteView b) {
  return std::uint32_t{b[3]} | std::uint32_t{b[2]} << 8 | std::uint32_t{b[1]} << 16 | std::uint32_t{b[0]} << 24;
}

bool is_pcap_magic(std::uint32_t magic) {
  return magic == magic_micro || magic == magic_nano || magic == magic_modified;
}

/// What the file seems to be instead, for the person who uploaded it.
std::string other_format(ByteView file) {
  const std::string_view text = as_text(file.first(std::min<std::size_t>(file.size(), 16)));
  if (file.empty()) return "the file is empty, so it is no capture";
  if (text.starts_with("snoop\0\0\0")) return "a Solaris snoop file, not pcap or pcapng";
  if (text.starts_with("\x1f\x8b")) return "a gzip file: unpack it first; it is not pcap or pcapng itself";
  if (text.starts_with("<")) return "a text with markup (a web page or XML), not pcap or pcapng";
  if (file.size() < file_header) return cat("only ", file.size(), " bytes, too short for a pcap header");
  return cat("not pcap or pcapng: the file begins with ", to_hex(file.first(4)));
}

}  // namespace

Result<CaptureReader> CaptureReader::open(ByteView file) {
  CaptureReader reader(file);
  if (file.size() >= 12 && little(file) == magic_section) {
    if (auto opened = reader.open_pcapng(); !opened) return opened.error();
    return reader;
  }
  if (file.size() < file_header || (!is_pcap_magic(little(file)) && !is_pcap_magic(big(file))))
    return Error{Errc::bad_input, other_format(file)};
  if (auto opened = reader.open_pcap(); !opened) return opened.error();
  return reader;
}

Result<void> CaptureReader::open_pcap() {
  big_endian_ = is_pcap_magic(big(file_));
  const std::uint32_t magic = u32(file_, 0);
  nanoseconds_ = magic == magic_nano;
  const std::uint16_t major = u16(file_, 4), minor = u16(file_, 6);
  if (major > 2) return Error{Errc::unsupported, cat("pcap version ", major, '.', minor, " is not known")};
  // Before 2.3 the two lengths of a record stood the other way round; 2.3 was written in both ways.
  if (major == 2 && minor < 3) lengths_ = Lengths::swapped;
  if (major == 2 && minor == 3) lengths_ = Lengths::swapped_if_odd;
  // The upper bits tell of a frame check sequence.
  interfaces_.push_back({.link_type = u32(file_, 20) & 0x03FF'FFFF, .snaplen = u32(file_, 16)});
  choose_record_form(magic == magic_modified);
  at_ = file_header;
  return {};
}

/// Old Linux and Nokia systems wrote longer record headers, some under the ordinary magic number; only the records
/// themselves tell. A damaged file, in which no form fits, is read in the ordinary form.
void CaptureReader::choose_record_form(bool modified) {
  record_header_ = modified ? 24 : 16;
  if (fit_of(record_header_) != Fit::nonsense) return;
  for (const std::size_t header : {16U, 24U, 20U, 28U})
    if (header != record_header_ && fit_of(header) == Fit::good) {
      record_header_ = header;
      return;
    }
}

/// How the first records look if their headers have this length. Only nonsense speaks against a form; for it speak two
/// whole records, because one may fit by chance.
CaptureReader::Fit CaptureReader::fit_of(std::size_t header) const {
  std::size_t at = file_header;
  int whole = 0;
  for (; whole < 3 && at != file_.size(); ++whole) {
    if (file_.size() - at < header) return Fit::cut;
    const std::uint32_t captured = u32(file_, at + 8), length = u32(file_, at + 12);
    if (captured > limits::packet_bytes || captured > length) return Fit::nonsense;
    if (u32(file_, at + 4) >= (nanoseconds_ ? 1'000'000'000U : 1'000'001U)) return Fit::nonsense;
    if (captured > file_.size() - at - header) return Fit::cut;
    at += header + captured;
  }
  return whole >= 2 ? Fit::good : Fit::cut;
}

std::optional<CapturePacket> CaptureReader::next() {
  if (broken_) return std::nullopt;
  return format_ == Format::pcap ? next_pcap() : next_pcapng();
}

std::optional<CapturePacket> CaptureReader::next_pcap() {
  if (at_ == file_.size()) return std::nullopt;
  if (file_.size() - at_ < record_header_) return fail("the file ends inside a packet's header");
  const ByteView header = file_.subspan(at_, record_header_);
  std::uint32_t captured = u32(header, 8), length = u32(header, 12);
  if (lengths_ == Lengths::swapped || (lengths_ == Lengths::swapped_if_odd && captured > length))
    std::swap(captured, length);
  if (captured > limits::packet_bytes) return fail(cat("a packet claims ", captured, " bytes"));
  const std::size_t left = file_.size() - at_ - record_header_;
  if (captured > left) return fail(cat("the file ends inside a packet: ", left, " of ", captured, " bytes"));
  const std::int64_t fraction = std::int64_t{u32(header, 4)} * (nanoseconds_ ? 1 : 1000);
  // A fraction of more than a second (some writers forgot the carry) is carried on.
  const CaptureTime stamp{u32(header, 0) + fraction / 1'000'000'000, fraction % 1'000'000'000};
  CapturePacket packet{.number = ++packets_,
                       .time = wall_from_ns(stamp.seconds * 1'000'000'000 + stamp.nanoseconds),
                       .stamp = stamp,
                       .captured = captured,
                       .length = length,
                       .link_type = interfaces_.front().link_type,
                       .interface = 0,
                       .bytes = file_.subspan(at_ + record_header_, captured)};
  at_ += record_header_ + captured;
  return packet;
}

std::optional<std::uint32_t> CaptureReader::link_type() const {
  if (interfaces_.empty()) return std::nullopt;
  return interfaces_.front().link_type;
}

std::nullopt_t CaptureReader::fail(std::string_view what) {
  broken_ = Error{Errc::corrupt, cat("damaged at byte ", at_, ", after packet ", packets_, ": ", what)};
  return std::nullopt;
}

std::uint16_t CaptureReader::u16(ByteView bytes, std::size_t at) const {
  const std::uint32_t first = bytes[at], second = bytes[at + 1];
  return static_cast<std::uint16_t>(big_endian_ ? first << 8 | second : second << 8 | first);
}

std::uint32_t CaptureReader::u32(ByteView bytes, std::size_t at) const {
  return big_endian_ ? big(bytes.subspan(at, 4)) : little(bytes.subspan(at, 4));
}

namespace link_type {

std::string name_of(std::uint32_t type) {
  switch (type) {
    case null: return "BSD null";
    case ethernet: return "Ethernet";
    case ppp:
    case ppp_hdlc: return "PPP";
    case ppp_ether: return "PPPoE";
    case raw_bsd:
    case raw_openbsd:
    case raw: return "raw IP";
    case chdlc: return "Cisco HDLC";
    case loop: return "OpenBSD loop";
    case sll: return "Linux cooked";
    case ipv4: return "raw IPv4";
    case ipv6: return "raw IPv6";
    case nflog: return "NFLOG";
    case sll2: return "Linux cooked v2";
    case not_a_packet: return "record that is no packet";
    default: return cat("link type ", type);
  }
}

}  // namespace link_type
}  // namespace exhibit
