#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "evidence/evidence_store.h"
#include "store/store.h"

namespace exhibit::test {

/// What a tenant does to its disk, in the order in which it does it: alerts committed before they are acknowledged,
/// captures sealed before their row, deliveries claimed before they leave, the ledger, a checkpoint now and then.
class TenantLife {
 public:
  static constexpr std::uint64_t long_life = 300;

  /// `folder` is an existing one; the tenant's own folder is made below it.
  explicit TenantLife(std::string folder, std::uint64_t seed);

  /// Opens, or opens again, store and evidence as the runtime does. The error, or nothing.
  std::optional<Error> open();
  /// One more thing. True: it is acknowledged, and must never be lost. False: the disk refused, and nothing is owed.
  bool step(std::uint64_t number);
  void close();

  /// What is wrong with what stands on this disk, when everything up to `acknowledged` was acknowledged and nothing
  /// above `begun` was ever begun. Opens it anew.
  static std::vector<std::string> faults(const std::string& folder, std::uint64_t acknowledged, std::uint64_t seed);
  /// Which of the numbers were refused, so that they are not asked for.
  void refused(std::uint64_t number) { refused_.insert(number); }

 private:
  static std::string own_folder(const std::string& folder) { return folder + "/tenants/acme"; }

  std::string folder_;
  std::uint64_t seed_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<EvidenceStore> evidence_;
  std::set<std::uint64_t> refused_;
};

}  // namespace exhibit::test
