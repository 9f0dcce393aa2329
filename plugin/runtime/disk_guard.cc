#include "runtime/disk_guard.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/post.hpp>

#include "base/text.h"
#include "store/file_handle.h"

namespace exhibit {
namespace {

constexpr std::chrono::milliseconds look_every{500};

}  // namespace

DiskGuard::DiskGuard(Executors& executors, std::string folder, Log log, std::function<void()> changed)
    : strand_(executors.make_strand()),
      timer_(strand_),
      folder_(std::move(folder)),
      log_(std::move(log)),
      changed_(std::move(changed)) {}

void DiskGuard::start() {
  look();
  boost::asio::post(strand_, [self = shared_from_this()] { self->arm(); });
}

void DiskGuard::stop() {
  boost::asio::post(strand_, [self = shared_from_this()] {
    self->stopped_ = true;
    self->timer_.cancel();
  });
}

void DiskGuard::arm() {
  if (stopped_) return;
  timer_.expires_after(look_every);
  timer_.async_wait([self = shared_from_this()](const boost::system::error_code& cancelled) {
    if (cancelled || self->stopped_) return;
    const bool before = self->scarce_;
    self->look();
    if (self->scarce_ != before) self->changed_();
    self->arm();
  });
}

std::string DiskGuard::text() const {
  const std::lock_guard lock(mutex_);
  return text_;
}

/// Blocks that are taken, not a hole that promises them.
bool DiskGuard::make_ballast() {
  const FileHandle file(::open(path().c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (file && ::posix_fallocate(file.get(), 0, static_cast<off_t>(room_->ballast())) == 0) return true;
  ::unlink(path().c_str());
  return false;
}

void DiskGuard::look() {
  struct statvfs disk {};
  if (::statvfs(folder_.c_str(), &disk) != 0) return;
  if (!room_) room_ = std::make_unique<DiskRoom>(std::uint64_t{disk.f_blocks} * disk.f_frsize);
  struct stat ballast {};
  const bool there =
      ::stat(path().c_str(), &ballast) == 0 && static_cast<std::uint64_t>(ballast.st_size) >= room_->ballast();
  const std::uint64_t left = std::uint64_t{disk.f_bavail} * disk.f_frsize;
  const bool before = scarce_;
  if (room_->looked(left, there)) {
    if (room_->scarce())
      ::unlink(path().c_str());
    else if (!make_ballast())
      room_->ballast_failed();
  }
  if (room_->scarce() == before) return;
  {
    const std::lock_guard lock(mutex_);
    text_ = room_->scarce() ? cat("the disk under ", folder_, " is full (", left / 1024,
                                  " KiB left): no alert is taken in; tickets that are owed are still delivered")
                            : "";
  }
  scarce_ = room_->scarce();
  if (scarce_)
    log_(LogLevel::error, "", "disk", text());
  else
    log_(LogLevel::info, "", "disk", "there is room on the disk again");
}

}  // namespace exhibit
