#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// Everything that this process does to files below one folder, by our own code, SQLite and the C++ library alike: the
/// system calls are replaced in this program (disk_calls.cc), done, and written down here.
///
/// Fault model. A power cut keeps what was synchronised. Of what was not, it keeps nothing, everything, any choice of
/// the writes, or a last write torn at a sector; a name (made, changed, removed) stays only when its folder was
/// synchronised after, or by the same luck. Synchronising a file does not synchronise its name.
/// A full disk refuses the n-th change, and every one after it until there is room again.
namespace exhibit::test {

class Disk {
 public:
  static Disk& instance();

  /// From now on; forgets what was written down before.
  void record(const std::string& folder);
  void stop();
  /// Refuses with this errno from the n-th change on (counted from 1), for `length` changes.
  void refuse(std::uint64_t from, std::uint64_t length, int error);
  /// Synchronising files with this in their path does nothing, or with "folder " before it folders: a planted bug. "":
  /// none.
  void forget_to_sync(std::string part) { unsynced_ = std::move(part); }

  [[nodiscard]] std::uint64_t changes() const { return changes_; }
  [[nodiscard]] std::uint64_t refused() const { return refused_; }
  [[nodiscard]] std::size_t steps() const { return steps_.size(); }
  /// Positions directly after each synchronisation.
  [[nodiscard]] std::vector<std::size_t> sync_points() const;
  /// What of the work was acknowledged at this position: whatever `mark` was told before it.
  [[nodiscard]] std::uint64_t mark_at(std::size_t position) const;
  void mark(std::uint64_t number);

  enum class Luck { nothing, everything, some, torn };
  /// Writes into the empty `folder` what a power cut at this position leaves.
  void rebuild(std::size_t position, Luck luck, std::uint64_t seed, const std::string& folder) const;

  // For disk_calls.cc.
  [[nodiscard]] bool watches(std::string_view path) const { return !folder_.empty() && path.starts_with(folder_); }
  [[nodiscard]] bool holds(int fd) const;
  /// True: the call goes on. False: errno is set.
  bool allowed();
  [[nodiscard]] bool syncs(const std::string& path) const;
  void made(const std::string& path, int fd, bool truncated);
  void opened(const std::string& path, int fd);
  void closed(int fd);
  void wrote(int fd, std::uint64_t offset, const void* bytes, std::size_t size);
  void truncated(int fd, std::uint64_t size);
  void synced(int fd);
  void renamed(const std::string& from, const std::string& to);
  void removed(const std::string& path);
  void folder_made(const std::string& path);
  [[nodiscard]] std::string path_of(int fd) const;

 private:
  using File = std::uint64_t;  ///< What a name leads to; another file under the same name is another one.
  struct Write {
    File file;
    std::uint64_t offset;
    std::string bytes;
  };
  struct Truncate {
    File file;
    std::uint64_t size;
  };
  struct Sync {
    File file;
  };
  struct SyncFolder {
    std::string folder;
  };
  struct Name {
    std::string path;
    File file;
  };
  struct MakeFolder {
    std::string path;
  };
  struct Remove {
    std::string path;
  };
  struct Rename {
    std::string from, to;
  };
  struct Mark {
    std::uint64_t number;
  };
  using Step = std::variant<Write, Truncate, Sync, SyncFolder, Name, MakeFolder, Remove, Rename, Mark>;

  struct Rebuilt;

  std::string relative(const std::string& path) const { return path.substr(folder_.size()); }

  mutable std::recursive_mutex mutex_;
  std::string folder_, unsynced_;
  std::vector<Step> steps_;
  std::map<int, std::pair<std::string, File>> open_;
  std::map<std::string, File> names_;
  File last_file_ = 0;
  std::uint64_t changes_ = 0, refused_ = 0, refuse_from_ = 0, refuse_length_ = 0;
  int error_ = 0;
};

}  // namespace exhibit::test
