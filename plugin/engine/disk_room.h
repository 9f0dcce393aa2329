#pragma once

#include <cstdint>

namespace exhibit {

/// Decides, from the room that is left, whether alerts are taken in, and what becomes of the ballast: a file that holds
/// room back for what is owed already, so that a disk that others filled still takes the outcomes of deliveries.
///
///   ample --less than `low` left--> scarce --nothing left--> scarce, the ballast given up
///     ^                               |                               |
///     +------ twice `low` left -------+                               |
///     +------ room for the ballast, and twice `low` beside it --------+
///
/// It is given up late, since whoever fills the disk would take it, too, as long as he writes; and what it leaves is
/// never room enough to make it again, so nothing swings. Pure.
class DiskRoom {
 public:
  /// Of a disk of this size: an eighth of it for the ballast, at most limits::ballast_bytes.
  explicit DiskRoom(std::uint64_t disk_bytes);

  /// `left`: what may still be written, the ballast as it lies there not counted. True: the ballast is to be given up,
  /// or to be made, as `scarce` says.
  bool looked(std::uint64_t left, bool ballast_is_there);
  /// It could not be made after all.
  void ballast_failed() { scarce_ = true; }

  [[nodiscard]] bool scarce() const { return scarce_; }
  [[nodiscard]] std::uint64_t ballast() const { return ballast_; }
  [[nodiscard]] std::uint64_t low() const { return ballast_ / 8; }
  /// As good as nothing left.
  [[nodiscard]] std::uint64_t nothing() const { return low() / 8; }

 private:
  std::uint64_t ballast_;
  bool scarce_ = false;
};

}  // namespace exhibit
