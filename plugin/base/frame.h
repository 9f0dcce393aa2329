#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

/// How the plugin and its adapter runner talk: over a sequenced-packet socket, a packet being one frame, and a message
/// one or more frames. Pure: bytes in, messages out.
///
///   frame   = length kind flags reserved call payload      all little-endian, 16 bytes before the payload
///   length  = 4 bytes, of the payload     kind = 2 bytes     flags = 1 byte, bit 0: more frames of this message follow
///   call    = 8 bytes; an answer carries the number of its question
namespace exhibit {

enum class FrameKind : std::uint16_t {
  hello = 1,  ///< Runner: what its module describes; or why there is none.
  open,       ///< Plugin: {"link", "config"}
  probe,      ///< Plugin: {"link"}
  apply,      ///< Plugin: {"link", "op"}; evidence as descriptors beside the first frame
  find,       ///< Plugin: {"link", "op"}
  read,       ///< Plugin: {"link", "ticket"}
  cancel,     ///< Plugin: the call that shall end soon; has no answer of its own
  result,     ///< Runner: {"rc", "result"}
  log,        ///< Runner: {"level", "text"}; call 0
  poll,       ///< Plugin: {"link", "request"}
  preview,    ///< Plugin: {"link", "op"}
};

inline constexpr std::size_t frame_bytes_max = 64U << 10;
inline constexpr std::size_t message_bytes_max = 4U << 20;
inline constexpr std::size_t descriptors_max = 8;

struct Message {
  FrameKind kind = FrameKind::hello;
  std::uint64_t call = 0;
  std::string payload;
};

/// The packets of a message, each at most frame_bytes_max.
std::vector<std::string> frames_of(const Message& message);

/// Puts frames together; messages of different calls may be interleaved. Not thread-safe.
class MessageReader {
 public:
  /// A whole message, or nothing yet. bad_input: not a frame. too_large: a message over its bound, or too many at once.
  Result<std::optional<Message>> take(std::string_view packet);

 private:
  std::map<std::uint64_t, Message> open_;
};

}  // namespace exhibit
