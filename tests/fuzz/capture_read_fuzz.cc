// Any file: packets lie inside it, their number is bounded by its size, and the report on it ends.

#include "packet/answer.h"
#include "packet/capture_read.h"
#include "packet/capture_write.h"
#include "packet/decode.h"
#include "tests/fuzz/fuzz_input.h"

namespace {

using namespace exhibit;

using fuzz::demand;

/// What was read, written in our own form and read again.
void there_and_back(ByteView file) {
  auto reader = CaptureReader::open(file);
  Bytes copy = capture_header(link_type::ethernet, CaptureTimes::nanoseconds);
  std::vector<ByteView> packets;
  while (const auto packet = reader->next()) {
    append_packet(copy, packet->time.value_or(WallTime{}), packet->bytes, packet->length, CaptureTimes::nanoseconds);
    packets.push_back(packet->bytes);
  }
  auto again = CaptureReader::open(copy);
  demand(again.has_value(), "our own file is read");
  for (const ByteView& bytes : packets) {
    const auto packet = again->next();
    demand(packet && std::equal(bytes.begin(), bytes.end(), packet->bytes.begin(), packet->bytes.end()),
           "each packet comes back");
  }
  demand(!again->next() && !again->broken(), "our own file is whole");
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
    demand(packet->bytes.size() == packet->captured && packet->number == ++count, "packets are counted");
    if (!packet->bytes.empty())
      demand(packet->bytes.data() >= data && packet->bytes.data() + packet->bytes.size() <= data + size,
             "a packet lies inside the file");
  }
  demand(count <= size / 12, "there are no more packets than fit");
  demand(!reader->next(), "the end stays the end");
  const auto told = report(file, flow_in(file), {});
  demand(told.has_value() && told->packets == count, "the report counts the same");
  there_and_back(file);
  return 0;
}
