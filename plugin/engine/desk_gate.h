#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "base/values.h"
#include "incident/alert.h"

namespace exhibit {

/// Who may call a shared desk next, and whether anybody may.
///
/// A desk belongs to its remote instance, not to a tenant: its ceiling of calls, the pause after a refused login and
/// the rest after repeated failures are kept here, once. Waiting calls go by severity; among equals the tenant whose
/// last turn is longest ago comes first, and waiting lifts a call, so that a flood of one tenant starves nobody.
///
///   open --refused login--> rests(denied) --time, resume--> open
///     |---failures in a row, "later"--> rests --time--> one trial call --answered--> open
///                                         ^-----------------failed---------|
///
/// Pure and not thread-safe; the desk's strand owns it.
class DeskGate {
 public:
  struct Settings {
    std::int64_t calls_per_hour = 0;  ///< Of the whole instance, by any rolling hour; 0: no ceiling.
    int failures_in_a_row = 5;        ///< Then the desk is left alone for a while.
    Nanoseconds rest_first = std::chrono::seconds{2};
    Nanoseconds rest_max = std::chrono::minutes{5};
    Nanoseconds denied_rest = std::chrono::seconds{30};
    Nanoseconds lift_after = std::chrono::seconds{30};  ///< Waiting so long counts as one severity more.
  };
  /// Why nobody is served now.
  struct Rest {
    MonoTime until{};
    std::string why;
    bool denied = false;
  };
  /// What a call told about the desk; silent: nothing, since it was our own process that failed.
  struct Told {
    enum class Kind { answered, failed, denied, silent } kind = Kind::answered;
    std::optional<Nanoseconds> hold = {};  ///< The desk asked to be left alone for so long.
    std::int64_t requests = 1;             ///< How many calls of the desk it took.
    std::string why = {};
  };

  explicit DeskGate(Settings settings) : settings_(settings), tokens_(burst()) {}

  void wait(std::uint64_t call, const TenantId& tenant, Severity severity, MonoTime now);
  /// Gives a waiting call up.
  void leave(std::uint64_t call);
  /// Whose turn it is; he leaves the queue. Nothing while the desk rests or its ceiling is reached. Tenants who cannot
  /// go just now are passed over.
  std::optional<std::uint64_t> next(MonoTime now, const std::function<bool(const TenantId&)>& can_go = {});
  void told(const Told& told, MonoTime now);

  /// Nothing when calls are served.
  [[nodiscard]] std::optional<Rest> rest(MonoTime now) const;
  void resume() { rest_.reset(), failures_ = denials_ = 0; }

 private:
  struct Waiting {
    std::uint64_t call = 0;
    Severity severity = Severity::low;
    MonoTime since{};
  };
  struct Line {
    std::deque<Waiting> calls;
    std::uint64_t last_turn = 0;
  };

  [[nodiscard]] double burst() const { return static_cast<double>(settings_.calls_per_hour) / 60; }
  [[nodiscard]] std::int64_t rank(const Waiting& waiting, MonoTime now) const;
  [[nodiscard]] Nanoseconds grown(Nanoseconds first, int times) const;
  void refill(MonoTime now);
  void rest_for(Nanoseconds duration, const Told& told, MonoTime now);

  Settings settings_;
  std::map<TenantId, Line> lines_;
  std::uint64_t turn_ = 0;
  std::optional<Rest> rest_;
  bool trial_ = false;  // One call is on its way to find out whether the desk is back.
  int failures_ = 0, denials_ = 0;
  double tokens_ = 0;
  MonoTime filled_{};
};

}  // namespace exhibit
