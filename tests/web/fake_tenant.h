#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <set>

#include "runtime/tenant_runtime.h"

/// A tenant without strand, store and sensor: rows in memory, callbacks at once. It remembers the order in which its
/// ledger was written and its evidence was read.
namespace exhibit::test {

struct MemoryEvidence final : EvidenceStore {
  explicit MemoryEvidence(std::vector<std::string>& events) : events_(events) {}
  Result<EvidenceIntake> begin(std::uint64_t) override { return Error{Errc::unsupported, "not here"}; }
  Result<EvidenceId> seal(EvidenceIntake, const EvidenceOrigin&) override { return Error{Errc::unsupported, "no"}; }
  Result<Bytes> read(const EvidenceId& id) const override;
  Result<EvidenceFile> open_checked(const EvidenceId& id) const override;
  std::vector<SealedFile> sealed() const override { return {}; }
  Result<bool> remove(const EvidenceId&, Nanoseconds) override { return true; }
  std::uint64_t used() const override { return 0; }
  Result<std::size_t> set_orphans_aside(const std::vector<EvidenceId>&) override { return std::size_t{0}; }

  std::map<EvidenceId, Bytes> files;
  bool damaged = false;

 private:
  std::vector<std::string>& events_;
};

class FakeTenant final : public TenantRuntime {
 public:
  std::vector<AdoptionRow> adopted;
  explicit FakeTenant(std::string name);

  void start() override {}
  void stop(std::function<void()> stopped) override { stopped(); }
  void disk_changed() override {}
  void page(const LinkId& link, std::function<void(Result<PageRows>)> done) override;
  void note_in_ledger(std::string actor, std::string action, std::string object, std::string detail,
                      std::function<void(Result<void>)> done) override;
  void fetch_now(const CaptureKey& key, std::string by, std::function<void(Result<void>)> done) override;
  void list(std::size_t limit, std::size_t offset, std::function<void(Result<std::vector<IncidentRow>>)>) override;
  void report(bool, std::function<void(std::string)> done) override { done("{}"); }
  void resume(const std::string&, std::function<void(Result<void>)> done) override { done({}); }
  void read_desk(const CorrelationId&, std::function<void(Result<std::string>)> done) override { done(std::string()); }
  void adopt(AdoptionRow order, std::function<void(Result<void>)> done) override {
    adopted.push_back(std::move(order));
    done({});
  }
  void letters(std::function<void(Result<std::string>)> done) override { done(std::string("[]")); }
  void decide(LetterDecided, std::function<void(Result<void>)> done) override { done({}); }
  [[nodiscard]] const TenantSettings& settings() const override { return settings_; }
  [[nodiscard]] const EvidenceStore& evidence() const override { return evidence_; }

  /// Seals the bytes and gives the incident's first capture to them.
  void seal(const LinkId& link, Bytes file);
  [[nodiscard]] std::vector<std::string> log() const;

  std::map<LinkId, PageRows> incidents;
  bool ledger_refuses = false, store_fails = false;
  std::set<std::string> fetched;
  MemoryEvidence& files() { return evidence_; }

 private:
  TenantSettings settings_;
  mutable std::mutex mutex_;
  std::vector<std::string> events_;
  MemoryEvidence evidence_{events_};
};

/// 26 characters that end in this word of [a-z2-7].
LinkId link_of(std::string_view word);
/// The golden incident of the design: the phf attack, its IP log still recording.
PageRows phf_incident(const TenantId& tenant, const LinkId& link, const Zone& zone = {});
/// The phf connection, an answer of 404, and `noise` more packets of the attacker.
Bytes phf_capture(std::size_t noise);

}  // namespace exhibit::test
