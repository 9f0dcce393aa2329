#include "stage.h"

#include <algorithm>

#include "base/text.h"
#include "base/utc.h"

namespace exhibit::sim {
namespace {

using namespace std::chrono_literals;

constexpr MonoTime first_moment{1h};
const WallTime first_wall = wall_from_ns(1'800'000'000'000'000'000);
constexpr std::size_t lines_kept = 40;

bool later(const auto& a, const auto& b) { return b < a; }

}  // namespace

Stage::Stage(std::uint64_t seed) : dice_(seed), now_{first_wall, first_moment} {}

WallTime Stage::true_wall() const { return first_wall + (now_.mono - first_moment); }

void Stage::push(Nanoseconds wait, int life, std::function<void()> what) {
  happenings_.push_back({now_.mono + wait, ++order_, life, std::move(what)});
  std::push_heap(happenings_.begin(), happenings_.end(), [](const auto& a, const auto& b) { return later(a, b); });
}

void Stage::at(Nanoseconds wait, std::function<void()> what) { push(wait, 0, std::move(what)); }
void Stage::in_this_life(Nanoseconds wait, std::function<void()> what) { push(wait, life_, std::move(what)); }

bool Stage::step() {
  if (happenings_.empty()) return false;
  std::pop_heap(happenings_.begin(), happenings_.end(), [](const auto& a, const auto& b) { return later(a, b); });
  Happening next = std::move(happenings_.back());
  happenings_.pop_back();
  if (next.life != 0 && next.life != life_) return true;
  const Nanoseconds passed = std::max(next.at - now_.mono, Nanoseconds{0});
  now_.mono += passed;
  if (!stuck_) now_.wall += passed;
  if (swings_) now_.wall += roll(0, 1) == 0 ? 1s : -1s;
  next.what();
  return true;
}

void Stage::trouble_the_clock() {
  switch (roll(0, 4)) {
    case 0: now_.wall += std::chrono::hours(roll(-10 * 365 * 24, 10 * 365 * 24)); break;
    case 1: now_.wall += std::chrono::seconds(roll(-7200, 7200)); break;
    case 2: stuck_ = !stuck_; break;
    case 3: swings_ = !swings_; break;
    default: now_.wall = true_wall();
  }
  say(cat("our clock says ", iso_utc(now_.wall), stuck_ ? ", and stands still" : "", swings_ ? ", and swings" : ""));
}

void Stage::mend_the_clock() {
  stuck_ = swings_ = false;
  now_.wall = true_wall();
}

void Stage::say(const std::string& line) {
  transcript_.push_back(cat(duration_text(now_.mono - first_moment), "  ", line));
  if (!keep_all && transcript_.size() > lines_kept) transcript_.pop_front();
}

void Stage::violated(Invariant which, const std::string& detail) {
  broken_.insert(which);
  violations_.push_back(cat(name(which), ": ", detail));
  say(cat("BROKEN ", violations_.back()));
}

}  // namespace exhibit::sim
