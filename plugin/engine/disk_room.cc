#include "engine/disk_room.h"

#include <algorithm>

#include "base/limits.h"

namespace exhibit {

DiskRoom::DiskRoom(std::uint64_t disk_bytes) : ballast_(std::min(limits::ballast_bytes, disk_bytes / 8)) {}

bool DiskRoom::looked(std::uint64_t left, bool ballast_is_there) {
  const std::uint64_t beside = scarce_ || !ballast_is_there ? 2 * low() : low();
  scarce_ = left < beside + (ballast_is_there ? 0 : ballast_);
  return scarce_ ? ballast_is_there && left < nothing() : !ballast_is_there;
}

}  // namespace exhibit
