#include "evidence/evidence_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <map>
#include <mutex>
#include <set>
#include <system_error>

#include "base/plants.h"
#include "base/text.h"
#include "evidence/origin.h"

namespace exhibit {
namespace {

namespace fs = std::filesystem;

Error disk_error(std::string_view doing) {
  const int code = errno;
  return {Errc::unavailable, cat("evidence store: ", doing, ": ", std::generic_category().message(code))};
}

Result<void> write_all(int fd, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return disk_error("writing");
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

/// A rename is only as durable as the folder it happened in.
Result<void> sync_folder(const std::string& folder) {
  const FileHandle handle(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!handle || ::fsync(handle.get()) != 0) return disk_error("synchronising a folder");
  return {};
}

constexpr std::uint64_t block_bytes = 4096;
std::uint64_t on_disk(std::uint64_t bytes) { return (bytes + block_bytes - 1) / block_bytes * block_bytes; }

bool is_evidence_id(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

EvidenceIntake::~EvidenceIntake() {
  if (file_) ::unlink(path_.c_str());
}

Result<void> EvidenceIntake::append(ByteView bytes) {
  if (bytes.size() > size_max_ - size_) return Error{Errc::too_large, cat("more than ", size_max_, " bytes")};
  if (Result<void> written = write_all(file_.get(), bytes); !written) return written;
  hash_.add(bytes);
  size_ += bytes.size();
  return {};
}

class FolderEvidenceStore final : public EvidenceStore {
 public:
  FolderEvidenceStore(std::string folder, std::uint64_t quota, Nanoseconds settled)
      : folder_(std::move(folder)), quota_(quota), settled_(settled) {}

  Result<void> prepare() {
    for (const char* part : {"", "/intake", "/orphans"})
      if (Result<void> made = make_durable_folder(folder_ + part); !made) return made;
    std::error_code failed;
    for (const auto& entry : fs::directory_iterator(folder_ + "/intake", failed)) fs::remove(entry.path(), failed);
    for (auto at = fs::recursive_directory_iterator(folder_, failed);
         !failed && at != fs::recursive_directory_iterator(); at.increment(failed))
      if (at->is_regular_file(failed)) used_ += on_disk(at->file_size(failed));
    return {};
  }

  Result<EvidenceIntake> begin(std::uint64_t size_max) override {
    if (used_ + size_max > quota_)
      return Error{Errc::too_large, cat("evidence store: the quota of ", quota_, " bytes is used up")};
    const std::string path = cat(folder_, "/intake/", ++counter_);
    FileHandle file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!file) return disk_error("creating a file");
    return EvidenceIntake(path, std::move(file), size_max);
  }

  Result<EvidenceId> seal(EvidenceIntake intake, const EvidenceOrigin& origin) override {
    const EvidenceId id{hex(intake.hash_.finish())};
    if (::fsync(intake.file_.get()) != 0) return disk_error("synchronising a file");
    const std::lock_guard lock(sealing_);
    note_sealed(id);
    std::error_code failed;
    const std::string folder = folder_of(id);
    const bool new_folder = fs::create_directory(folder, failed);
    if (failed) return Error{Errc::unavailable, cat("evidence store: ", failed.message())};
    // What is there under this name has these bytes, unless the disk damaged it: then the good copy replaces it.
    if (!(fs::exists(path_of(id), failed) && read(id))) {
      if (Result<void> written = write_origin(id, intake.size(), origin); !written) return written.error();
      if (::rename(intake.path_.c_str(), path_of(id).c_str()) != 0) return disk_error("naming a file");
      ::close(intake.file_.release());
      used_ += on_disk(intake.size()) + block_bytes;
    }
    if (Result<void> synced = sync_folder(folder); !synced) return synced.error();
    if (new_folder)
      if (Result<void> synced = sync_folder(folder_); !synced) return synced.error();
    return id;
  }

  Result<Bytes> read(const EvidenceId& id) const override {
    const Result<FileHandle> file = open(id);
    return file ? checked_bytes(*file, id) : file.error();
  }

  Result<EvidenceFile> open_checked(const EvidenceId& id) const override {
    Result<FileHandle> file = open(id);
    if (!file) return file.error();
    struct stat status {};
    if (::fstat(file->get(), &status) != 0) return disk_error("reading");
    const Seen seen{status.st_ino, status.st_size, ns_of(status.st_mtim), ns_of(status.st_ctim)};
    {
      const std::lock_guard lock(checking_);
      const auto known = good_.find(id.text);
      if (known != good_.end() && known->second.seen == seen &&
          std::chrono::steady_clock::now() - known->second.hashed < trusted_for)
        return EvidenceFile{std::move(*file), static_cast<std::uint64_t>(status.st_size)};
    }
    const Result<Bytes> bytes = checked_bytes(*file, id);
    if (!bytes) return bytes.error();
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    if (ns_of(now) - seen.changed >= settled_.count()) {
      const std::lock_guard lock(checking_);
      if (good_.size() >= good_max) good_.clear();
      good_.insert_or_assign(id.text, Good{seen, std::chrono::steady_clock::now()});
    }
    return EvidenceFile{std::move(*file), bytes->size()};
  }

  static Result<Bytes> checked_bytes(const FileHandle& file, const EvidenceId& id) {
    struct stat status {};
    if (::fstat(file.get(), &status) != 0) return disk_error("reading");
    Bytes bytes(static_cast<std::size_t>(status.st_size));
    std::size_t have = 0;
    while (have < bytes.size()) {
      const ssize_t got = ::pread(file.get(), bytes.data() + have, bytes.size() - have, static_cast<off_t>(have));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return disk_error("reading");
      if (got == 0) break;
      have += static_cast<std::size_t>(got);
    }
    bytes.resize(have);
    if (hex(sha256(bytes)) != id.text)
      return Error{Errc::corrupt, cat("evidence ", id.text.substr(0, 12), ": the bytes no longer match their hash")};
    return bytes;
  }

  Result<bool> remove(const EvidenceId& id, Nanoseconds unless_sealed_within) override {
    if (!is_evidence_id(id.text)) return Error{Errc::not_found, "evidence: no such name"};
    const std::lock_guard lock(sealing_);
    const auto fresh = sealed_lately_.find(id.text);
    if (fresh != sealed_lately_.end() && std::chrono::steady_clock::now() - fresh->second < unless_sealed_within)
      return false;
    for (const std::string& path : {path_of(id), path_beside(id)}) {
      std::error_code failed;
      const std::uintmax_t bytes = fs::file_size(path, failed);
      if (failed) continue;  // It went before, and the process with it.
      if (::unlink(path.c_str()) != 0) return disk_error("deleting a file");
      used_ -= std::min<std::uint64_t>(used_, on_disk(bytes));
    }
    const std::lock_guard checked(checking_);
    good_.erase(id.text);
    return true;
  }

  std::uint64_t used() const override { return used_; }

  std::vector<SealedFile> sealed() const override {
    std::vector<SealedFile> all;
    std::error_code failed;
    for (auto at = fs::recursive_directory_iterator(folder_, failed);
         !failed && at != fs::recursive_directory_iterator(); at.increment(failed)) {
      const fs::path& path = at->path();
      if (path.extension() != ".json" || path.parent_path().filename().string().size() != 2) continue;
      std::string text(std::min<std::uintmax_t>(fs::file_size(path, failed), 4096), '\0');
      const FileHandle file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
      if (!file || ::pread(file.get(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) continue;
      std::optional<SealedFile> read = read_origin(text);
      if (read && read->id.text == path.stem().string() && fs::exists(path_of(read->id), failed))
        all.push_back(std::move(*read));
    }
    return all;
  }

  Result<std::size_t> set_orphans_aside(const std::vector<EvidenceId>& known) override {
    std::set<std::string> names;
    for (const EvidenceId& id : known) names.insert(id.text);
    std::size_t moved = 0;
    std::error_code failed;
    std::vector<fs::path> orphans;
    for (auto at = fs::recursive_directory_iterator(folder_, failed);
         !failed && at != fs::recursive_directory_iterator(); at.increment(failed)) {
      const std::string stem = at->path().stem().string();
      const bool ours = at->path().parent_path().filename().string().size() == 2 && is_evidence_id(stem);
      if (ours && !names.contains(stem)) orphans.push_back(at->path());
    }
    for (const fs::path& path : orphans) {
      fs::rename(path, fs::path(folder_) / "orphans" / path.filename(), failed);
      if (!failed && path.extension() == ".pcap") ++moved;
    }
    return moved;
  }

 private:
  Result<FileHandle> open(const EvidenceId& id) const {
    if (!is_evidence_id(id.text)) return Error{Errc::not_found, "evidence: no such name"};
    FileHandle file(::open(path_of(id).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (planted(Plant::evidence_without_tenant) && !file) file = any_tenants(id);
    if (!file && errno == ENOENT)
      return Error{Errc::not_found, cat("evidence ", id.text.substr(0, 12), " is not in the store")};
    if (!file) return disk_error("opening");
    return file;
  }

  void note_sealed(const EvidenceId& id) {
    const auto now = std::chrono::steady_clock::now();
    if (sealed_lately_.size() >= sealed_lately_max)
      std::erase_if(sealed_lately_, [&](const auto& entry) { return now - entry.second > trusted_for; });
    sealed_lately_[id.text] = now;
  }

  /// The planted look-up by hash alone.
  FileHandle any_tenants(const EvidenceId& id) const {
    std::error_code failed;
    for (const auto& tenant : fs::directory_iterator(fs::path(folder_) / "../..", failed)) {
      const FolderEvidenceStore other(tenant.path() / "evidence", quota_, settled_);
      if (FileHandle file(::open(other.path_of(id).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)); file) return file;
    }
    return FileHandle();
  }

  /// A file as it was when its hash was right.
  struct Seen {
    ino_t inode;
    off_t size;
    std::int64_t written, changed;
    bool operator==(const Seen&) const = default;
  };
  struct Good {
    Seen seen;
    std::chrono::steady_clock::time_point hashed;
  };
  static constexpr std::size_t good_max = 4096, sealed_lately_max = 4096;
  static constexpr std::chrono::minutes trusted_for{10};  // Rot changes no time of a file.
  static std::int64_t ns_of(const timespec& time) { return time.tv_sec * std::int64_t{1'000'000'000} + time.tv_nsec; }

  std::string folder_of(const EvidenceId& id) const { return cat(folder_, "/", id.text.substr(0, 2)); }
  std::string path_of(const EvidenceId& id) const { return cat(folder_of(id), "/", id.text, ".pcap"); }

  std::string path_beside(const EvidenceId& id) const { return cat(folder_of(id), "/", id.text, ".json"); }

  /// Before the capture gets its name, so that no capture ever stands without it.
  Result<void> write_origin(const EvidenceId& id, std::uint64_t size, const EvidenceOrigin& origin) {
    const std::string path = path_beside(id);
    const FileHandle file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!file) return disk_error("creating a file");
    if (Result<void> written = write_all(file.get(), as_bytes(origin_json(id, size, origin))); !written) return written;
    if (::fsync(file.get()) != 0) return disk_error("synchronising a file");
    return {};
  }

  std::string folder_;
  std::uint64_t quota_;
  Nanoseconds settled_;
  mutable std::mutex checking_;
  mutable std::map<std::string, Good> good_;
  std::atomic<std::uint64_t> used_{0};
  std::atomic<std::uint64_t> counter_{0};
  std::mutex sealing_;
  std::map<std::string, std::chrono::steady_clock::time_point> sealed_lately_;
};

Result<void> make_durable_folder(const std::string& path) {
  std::error_code failed;
  if (fs::is_directory(path, failed)) return {};
  const std::string above = fs::path(path).parent_path().string();
  if (!above.empty() && above != path)
    if (Result<void> made = make_durable_folder(above); !made) return made;
  fs::create_directory(path, failed);
  if (failed) return Error{Errc::unavailable, cat(path, ": ", failed.message())};
  return sync_folder(above.empty() ? "." : above);
}

Result<std::unique_ptr<EvidenceStore>> open_evidence_folder(const std::string& folder, std::uint64_t quota,
                                                            Nanoseconds settled) {
  auto store = std::make_unique<FolderEvidenceStore>(folder, quota, settled);
  if (const Result<void> ready = store->prepare(); !ready) return ready.error();
  return std::unique_ptr<EvidenceStore>(std::move(store));
}

}  // namespace exhibit
