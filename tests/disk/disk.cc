#include "tests/disk/disk.h"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <optional>

namespace exhibit::test {
namespace fs = std::filesystem;

Disk& Disk::instance() {
  static Disk disk;
  return disk;
}

void Disk::record(const std::string& folder) {
  const std::lock_guard lock(mutex_);
  folder_ = folder;
  steps_.clear();
  open_.clear();
  names_.clear();
  changes_ = refused_ = refuse_from_ = refuse_length_ = 0;
}

void Disk::stop() {
  const std::lock_guard lock(mutex_);
  folder_.clear();
  refuse_length_ = 0;
}

void Disk::refuse(std::uint64_t from, std::uint64_t length, int error) {
  const std::lock_guard lock(mutex_);
  refuse_from_ = from, refuse_length_ = length, error_ = error;
}

bool Disk::holds(int fd) const {
  const std::lock_guard lock(mutex_);
  return open_.contains(fd);
}

bool Disk::allowed() {
  const std::lock_guard lock(mutex_);
  ++changes_;
  if (refuse_length_ == 0 || changes_ < refuse_from_ || changes_ - refuse_from_ >= refuse_length_) return true;
  ++refused_;
  errno = error_;
  return false;
}

bool Disk::syncs(const std::string& path) const {
  if (unsynced_.empty()) return true;
  const bool folders = unsynced_.starts_with("folder ");
  return folders != fs::is_directory(path) || path.find(unsynced_.substr(folders ? 7 : 0)) == std::string::npos;
}

void Disk::made(const std::string& path, int fd, bool truncated) {
  const std::lock_guard lock(mutex_);
  const std::string name = relative(path);
  const auto [at, fresh] = names_.try_emplace(name, last_file_ + 1);
  if (fresh) {
    ++last_file_;
    steps_.emplace_back(Name{name, at->second});
  } else if (truncated) {
    steps_.emplace_back(Truncate{at->second, 0});
  }
  open_[fd] = {path, at->second};
}

void Disk::opened(const std::string& path, int fd) {
  const std::lock_guard lock(mutex_);
  const auto found = names_.find(relative(path));
  open_[fd] = {path, found == names_.end() ? 0 : found->second};
}

void Disk::closed(int fd) {
  const std::lock_guard lock(mutex_);
  open_.erase(fd);
}

std::string Disk::path_of(int fd) const {
  const std::lock_guard lock(mutex_);
  const auto found = open_.find(fd);
  return found == open_.end() ? std::string() : found->second.first;
}

void Disk::wrote(int fd, std::uint64_t offset, const void* bytes, std::size_t size) {
  const std::lock_guard lock(mutex_);
  steps_.emplace_back(Write{open_.at(fd).second, offset, std::string(static_cast<const char*>(bytes), size)});
}

void Disk::truncated(int fd, std::uint64_t size) {
  const std::lock_guard lock(mutex_);
  steps_.emplace_back(Truncate{open_.at(fd).second, size});
}

void Disk::synced(int fd) {
  const std::lock_guard lock(mutex_);
  const auto& [path, file] = open_.at(fd);
  if (fs::is_directory(path))
    steps_.emplace_back(SyncFolder{relative(path)});
  else
    steps_.emplace_back(Sync{file});
}

void Disk::renamed(const std::string& from, const std::string& to) {
  const std::lock_guard lock(mutex_);
  steps_.emplace_back(Rename{relative(from), relative(to)});
  if (const auto found = names_.find(relative(from)); found != names_.end()) {
    names_[relative(to)] = found->second;
    names_.erase(relative(from));
  }
}

void Disk::removed(const std::string& path) {
  const std::lock_guard lock(mutex_);
  steps_.emplace_back(Remove{relative(path)});
  names_.erase(relative(path));
}

void Disk::folder_made(const std::string& path) {
  const std::lock_guard lock(mutex_);
  steps_.emplace_back(MakeFolder{relative(path)});
}

void Disk::mark(std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  steps_.emplace_back(Mark{number});
}

std::vector<std::size_t> Disk::sync_points() const {
  std::vector<std::size_t> points;
  for (std::size_t i = 0; i < steps_.size(); ++i)
    if (std::holds_alternative<Sync>(steps_[i]) || std::holds_alternative<SyncFolder>(steps_[i]))
      points.push_back(i + 1);
  return points;
}

std::uint64_t Disk::mark_at(std::size_t position) const {
  std::uint64_t last = 0;
  for (std::size_t i = 0; i < position; ++i)
    if (const auto* mark = std::get_if<Mark>(&steps_[i])) last = mark->number;
  return last;
}

/// The files as they are and as they would be after a power cut, step by step.
struct Disk::Rebuilt {
  struct Content {
    std::string durable;
    std::vector<const Step*> pending;  ///< Writes and truncations since it was synchronised.
  };
  /// One change of a folder that is not synchronised yet.
  struct Change {
    std::string folder, path;
    std::optional<File> file;  ///< Nothing: the name is gone. 0: a folder.
  };

