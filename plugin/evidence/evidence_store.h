#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/sha256.h"
#include "base/values.h"
#include "store/file_handle.h"

namespace exhibit {

/// A file that nobody else sees yet. Its bytes are hashed as they are appended, straight from the socket.
/// Dropped without `seal`, it is removed.
class EvidenceIntake {
 public:
  EvidenceIntake(std::string path, FileHandle file, std::uint64_t size_max)
      : path_(std::move(path)), file_(std::move(file)), size_max_(size_max) {}
  EvidenceIntake(EvidenceIntake&&) noexcept = default;
  EvidenceIntake& operator=(EvidenceIntake&&) noexcept = default;
  ~EvidenceIntake();

  /// too_large: over the bound of `begin`. unavailable: the disk refused.
  Result<void> append(ByteView bytes);
  [[nodiscard]] std::uint64_t size() const { return size_; }

 private:
  friend class FolderEvidenceStore;
  std::string path_;
  FileHandle file_;
  Sha256 hash_;
  std::uint64_t size_ = 0;
  std::uint64_t size_max_ = 0;
};

struct EvidenceFile {
  FileHandle file;
  std::uint64_t size = 0;
};

/// Where the sealed bytes came from; kept beside them, so that a store rebuilt from nothing finds them again.
struct EvidenceOrigin {
  std::string sensor, locator;
  std::uint32_t epoch = 0;
  WallTime sealed_at{};
  bool complete = false;
};

struct SealedFile {
  EvidenceId id;
  EvidenceOrigin origin;
  std::uint64_t bytes = 0;
};

/// Keeps every capture that a ticket may point at, and never changes one.
///
/// A capture is sealed under its own SHA-256, so sealing the same bytes twice keeps one copy, and `read` can tell a
/// damaged file from a missing one. One store per tenant. Thread-safe: any thread may call any method.
class EvidenceStore {
 public:
  virtual ~EvidenceStore() = default;

  /// unavailable: the disk refused. too_large: the tenant's quota is used up.
  virtual Result<EvidenceIntake> begin(std::uint64_t size_max) = 0;
  /// Once this returns a value, a power cut loses nothing: file, name and folder are synchronised.
  virtual Result<EvidenceId> seal(EvidenceIntake intake, const EvidenceOrigin& origin) = 0;
  /// The whole file, its hash checked. not_found: never sealed, or expired. corrupt: the bytes no longer match the
  /// name.
  virtual Result<Bytes> read(const EvidenceId& id) const = 0;
  /// For sendfile and the runner: an open file whose bytes match its name. Read and hashed, unless this store did so
  /// within ten minutes and the file system tells of no change since.
  virtual Result<EvidenceFile> open_checked(const EvidenceId& id) const = 0;
  /// Deletes a sealed file and what lies beside it. False: the same bytes were sealed within `unless_sealed_within`,
  /// and their row may not be written yet.
  virtual Result<bool> remove(const EvidenceId& id, Nanoseconds unless_sealed_within) = 0;
  /// Bytes of all files, as the disk gives them out: in blocks.
  virtual std::uint64_t used() const = 0;
  /// What the files themselves say of all that is sealed here. One that says nothing readable is left out.
  virtual std::vector<SealedFile> sealed() const = 0;
  /// Moves sealed files that no row knows to `orphans/`, and removes what an ended process left unsealed.
  virtual Result<std::size_t> set_orphans_aside(const std::vector<EvidenceId>& known) = 0;
};

/// Makes the folder and those above it, and synchronises their names: a new folder is otherwise lost with the power,
/// and all that was synchronised inside it.
Result<void> make_durable_folder(const std::string& path);

/// Files under `folder` (created): `ab/abcdef….pcap`, its origin beside it as `.json`. A change within the file
/// system's own tick would not show in a file's times: `open_checked` remembers only what was left alone for `settled`.
Result<std::unique_ptr<EvidenceStore>> open_evidence_folder(const std::string& folder, std::uint64_t quota,
                                                            Nanoseconds settled = std::chrono::seconds{2});

}  // namespace exhibit
