// Any bytes, under each link type: bounded layers, nothing past the end, texts that are UTF-8 on one line. The first
// byte picks the link type.

#include <array>

#include "base/limits.h"
#include "base/text.h"
#include "packet/capture_read.h"
#include "packet/decode.h"
#include "packet/flow.h"
#include "packet/summary.h"
#include "tests/fuzz/fuzz_input.h"

namespace {

using namespace exhibit;

using fuzz::demand;

void one_packet(ByteView bytes, std::uint32_t link, std::size_t length) {
  const Decoded decoded = decode(bytes, link, length);
  demand(decoded.layers.size() <= static_cast<std::size_t>(limits::layers_per_packet), "layers are bounded");
  for (const Layer& layer : decoded.layers)
    demand(std::size_t{layer.offset} + layer.length <= bytes.size(), "a layer lies inside the packet");
  demand(payload_of(decoded, bytes).size() == decoded.payload_length, "the payload lies inside the packet");
  const CapturePacket packet{.number = 1,
                             .time = std::nullopt,
                             .stamp = std::nullopt,
                             .captured = static_cast<std::uint32_t>(bytes.size()),
                             .length = static_cast<std::uint32_t>(length),
                             .link_type = link,
                             .interface = 0,
                             .bytes = bytes};
  for (const std::string& line : {decode_json_line(packet, decoded), decode_text_line(packet, decoded)})
    demand(is_utf8(line) && fuzz::is_clean(line), "a packet is told on one clean line");
  for (const std::string& line : layered_text(decoded, bytes))
    demand(is_utf8(line) && fuzz::is_clean(line), "each line of a packet is clean");
  (void)flow_of(decoded);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::array<std::uint32_t, 18> links = {
      1, 0, 9, 12, 14, 50, 51, 101, 104, 108, 113, 147, 228, 229, 239, 276, link_type::not_a_packet, link_unknown};
  if (size == 0) return 0;
  const ByteView bytes{data + 1, size - 1};
  one_packet(bytes, links[data[0] % links.size()], bytes.size() + (data[0] >= 128 ? 1000 : 0));
  return 0;
}
