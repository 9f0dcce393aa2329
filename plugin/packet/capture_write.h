#pragma once

#include <cstdint>

#include "base/values.h"

/// Writes the oldest and best understood form of a capture: classic pcap, little-endian. Pure and unbounded: whoever
/// appends keeps the size in mind.
namespace exhibit {

enum class CaptureTimes : std::uint8_t { microseconds, nanoseconds };

/// The 24 bytes at the head of a file.
Bytes capture_header(std::uint32_t link_type, CaptureTimes times = CaptureTimes::microseconds);

/// Appends one packet to a file that `capture_header` began with the same `times`. `original_length` 0 means: all of
/// it. Times before 1970 or after 2106 are written as the nearest the form can hold.
void append_packet(Bytes& file, WallTime time, ByteView packet, std::size_t original_length = 0,
                   CaptureTimes times = CaptureTimes::microseconds);

}  // namespace exhibit