  static std::string folder_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

  static void apply(std::string& bytes, const Step& step, std::size_t most = std::string::npos) {
    if (const auto* write = std::get_if<Write>(&step)) {
      const std::size_t size = std::min(write->bytes.size(), most);
      if (bytes.size() < write->offset + size) bytes.resize(write->offset + size);
      bytes.replace(write->offset, size, write->bytes, 0, size);
    } else if (const auto* cut = std::get_if<Truncate>(&step)) {
      bytes.resize(cut->size);
    }
  }

  void take(const Step& step) {
    if (const auto* write = std::get_if<Write>(&step)) files[write->file].pending.push_back(&step);
    if (const auto* cut = std::get_if<Truncate>(&step)) files[cut->file].pending.push_back(&step);
    if (const auto* name = std::get_if<Name>(&step)) change(name->path, name->file);
    if (const auto* made = std::get_if<MakeFolder>(&step)) change(made->path, 0);
    if (const auto* gone = std::get_if<Remove>(&step)) change(gone->path, std::nullopt);
    if (const auto* rename = std::get_if<Rename>(&step)) {
      const File file = now[rename->from];
      change(rename->to, file);
      change(rename->from, std::nullopt);
    }
    if (const auto* sync = std::get_if<Sync>(&step)) {
      Content& content = files[sync->file];
      for (const Step* one : content.pending) apply(content.durable, *one);
      content.pending.clear();
    }
    if (const auto* folder = std::get_if<SyncFolder>(&step)) {
      for (const Change& one : changes)
        if (one.folder == folder->folder) settle(one);
      std::erase_if(changes, [&](const Change& one) { return one.folder == folder->folder; });
    }
  }

  void change(const std::string& path, std::optional<File> file) {
    if (file)
      now[path] = *file;
    else
      now.erase(path);
    changes.push_back({folder_of(path), path, file});
  }

  void settle(const Change& one) {
    if (one.file)
      names[one.path] = *one.file;
    else
      names.erase(one.path);
  }

  std::map<File, Content> files;
  std::map<std::string, File> names, now;  ///< Synchronised names, and those of the running system.
  std::vector<Change> changes;
};

void Disk::rebuild(std::size_t position, Luck luck, std::uint64_t seed, const std::string& folder) const {
  Rebuilt state;
  for (std::size_t i = 0; i < position; ++i) state.take(steps_[i]);
  std::mt19937_64 dice(seed);
  const auto kept = [&] {
    return luck == Luck::everything || luck == Luck::torn ||
           (luck == Luck::some && std::bernoulli_distribution(0.5)(dice));
  };
  // A journalling file system changes names in their order: what is kept is a beginning.
  bool names_go_on = true;
  for (const auto& change : state.changes) {
    names_go_on = names_go_on && kept();
    if (names_go_on) state.settle(change);
  }
  for (const auto& [path, file] : state.names)
    if (file == 0) fs::create_directories(folder + path);
  for (const auto& [path, file] : state.names) {
    if (file == 0 || !fs::is_directory(fs::path(folder + path).parent_path())) continue;  // Its folder is lost.
    const auto& content = state.files[file];
    std::string bytes = content.durable;
    for (std::size_t i = 0; i < content.pending.size(); ++i) {
      const bool last = i + 1 == content.pending.size();
      const std::size_t sectors = std::uniform_int_distribution<std::size_t>(0, 8)(dice);
      if (luck == Luck::torn && last)
        Rebuilt::apply(bytes, *content.pending[i], sectors * 512);
      else if (kept())
        Rebuilt::apply(bytes, *content.pending[i]);
    }
    std::ofstream(folder + path, std::ios::binary) << bytes;
  }
}

}  // namespace exhibit::test
