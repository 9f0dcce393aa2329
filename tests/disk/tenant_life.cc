#include "tests/disk/tenant_life.h"

#include <algorithm>
#include <random>

#include "base/text.h"

namespace exhibit::test {
namespace {

constexpr std::uint64_t kinds = 8;
constexpr std::uint64_t quota = 1ULL << 30;

/// What the number stands for, the same in every run of this seed.
std::uint64_t kind_of(std::uint64_t seed, std::uint64_t number) {
  return std::mt19937_64(seed * 1'000'003 + number)() % kinds;
}

/// 32 hex digits, as all are.
std::string identity(std::uint64_t number) {
  const std::string digits = cat(number);
  return std::string(32 - digits.size(), 'a') + digits;
}
IncidentId incident(std::uint64_t number) { return {cat("incident-", number)}; }
CaptureKey key_of(std::uint64_t number) { return {{"s1"}, cat(number), 0}; }

Bytes capture_bytes(std::uint64_t seed, std::uint64_t number) {
  std::mt19937_64 dice(seed + number);
  Bytes bytes(512 + dice() % 20'000);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(dice());
  return bytes;
}

Facts alert_facts(std::uint64_t number) {
  IncidentRow row;
  row.id = incident(number);
  row.correlation = {cat("EXH1-", number)};
  row.link = {cat("link", number)};
  row.first_alert = identity(number);
  row.opened = wall_from_ns(static_cast<std::int64_t>(number));
  DeliveryRow delivery;
  delivery.id = {cat("incident-", number, "-0")};
  delivery.incident = row.id;
  return {AlertRow{identity(number),
                   row.id,
                   number,
                   {"s1"},
                   cat(number),
                   wall_from_ns(1),
                   wall_from_ns(2),
                   std::string(200 + number % 3000, 'x')},
          row, delivery, CursorRow{{"s1"}, "sub", "sess", "cookie", static_cast<std::int64_t>(number)}};
}

std::optional<EvidenceId> seal(EvidenceStore& evidence, const Bytes& bytes) {
  Result<EvidenceIntake> intake = evidence.begin(1U << 20);
  if (!intake) return std::nullopt;
  for (std::size_t at = 0; at < bytes.size(); at += 4096)
    if (!intake->append(ByteView(bytes).subspan(at, std::min<std::size_t>(4096, bytes.size() - at))))
      return std::nullopt;
  const Result<EvidenceId> id = evidence.seal(std::move(*intake), {"s1", "1", 0, wall_from_ns(1), true});
  return id ? std::optional(*id) : std::nullopt;
}

CaptureRow sealed_row(std::uint64_t number, const EvidenceId& id) {
  CaptureRow row;
  row.key = key_of(number);
  row.state = CaptureState::sealed_complete;
  row.evidence = id;
  row.settled_at = wall_from_ns(1);
  return row;
}

void check_ledger(Store& store, std::uint64_t seed, std::uint64_t acknowledged, std::vector<std::string>& faults) {
  const Result<std::vector<LedgerEntry>> entries = store.ledger(0, 100'000);
  if (!entries) return faults.push_back(cat("the ledger cannot be read: ", entries.error().text));
  std::string previous;
  std::set<std::string> objects;
  for (const LedgerEntry& entry : *entries) {
    if ((!previous.empty() && entry.previous != previous) || entry.hash != ledger_hash(entry))
      faults.push_back(cat("the ledger's chain is broken at ", entry.sequence));
    previous = entry.hash;
    objects.insert(entry.object);
  }
  for (std::uint64_t number = 1; number <= acknowledged; ++number)
    if (kind_of(seed, number) == 6 && !objects.contains(cat(number)))
      faults.push_back(cat("ledger entry ", number, " is lost"));
}

}  // namespace

TenantLife::TenantLife(std::string folder, std::uint64_t seed) : folder_(std::move(folder)), seed_(seed) {}

std::optional<Error> TenantLife::open() {
  close();
  if (const Result<void> made = make_durable_folder(own_folder(folder_)); !made) return made.error();
  Result<std::unique_ptr<Store>> store = open_sqlite_store(own_folder(folder_) + "/exhibit.db");
  if (!store) return store.error();
  Result<std::unique_ptr<EvidenceStore>> evidence = open_evidence_folder(own_folder(folder_) + "/evidence", quota);
  if (!evidence) return evidence.error();
  store_ = std::move(*store);
  evidence_ = std::move(*evidence);
  return std::nullopt;
}

void TenantLife::close() {
  evidence_.reset();
  store_.reset();
}

bool TenantLife::step(std::uint64_t number) {
  switch (kind_of(seed_, number)) {
    case 5: {
      const auto id = seal(*evidence_, capture_bytes(seed_, number));
      return id && store_->commit(Facts{sealed_row(number, *id)});
    }
    case 6: {
      const LedgerNote note[] = {{wall_from_ns(1), "exhibit", "sealed", cat(number), "detail"}};
      return static_cast<bool>(store_->append_ledger(note));
    }
    case 7: store_->checkpoint(); return true;
    default: return static_cast<bool>(store_->commit(alert_facts(number)));
  }
}

std::vector<std::string> TenantLife::faults(const std::string& folder, std::uint64_t acknowledged, std::uint64_t seed) {
  if (acknowledged == 0) return {};
  TenantLife life(folder, seed);
  if (const auto error = life.open()) return {cat("it does not open: ", error->text)};
  std::vector<std::string> faults;
  const Result<std::vector<EvidenceId>> known = life.store_->known_evidence();
  if (!known) return {"its evidence is not known"};
  (void)life.evidence_->set_orphans_aside(*known);
  for (const EvidenceId& id : *known)
    if (const auto read = life.evidence_->read(id); !read)
      faults.push_back(cat("a row is ready whose file is not: ", read.error().text));
  const Result<Snapshot> rows = life.store_->load(wall_from_ns(0));
  if (!rows) return {"its rows cannot be loaded"};
  std::set<CaptureKey> captures;
  for (const CaptureRow& row : rows->captures) captures.insert(row.key);
  for (std::uint64_t number = 1; number <= acknowledged; ++number) {
    const std::uint64_t kind = kind_of(seed, number);
    if (kind < 5 && !rows->seen.contains(identity(number))) faults.push_back(cat("alert ", number, " is lost"));
    if (kind == 5 && !captures.contains(key_of(number))) faults.push_back(cat("capture ", number, " is lost"));
  }
  check_ledger(*life.store_, seed, acknowledged, faults);
  return faults;
}

}  // namespace exhibit::test
