// Any file: packets lie inside it, their number is bounded by its size, and the report on it ends.

#include <cstdlib>

#include "packet/answer.h"
#include "packet/capture_read.h"
#include "packet/decode.h"

namespace {

using namespace exhibit;

void demand(bool condition) {
  if (!condition) std::abort();
}

/// Whoever sends the first IP packet is the attacker, so that the report has something to tell.
AlertFlow flow_in(ByteView file) {
  AlertFlow flow;
  auto reader = CaptureReader::open(file);
  while (reader) {
    const auto packet = reader->next();
    if (!packet) break;
    const Decoded decoded = decode(packet->bytes, packet->link_type, packet->length);
    if (decoded.ip.empty()) continue;
    flow.attacker = decoded.ip.back().source;
    flow.target = decoded.ip.back().target;
    break;
  }
  return flow;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView file{data, size};
  auto reader = CaptureReader::open(file);
  if (!reader) return 0;
  std::uint64_t count = 0;
  while (const auto packet = reader->next()) {
    demand(packet->bytes.size() == packet->captured && packet->number == ++count);
    if (!packet->bytes.empty())
      demand(packet->bytes.data() >= data && packet->bytes.data() + packet->bytes.size() <= data + size);
  }
  demand(count <= size / 12);
  demand(!reader->next());
  const auto told = report(file, flow_in(file), {});
  demand(told.has_value() && told->packets == count);
  return 0;
}
