#include "runtime/tenant_store.h"

#include <filesystem>
#include <map>

#include "base/limits.h"
#include "base/text.h"
#include "runtime/tenant_state.h"

namespace exhibit {
namespace {

namespace fs = std::filesystem;

/// A recording may have been sealed more than once: whole after what was there of it.
std::vector<CaptureRow> captures_by_their_files(const EvidenceStore& evidence) {
  std::map<CaptureKey, SealedFile> best;
  for (SealedFile& file : evidence.sealed()) {
    const CaptureKey key{{file.origin.sensor}, file.origin.locator, file.origin.epoch};
    const auto known = best.find(key);
    if (known == best.end() || std::pair(known->second.origin.complete, known->second.origin.sealed_at) <
                                   std::pair(file.origin.complete, file.origin.sealed_at))
      best.insert_or_assign(key, std::move(file));
  }
  std::vector<CaptureRow> rows;
  for (const auto& [key, file] : best) {
    CaptureRow row;
    row.key = key;
    row.state = file.origin.complete ? CaptureState::sealed_complete : CaptureState::sealed_partial;
    row.completed = file.origin.complete;
    row.named = file.origin.sealed_at;
    row.completed_at = row.settled_at = file.origin.sealed_at;
    row.evidence = file.id;
    row.bytes = file.bytes;
    rows.push_back(std::move(row));
  }
  return rows;
}

/// What the new store begins with.
Facts known_without_it(const TenantState& state, const std::string& why, const std::string& aside) {
  const WallTime now = state.now().wall;
  Facts facts;
  const std::string proof =
      cat(why, aside.empty() ? "" : cat("; it lies in ", aside), "; what the sensor still holds is read again");
  for (const SensorSettings& sensor : state.settings.sensors)
    facts.emplace_back(GapRow{sensor.name, store_rebuilt_cause, proof, 0, ns_of(now), now});
  for (CaptureRow& row : captures_by_their_files(*state.evidence)) facts.emplace_back(std::move(row));
  return facts;
}

/// Never deleted: a person may get more out of it.
Result<std::string> set_aside(const std::string& folder, const std::string& name) {
  const std::string aside = cat(folder, "/damaged/", name);
  if (const Result<void> made = make_durable_folder(aside); !made) return made.error();
  for (const char* part : {"exhibit.db-wal", "exhibit.db-mark", "exhibit.db"}) {  // The database last: it tells of all.
    const std::string from = cat(folder, "/", part);
    std::error_code failed;
    if (!fs::exists(from, failed)) continue;
    fs::rename(from, cat(aside, "/", part), failed);
    if (failed) return Error{Errc::unavailable, cat(from, " cannot be set aside: ", failed.message())};
  }
  return aside;
}

Result<void> begin_anew(TenantState& state, const std::string& path, const std::string& why, const std::string& aside) {
  state.say(LogLevel::error, cat(why, ": it is begun anew", aside.empty() ? "" : cat(", the old one lies in ", aside)));
  Result<std::unique_ptr<Store>> store = open_sqlite_store(path, known_without_it(state, why, aside));
  if (!store) return store.error();
  state.store = std::move(*store);
  const LedgerNote rebuilt[] = {{state.now().wall, "exhibit", "store-rebuilt", aside.empty() ? "gone" : aside, why}};
  return state.store->append_ledger(rebuilt);
}

}  // namespace

Result<void> open_tenant_store(TenantState& state, const std::string& folder) {
  Result<std::unique_ptr<EvidenceStore>> evidence =
      open_evidence_folder(folder + "/evidence", state.settings.keep.captures);
  if (!evidence) return evidence.error();
  state.evidence = std::move(*evidence);
  const std::string path = folder + "/exhibit.db";
  std::error_code ignored;
  const bool gone =
      !fs::exists(path, ignored) && (fs::exists(folder + "/damaged", ignored) || !state.evidence->sealed().empty());
  if (gone) return begin_anew(state, path, "store: it is gone", "");
  Result<std::unique_ptr<Store>> store = open_sqlite_store(path);
  if (store) {
    state.store = std::move(*store);
    return {};
  }
  if (store.error().code != Errc::corrupt) return store.error();
  const Result<std::string> aside = set_aside(folder, cat(ns_of(state.now().wall)));
  if (!aside) return aside.error();
  return begin_anew(state, path, store.error().text, *aside);
}

}  // namespace exhibit
