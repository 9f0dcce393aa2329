// The system calls that change files, replaced for this whole program: its own symbols win over those of the C library,
// in SQLite and the C++ library, too.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdio>

#include "tests/disk/disk.h"

using exhibit::test::Disk;

namespace {

template <typename Call>
Call real(const char* name) {
  return reinterpret_cast<Call>(::dlsym(RTLD_NEXT, name));
}

bool watched(const char* path) { return path != nullptr && Disk::instance().watches(path); }
bool watched(int fd) { return Disk::instance().holds(fd); }

int open_file(const char* name, const char* path, int flags, mode_t mode) {
  using Call = int (*)(const char*, int, ...);
  static const Call plain = real<Call>("open"), large = real<Call>("open64");
  const Call call = name[4] == '6' ? large : plain;
  if (!watched(path)) return call(path, flags, mode);
  struct stat before {};
  const bool there = ::stat(path, &before) == 0;
  const bool changes = ((flags & O_CREAT) != 0 && !there) || ((flags & O_TRUNC) != 0 && there);
  if (changes && !Disk::instance().allowed()) return -1;
  const int fd = call(path, flags, mode);
  if (fd < 0) return fd;
  if ((flags & O_CREAT) != 0)
    Disk::instance().made(path, fd, (flags & O_TRUNC) != 0);
  else
    Disk::instance().opened(path, fd);
  return fd;
}

ssize_t write_at(int fd, const void* bytes, size_t size, off_t offset) {
  using Call = ssize_t (*)(int, const void*, size_t, off_t);
  static const Call call = real<Call>("pwrite64");
  if (!watched(fd)) return call(fd, bytes, size, offset);
  if (!Disk::instance().allowed()) return -1;
  const ssize_t done = call(fd, bytes, size, offset);
  if (done > 0) Disk::instance().wrote(fd, static_cast<std::uint64_t>(offset), bytes, static_cast<size_t>(done));
  return done;
}

int cut(int fd, off_t size) {
  using Call = int (*)(int, off_t);
  static const Call call = real<Call>("ftruncate64");
  if (!watched(fd)) return call(fd, size);
  if (!Disk::instance().allowed()) return -1;
  const int done = call(fd, size);
  if (done == 0) Disk::instance().truncated(fd, static_cast<std::uint64_t>(size));
  return done;
}

int sync_file(int fd) {
  if (!watched(fd)) return 0;  // What is only looked at afterwards needs no real disk.
  if (!Disk::instance().allowed()) return -1;
  if (Disk::instance().syncs(Disk::instance().path_of(fd))) Disk::instance().synced(fd);
  return 0;  // The real disk need not wait: only what is written down counts here.
}

int remove_name(const char* path) {
  using Call = int (*)(const char*);
  static const Call call = real<Call>("unlink");
  if (!watched(path)) return call(path);
  if (!Disk::instance().allowed()) return -1;
  const int done = call(path);
  if (done == 0) Disk::instance().removed(path);
  return done;
}

}  // namespace

#pragma GCC visibility push(default)  // Shared libraries must find them.
extern "C" {

int open(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = va_arg(rest, mode_t);
  va_end(rest);
  return open_file("open", path, flags, mode);
}

int open64(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = va_arg(rest, mode_t);
  va_end(rest);
  return open_file("open64", path, flags, mode);
}

int close(int fd) {
  using Call = int (*)(int);
  static const Call call = real<Call>("close");
  Disk::instance().closed(fd);
  return call(fd);
}

ssize_t write(int fd, const void* bytes, size_t size) {
  using Call = ssize_t (*)(int, const void*, size_t);
  static const Call call = real<Call>("write");
  if (fd <= 2 || !watched(fd)) return call(fd, bytes, size);
  if (!Disk::instance().allowed()) return -1;
  const off_t at = ::lseek(fd, 0, SEEK_CUR);
  const ssize_t done = call(fd, bytes, size);
  if (done > 0) Disk::instance().wrote(fd, static_cast<std::uint64_t>(at), bytes, static_cast<size_t>(done));
  return done;
}

ssize_t pwrite(int fd, const void* bytes, size_t size, off_t offset) { return write_at(fd, bytes, size, offset); }
ssize_t pwrite64(int fd, const void* bytes, size_t size, off_t offset) { return write_at(fd, bytes, size, offset); }
int ftruncate(int fd, off_t size) noexcept { return cut(fd, size); }
int ftruncate64(int fd, off_t size) noexcept { return cut(fd, size); }
int fsync(int fd) { return sync_file(fd); }
int fdatasync(int fd) { return sync_file(fd); }
int unlink(const char* path) noexcept { return remove_name(path); }

int remove(const char* path) noexcept {
  using Call = int (*)(const char*);
  static const Call call = real<Call>("remove");
  struct stat facts {};
  const bool folder = ::stat(path, &facts) == 0 && S_ISDIR(facts.st_mode);
  return watched(path) && !folder ? remove_name(path) : call(path);
}

int rename(const char* from, const char* to) noexcept {
  using Call = int (*)(const char*, const char*);
  static const Call call = real<Call>("rename");
  if (!watched(from)) return call(from, to);
  if (!Disk::instance().allowed()) return -1;
  const int done = call(from, to);
  if (done == 0) Disk::instance().renamed(from, to);
  return done;
}

int mkdir(const char* path, mode_t mode) noexcept {
  using Call = int (*)(const char*, mode_t);
  static const Call call = real<Call>("mkdir");
  if (!watched(path)) return call(path, mode);
  if (!Disk::instance().allowed()) return -1;
  const int done = call(path, mode);
  if (done == 0) Disk::instance().folder_made(path);
  return done;
}

}  // extern "C"
#pragma GCC visibility pop
