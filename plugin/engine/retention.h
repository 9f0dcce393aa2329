#pragma once

#include "base/utc.h"
#include "base/values.h"

namespace exhibit {

/// From what time on rows are kept, and never by a clock that may have jumped: deleting is for good. Nothing goes by
/// its age while the wall clock stands more than a day from where it was at the start and the time since; nor, when it
/// stood more than a day past the newest row at the start, in the first day after. Pure.
class Retention {
 public:
  Retention(Nanoseconds age, Now start, WallTime newest) : age_(age), start_(start), newest_(newest) {}

  /// What came before it may go.
  [[nodiscard]] WallTime before(Now now) const {
    constexpr Nanoseconds day = std::chrono::hours{24};
    const Nanoseconds up = now.mono - start_.mono;
    const Nanoseconds moved = elapsed(start_.wall + up, now.wall);
    const bool moved_far = moved > day || moved < -day;
    const bool doubtful = elapsed(newest_, start_.wall) > day && up < day;
    return moved_far || doubtful ? WallTime{} : now.wall - age_;
  }

 private:
  Nanoseconds age_;
  Now start_;
  WallTime newest_;
};

}  // namespace exhibit
