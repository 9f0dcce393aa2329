#include "engine/desk_gate.h"

#include <algorithm>

#include "base/plants.h"

namespace exhibit {

void DeskGate::wait(std::uint64_t call, const TenantId& tenant, Severity severity, MonoTime now) {
  lines_[tenant].calls.push_back({call, severity, now});
}

void DeskGate::leave(std::uint64_t call) {
  for (auto& [tenant, line] : lines_) std::erase_if(line.calls, [&](const Waiting& one) { return one.call == call; });
}

std::int64_t DeskGate::rank(const Waiting& waiting, MonoTime now) const {
  return static_cast<std::int64_t>(waiting.severity) + (now - waiting.since) / settings_.lift_after;
}

std::optional<std::uint64_t> DeskGate::next(MonoTime now, const std::function<bool(const TenantId&)>& can_go) {
  if (rest(now) || trial_) return std::nullopt;
  refill(now);
  if (settings_.calls_per_hour > 0 && tokens_ < 1) return std::nullopt;
  Line* best = nullptr;
  std::deque<Waiting>::iterator chosen;
  for (auto& [tenant, calls_of] : lines_) {
    Line& line = calls_of;  // A lambda of C++20 may not look at a part of a binding by every compiler.
    if (line.calls.empty() || (can_go && !can_go(tenant))) continue;
    const auto first = std::max_element(line.calls.begin(), line.calls.end(),
                                        [&](const auto& a, const auto& b) { return rank(a, now) < rank(b, now); });
    const auto better = [&] {
      if (!best) return true;
      const std::int64_t mine = rank(*first, now), theirs = rank(*chosen, now);
      if (mine != theirs) return mine > theirs;
      return line.last_turn != best->last_turn ? line.last_turn < best->last_turn : first->since < chosen->since;
    };
    if (!better()) continue;
    best = &line;
    chosen = first;
  }
  if (!best) return std::nullopt;
  const std::uint64_t call = chosen->call;
  best->calls.erase(chosen);
  best->last_turn = ++turn_;
  trial_ = rest_.has_value();  // The rest is over, but nobody has seen the desk answer yet.
  return call;
}

void DeskGate::told(const Told& told, MonoTime now) {
  refill(now);
  tokens_ -= static_cast<double>(told.requests);
  trial_ = false;
  switch (told.kind) {
    case Told::Kind::answered:
      failures_ = denials_ = 0;
      rest_.reset();
      break;
    case Told::Kind::silent: break;
    case Told::Kind::denied:
      if (!planted(Plant::refusal_forgotten)) rest_for(grown(settings_.denied_rest, denials_++), told, now);
      break;
    case Told::Kind::failed:
      ++failures_;
      if (failures_ >= settings_.failures_in_a_row || rest_)
        rest_for(grown(settings_.rest_first, std::max(0, failures_ - settings_.failures_in_a_row)), told, now);
      break;
  }
  if (told.hold) rest_for(*told.hold, told, now);
}

std::optional<DeskGate::Rest> DeskGate::rest(MonoTime now) const {
  return rest_ && now < rest_->until ? rest_ : std::nullopt;
}

Nanoseconds DeskGate::grown(Nanoseconds first, int times) const {
  return std::min(settings_.rest_max, first * std::int64_t{1 << std::min(times, 12)});
}

void DeskGate::refill(MonoTime now) {
  if (settings_.calls_per_hour <= 0) return;
  // What the bucket holds at once is taken off the rate, so that no rolling hour sees more than the ceiling.
  const double per_second = (static_cast<double>(settings_.calls_per_hour) - burst()) / 3600;
  const double seconds = filled_ == MonoTime{} ? 0 : std::chrono::duration<double>(now - filled_).count();
  tokens_ = std::min(burst(), tokens_ + std::max(0.0, seconds) * per_second);
  filled_ = now;
}

void DeskGate::rest_for(Nanoseconds duration, const Told& told, MonoTime now) {
  const MonoTime until = now + duration;
  if (rest_ && rest_->until >= until && rest_->denied) return;
  rest_ = Rest{until, told.why, told.kind == Told::Kind::denied};
}

}  // namespace exhibit
