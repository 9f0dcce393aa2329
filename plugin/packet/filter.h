#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "packet/capture_read.h"

namespace exhibit {

/// A capture filter in libpcap's language ("tcp port 80 and host 192.0.2.10").
///
/// Names of hosts, networks, ports and protocols are refused, because libpcap would look them up (in DNS, too): write
/// the number. A packet of another link type than the filter was made for gets its own compilation; where that fails
/// the packet does not match. Not thread-safe; movable.
class Filter {
 public:
  static constexpr std::size_t text_max = 2048;

  /// bad_input: libpcap's own words, or the name that would have been looked up. too_large: longer than text_max.
  /// The empty text matches every packet.
  static Result<Filter> compile(std::string_view text, std::uint32_t link_type);

  bool matches(const CapturePacket& packet);

  Filter(Filter&&) noexcept;
  Filter& operator=(Filter&&) noexcept;
  ~Filter();

 private:
  struct Programs;
  explicit Filter(std::unique_ptr<Programs> programs);

  std::unique_ptr<Programs> programs_;
};

}  // namespace exhibit
