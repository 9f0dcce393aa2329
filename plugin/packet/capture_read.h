#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/values.h"

namespace exhibit {

/// A time as the file says it. A broken clock can lie beyond the year 2262, where WallTime ends.
struct CaptureTime {
  std::int64_t seconds = 0;      ///< Since 1970.
  std::int64_t nanoseconds = 0;  ///< 0 to 999,999,999.

  bool operator==(const CaptureTime&) const = default;
};

/// One packet of a capture file. `bytes` looks into the file that the reader was given.
struct CapturePacket {
  std::uint64_t number = 0;  ///< From 1, as analysts count.
  std::optional<WallTime>
      time;  ///< None where the file has none (pcapng simple packets) or it is beyond the year 2262.
  std::optional<CaptureTime> stamp;  ///< The same time, also where `time` cannot hold it.
  std::uint32_t captured = 0;        ///< Bytes kept.
  std::uint32_t length = 0;          ///< Bytes on the wire.
  std::uint32_t link_type = 0;       ///< LINKTYPE_, as the file says.
  std::uint32_t interface = 0;       ///< pcapng: index in its section. Classic pcap: 0.
  ByteView bytes;
};

/// Reads a capture file from memory: classic pcap (both byte orders, micro- and nanoseconds, the modified variants of
/// old Linux systems) and pcapng (several interfaces and sections, both byte orders). It reads what TShark reads: files
/// whose interfaces differ in link type included, at which libpcap stops.
///
/// Copies no packet, allocates one small record an interface, and does work linear in the size of the file. A damaged
/// file gives every packet before the damage; then `next` gives nothing and `broken` says what and where.
/// Not thread-safe; the bytes must outlive the reader and its packets.
class CaptureReader {
 public:
  enum class Format { pcap, pcapng };

  /// bad_input: no pcap and no pcapng file (snoop, a gzip file, an empty file, a web page ... the text says which).
  static Result<CaptureReader> open(ByteView file);

  /// The next packet, or nothing at the end or at the damage.
  std::optional<CapturePacket> next();
  /// corrupt: the file breaks off or contradicts itself; the text names the byte offset and the packet.
  [[nodiscard]] const std::optional<Error>& broken() const { return broken_; }
  [[nodiscard]] Format format() const { return format_; }
  /// Packets given so far.
  [[nodiscard]] std::uint64_t packets() const { return packets_; }
  /// Classic pcap: the file's link type. pcapng: that of the first interface seen so far, or nothing.
  [[nodiscard]] std::optional<std::uint32_t> link_type() const;

 private:
  struct Interface {
    std::uint32_t link_type = 0;
    std::uint32_t snaplen = 0;
    std::uint8_t resolution = 6;  // if_tsresol as written: the high bit means a power of two.
    std::int64_t offset = 0;      // if_tsoffset, seconds.
  };
  struct Block {
    std::uint32_t type = 0;
    ByteView body;
  };

  enum class Fit : std::uint8_t { good, cut, nonsense };

  explicit CaptureReader(ByteView file) : file_(file) {}

  Result<void> open_pcap();
  Result<void> open_pcapng();
  void choose_record_form(bool modified);
  [[nodiscard]] Fit fit_of(std::size_t header) const;
  std::optional<CapturePacket> next_pcap();
  std::optional<CapturePacket> next_pcapng();

  std::optional<Block> read_block();
  bool begin_section();
  bool add_interface(ByteView body);
  void read_interface_options(ByteView options, Interface& into) const;
  std::optional<CapturePacket> packet_of(const Block& block);
  std::optional<CapturePacket> timed(ByteView body, std::uint32_t interface);
  std::optional<CapturePacket> simple(ByteView body);
  std::optional<CapturePacket> record(ByteView body, std::size_t header);

  std::nullopt_t fail(std::string_view what);
  [[nodiscard]] std::uint16_t u16(ByteView bytes, std::size_t at) const;
  [[nodiscard]] std::uint32_t u32(ByteView bytes, std::size_t at) const;

  ByteView file_;
  std::size_t at_ = 0;
  Format format_ = Format::pcap;
  bool big_endian_ = false;
  bool nanoseconds_ = false;
  std::size_t record_header_ = 16;  // 24 in the modified variants.
  enum class Lengths : std::uint8_t { normal, swapped, swapped_if_odd } lengths_ = Lengths::normal;
  std::uint64_t packets_ = 0;
  std::vector<Interface> interfaces_;
  std::optional<Error> broken_;
};

/// Link types that have a name of their own here (https://www.tcpdump.org/linktypes.html).
namespace link_type {
inline constexpr std::uint32_t null = 0, ethernet = 1, ppp = 9, raw_bsd = 12, raw_openbsd = 14, ppp_hdlc = 50,
                               ppp_ether = 51, raw = 101, chdlc = 104, loop = 108, sll = 113, ipv4 = 228, ipv6 = 229,
                               nflog = 239, sll2 = 276;
/// No packet at all but a record of another kind (a pcapng custom block), kept so that frame numbers agree with TShark.
inline constexpr std::uint32_t not_a_packet = 0xFFFF'FFFE;
/// "Ethernet", "raw IP"; for others "link type 147".
std::string name_of(std::uint32_t type);
}  // namespace link_type

}  // namespace exhibit
