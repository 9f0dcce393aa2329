#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "packet/answer.h"

/// What the page shows of a capture's packets. Pure, any thread; work is linear in the file's size.
namespace exhibit::web {

inline constexpr std::size_t rows_max = 500;

struct PacketRow {
  std::uint64_t number = 0;
  std::string time;  ///< Since the capture's first packet: "0.041203".
  std::string source, target, info;
  bool in_flow = false;  ///< Of the alert's own flow.
  bool from_target = false;
  bool answers = false;  ///< From the target, with payload.
};

struct PacketList {
  std::vector<PacketRow> rows;  ///< At most rows_max, those that match.
  std::uint64_t matching = 0, packets = 0;
  std::uint64_t skipped = 0;  ///< Matching ones before the first row.
  std::string broken;         ///< Where the file breaks off.
};

/// bad_input: no capture, or the filter's mistake in libpcap's words.
Result<PacketList> list_packets(ByteView file, const std::optional<AlertFlow>& flow, std::string_view filter,
                                std::uint64_t skip);

struct PacketDetail {
  std::uint64_t number = 0;
  std::string summary, time_utc;
  std::vector<std::string> layers;
  std::string payload;  ///< As text when most of it is printable; else empty.
  std::string hex;
};

/// One packet in full. `link_type` may be link_unknown.
PacketDetail packet_detail(ByteView bytes, std::uint32_t link_type, std::size_t original_length);
/// not_found: the capture has no packet of this number.
Result<PacketDetail> packet_detail(ByteView file, std::uint64_t number);

}  // namespace exhibit::web
