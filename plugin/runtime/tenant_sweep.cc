#include <boost/asio/post.hpp>
#include <filesystem>

#include "base/text.h"
#include "runtime/tenant_state.h"

/// Keeps a tenant within its bounds: what is old goes by its age, and the oldest goes when there is too much.
namespace exhibit {
namespace {

constexpr std::chrono::seconds sweep_again{10};
constexpr std::uint64_t grew_max = 1ULL << 20;
constexpr std::chrono::milliseconds breath{5};  // Between two steps; the strand's other work goes on in it.
constexpr std::uint64_t log_max = 16ULL << 20;
constexpr std::size_t files_at_once = 64;
/// An outcome that names a file sealed again is written down long before.
constexpr std::chrono::minutes written_down_after{1};

/// Parts of a bound, in hundredths: room is made from there on, and intake stops there.
constexpr std::uint64_t crowded_from = 70, roomy_from = 65, full_from = 80;
bool is_over(std::uint64_t used, std::uint64_t bound, std::uint64_t hundredths) {
  return used / hundredths >= bound / 100;
}

/// Of the whole disk; without end when it is not known.
std::uint64_t disk_bytes(const std::string& folder) {
  std::error_code unknown;
  return std::filesystem::space(folder, unknown).capacity;
}

}  // namespace

bool TenantState::grew() const {
  if (!store) return false;
  const std::uint64_t log = store->log_used();
  const bool begun_anew = log < sweeping.log_seen;
  return begun_anew || log - sweeping.log_seen >= std::min(settings.keep.rows / 64, grew_max) ||
         evidence->used() != sweeping.captures_seen;
}

void TenantState::follow_room() {
  if (!store || !failed.empty()) return;
  sweeping.log_seen = store->log_used();
  sweeping.captures_seen = evidence->used();
  Result<StoreRoom> room = store->room();
  if (!room) return;
  const bool scarce = told_scarce.value_or(false);  // Then the log's own room is ours (decision 13).
  const std::uint64_t log_bound = std::min({settings.keep.rows / 16, log_max, disk_bytes(world.state_folder) / 8});
  // To cut a long file short costs more than to write it over, and cutting is all that helps when it could not be.
  if (room->log_used > log_bound && !scarce) store->checkpoint();
  if (room->log > 2 * log_bound && !scarce) {
    store->give_log_back();
    room = store->room();
    if (!room) return;
  }
  const std::uint64_t rows = room->used + room->log,
                      captures = evidence->used() - std::min(evidence->used(), room->leaving);
  const auto either_over = [&](std::uint64_t hundredths) {
    return is_over(rows, settings.keep.rows, hundredths) || is_over(captures, settings.keep.captures, hundredths);
  };
  const bool was_crowded = sweeping.crowded;
  sweeping.crowded = either_over(was_crowded ? roomy_from : crowded_from);
  if (sweeping.crowded && !was_crowded) arm_sweep(std::chrono::milliseconds{0});
  const bool full = is_over(rows, settings.keep.rows, full_from);
  if (std::exchange(sweeping.full, full) != full) follow_disk();
}

void TenantState::arm_sweep(std::chrono::milliseconds wait) {
  if (stopping || !started) return;
  sweep_timer.expires_after(wait);
  sweep_timer.async_wait([self = shared_from_this()](const boost::system::error_code& cancelled) {
    if (!cancelled && !self->stopping) self->sweep();
  });
}

void TenantState::sweep() {
  if (!failed.empty()) return;
  if (stale || told_scarce.value_or(false)) return arm_sweep(sweep_again);
  const Now at = now();
  SweepStep step;
  step.after = sweeping.after;
  step.before = sweeping.retention->before(at);
  step.for_room = sweeping.crowded;
  step.now = at.wall;
  step.because = sweeping.crowded ? "to keep the tenant's bounds" : "by its age";
  step.may_go = [&](const IncidentRow& row) {
    const bool open = !row.remote_state.empty() && !row.closed_at;
    return !open && !settings.on_hold.contains(row.correlation) && engine->may_go(row.id, at);
  };
  const Result<Swept> swept = store->sweep(step);
  if (!swept) {
    say(LogLevel::warning, cat("old rows stay for now: ", swept.error().text));
    follow_room();
    return arm_sweep(sweep_again);
  }
  engine->gone(swept->gone);
  delete_files();
  sweeping.alerts_gone += swept->alerts;
  sweeping.after = swept->end ? 0 : swept->reached;
  if (swept->end) {
    sweeping.stuck = std::exchange(sweeping.alerts_gone, 0) == 0 && sweeping.crowded;
    // An earlier life may have told of it.
    if (sweeping.stuck != conditions.contains("store/bounds"))
      enqueue(BoundsSaid{sweeping.stuck, sweeping.stuck
                                             ? "the tenant's bounds cannot be kept: all that is left is open, on hold, "
                                               "owed to the desk or waits for a person; no alert is taken in when the "
                                               "store is full"
                                             : ""});
  }
  follow_room();
  arm_sweep(swept->end && (!sweeping.crowded || sweeping.stuck) ? std::chrono::milliseconds(sweep_again) : breath);
}

/// The rows are gone already; a file that could not be deleted is tried again.
void TenantState::delete_files() {
  if (sweeping.deleting) return;
  const Result<std::vector<EvidenceId>> leaving = store->leaving(files_at_once);
  if (!leaving || leaving->empty()) return;
  sweeping.deleting = true;
  boost::asio::post(world.executors.workers(), [self = shared_from_this(), files = *leaving] {
    std::vector<EvidenceId> deleted;
    for (const EvidenceId& id : files)
      if (const Result<bool> gone = self->evidence->remove(id, written_down_after); gone && *gone)
        deleted.push_back(id);
    boost::asio::post(self->strand, [self, deleted = std::move(deleted)] {
      self->sweeping.deleting = false;
      if (self->store && self->failed.empty()) (void)self->store->left(deleted);
    });
  });
}

}  // namespace exhibit
