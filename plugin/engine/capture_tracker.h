#pragma once

#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/fact.h"
#include "engine/input.h"
#include "engine/ring_forecast.h"

namespace exhibit {

/// Follows the captures of one tenant's sensors, from the alert that names an IP log to the sealed file or the cause of
/// its loss.
///
///   expected --started--> recording --completed, timer, demand--> due --pull free--> fetching
///      |                                                           ^ |                |
///      |                                     not ready, unreachable| |patience        |whole, twice the same, cut
///      |                                                           | v                v
///      +--removed, forecast end on demand--> lost(cause) <--gone--fetching     sealed(complete | partial)
///
/// The status event is not to be depended on (its form is not public): the timer and the demand do the same job. A log
/// whose completion was never heard counts as complete when two pulls bring the same bytes.
///
/// Does no I/O and reads no clock. Each FetchCapture is answered once, by `fetch_ended`. Not thread-safe; its tenant's
/// engine owns it.
class CaptureTracker {
 public:
  struct Settings {
    RingForecast::Settings ring;
    Nanoseconds margin = std::chrono::seconds{3};         ///< After the expected end, before the timer pulls.
    Nanoseconds retry_first = std::chrono::seconds{30};   ///< Then 1, 2, 5, 10 minutes.
    Nanoseconds confirm_wait = std::chrono::seconds{10};  ///< Before the second pull of a log nobody called complete.
    Nanoseconds give_up = std::chrono::hours{24};         ///< A sensor that cannot be reached for so long.
    int pulls_max = 2;
    int empty_max = 3;  ///< Empty answers for a log that is said to be complete.
    int damaged_max = 3;
  };

  void configure(const SensorId& sensor, Settings settings) { sensors_.insert_or_assign(sensor, Sensor(settings)); }
  /// `earlier`: the keys of captures that settled too long ago to be among `rows`; none of them is given again.
  void restore(const std::vector<CaptureRow>& rows, const std::vector<CaptureKey>& earlier, Now now);

  /// Settled ones that an incident names which is in memory again.
  void bring_back(const std::vector<CaptureRow>& rows);

  /// An alert of `incident` named this recording. Gives its key: the same for every alert that shares the recording.
  CaptureKey named(const SensorId& sensor, std::string_view locator, const IncidentId& incident, const Alert& alert,
                   bool on_demand, Now now, Reaction& out);
  void status(const SensorId& sensor, const StatusEvent& event, Now now, Reaction& out);
  void refused(const SensorId& sensor, const ErrorEvent& event, Now now, Reaction& out);
  void fetch_ended(const FetchEnded& ended, Now now, Reaction& out);
  void asked(const CaptureKey& key, Now now, Reaction& out);
  /// Starts what is due and gives up what is past hope.
  void tick(Now now, Reaction& out);

  /// The captures that settled since the last call, each once.
  std::vector<CaptureKey> take_settled() { return std::exchange(settled_, {}); }
  [[nodiscard]] const CaptureRow* find(const CaptureKey& key) const;
  [[nodiscard]] const std::map<CaptureKey, CaptureRow>& rows() const { return rows_; }
  [[nodiscard]] std::optional<MonoTime> next_wake() const;
  /// Forgets what settled before this moment, but for those that somebody may still speak of.
  void forget_settled_before(WallTime time, const std::set<CaptureKey>& needed);
  /// Nothing keeps this one any more, and no number is remembered for it.
  void gone(const CaptureKey& key);

 private:
  struct Sensor {
    explicit Sensor(Settings s) : settings(s), forecast(s.ring) {}
    Settings settings;
    RingForecast forecast;
    int pulls = 0;
    std::optional<WallTime> restarted;
  };

  Sensor& sensor_of(const SensorId& id);
  void forget(const CaptureKey& key);
  [[nodiscard]] const std::uint32_t* forgotten(const SensorId& sensor, std::string_view locator) const;
  [[nodiscard]] CaptureRow* latest(const SensorId& sensor, std::string_view locator);
  CaptureRow& newest(const SensorId& sensor, std::string_view locator, Now now);
  CaptureRow& begin_epoch(CaptureKey key, Now now);
  void completed(CaptureRow& row, Now now);
  void on_whole(CaptureRow& row, const FetchEnded& ended, Now now);
  void on_cut(CaptureRow& row, const FetchEnded& ended, Now now);
  void on_empty(CaptureRow& row, const FetchEnded& ended, Now now);
  void on_gone(CaptureRow& row, Now now);
  void on_trouble(CaptureRow& row, const FetchEnded& ended, Now now);
  void retry(CaptureRow& row, Now now);
  void settle(CaptureRow& row, CaptureState state, CaptureCause cause, Now now);
  void give_up(CaptureRow& row, CaptureCause cause, Now now);
  void expire(CaptureRow& row, Now now);
  void prove(CaptureRow& row, std::string clause);
  void start_due(Now now, Reaction& out);

  std::map<SensorId, Sensor> sensors_;
  std::map<CaptureKey, CaptureRow> rows_;
  std::map<std::pair<SensorId, std::string>, std::uint32_t> forgotten_;  // The newest epoch of each number.
  std::set<CaptureKey> ended_while_pulled_;
  std::vector<CaptureKey> settled_;
};

}  // namespace exhibit
