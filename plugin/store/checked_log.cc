#include "store/checked_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <map>
#include <optional>

#include "base/text.h"
#include "base/values.h"
#include "store/checked_pages.h"
#include "store/file_handle.h"

namespace exhibit {
namespace {

// https://www.sqlite.org/fileformat2.html#the_write_ahead_log
constexpr std::size_t header_bytes = 32, frame_header_bytes = 24, frame_bytes = frame_header_bytes + page_bytes;
constexpr std::uint32_t magic = 0x377F0682;  // Its lowest bit: the sums are of big-endian words.

std::uint64_t pair_at(const std::uint8_t* bytes) {
  return std::uint64_t{number_at(bytes)} << 32 | number_at(bytes + 4);
}

/// The running sum of a log, over everything from its header on.
struct LogSum {
  std::uint32_t first = 0, second = 0;
  bool big_endian = false;

  void add(ByteView bytes) {
    for (std::size_t at = 0; at + 8 <= bytes.size(); at += 8) {
      first += word(&bytes[at]) + second;
      second += word(&bytes[at + 4]) + first;
    }
  }
  [[nodiscard]] std::uint64_t both() const { return std::uint64_t{first} << 32 | second; }

 private:
  [[nodiscard]] std::uint32_t word(const std::uint8_t* bytes) const {
    return big_endian ? number_at(bytes)
                      : std::uint32_t{bytes[3]} << 24 | std::uint32_t{bytes[2]} << 16 | std::uint32_t{bytes[1]} << 8 |
                            bytes[0];
  }
};

/// A mark as it lies in its file.
struct Mark {
  std::uint64_t salts = 0, frames = 0, sum = 0;

  [[nodiscard]] std::uint64_t own_sum() const {
    return (salts ^ frames * 0x9E3779B97F4A7C15ULL) * 0xD6E8FEB86659FD93ULL;
  }
};

std::optional<Mark> read_mark(const std::string& path) {
  const FileHandle file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  Mark mark;
  if (!file || ::pread(file.get(), &mark, sizeof mark, 0) != static_cast<ssize_t>(sizeof mark)) return std::nullopt;
  return mark.sum == mark.own_sum() && mark.frames > 0 ? std::optional(mark) : std::nullopt;
}

class LogFile {
 public:
  explicit LogFile(int fd) : fd_(fd) {}

  bool read_header(std::array<std::uint8_t, header_bytes>& header) const {
    return ::pread(fd_, header.data(), header.size(), 0) == static_cast<ssize_t>(header.size());
  }
  bool read_frame(std::uint64_t number, std::array<std::uint8_t, frame_bytes>& frame) const {
    const auto at = static_cast<off_t>(header_bytes + number * frame_bytes);
    return ::pread(fd_, frame.data(), frame.size(), at) == static_cast<ssize_t>(frame.size());
  }

 private:
  int fd_;
};

bool is_whole_header(const std::array<std::uint8_t, header_bytes>& header) {
  LogSum sum{.big_endian = (header[3] & 1U) != 0};
  sum.add(ByteView(header).first(24));
  return (number_at(header.data()) & ~1U) == magic && number_at(&header[8]) == page_bytes &&
         sum.both() == pair_at(&header[24]);
}

/// How many frames SQLite will take, up to `most`.
std::uint64_t whole_frames(const LogFile& log, const std::array<std::uint8_t, header_bytes>& header,
                           std::uint64_t most) {
  LogSum sum{.first = number_at(&header[24]), .second = number_at(&header[28]), .big_endian = (header[3] & 1U) != 0};
  std::array<std::uint8_t, frame_bytes> frame;
  for (std::uint64_t number = 0; number < most; ++number) {
    if (!log.read_frame(number, frame) || std::memcmp(&frame[8], &header[16], 8) != 0) return number;
    sum.add(ByteView(frame).first(8));
    sum.add(ByteView(frame).subspan(frame_header_bytes));
    if (sum.both() != pair_at(&frame[16])) return number;
  }
  return most;
}

/// After a log was begun anew, its old frames are in the database. So a header that cannot be read is a torn new one
/// when the database holds all that the marked frames hold.
bool database_holds(const std::string& database_path, const LogFile& log, const Mark& mark) {
  std::map<std::uint32_t, std::uint64_t> last;
  std::array<std::uint8_t, frame_bytes> frame;
  for (std::uint64_t number = 0; number < mark.frames; ++number) {
    if (!log.read_frame(number, frame) || pair_at(&frame[8]) != mark.salts) return false;
    last[number_at(frame.data())] = number;
  }
  const FileHandle database(::open(database_path.c_str(), O_RDONLY | O_CLOEXEC));
  std::array<std::uint8_t, page_bytes> page;
  for (const auto& [number, at] : last) {
    const auto offset = static_cast<off_t>(std::uint64_t{number - 1} * page_bytes);
    if (!log.read_frame(at, frame) ||
        ::pread(database.get(), page.data(), page.size(), offset) != static_cast<ssize_t>(page.size()) ||
        std::memcmp(page.data(), &frame[frame_header_bytes], page_bytes - page_sum_bytes) != 0)
      return false;
  }
  return true;
}

}  // namespace

LogMark::LogMark(sqlite3* database, const std::string& database_path)
    : database_(database),
      mark_(FileHandle(::open((database_path + "-mark").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600))),
      log_path_(database_path + "-wal") {
  sqlite3_wal_hook(database_, committed, this);
}

LogMark::~LogMark() { sqlite3_wal_hook(database_, nullptr, nullptr); }

std::uint64_t LogMark::log_bytes() const { return frames_ * frame_bytes; }

int LogMark::committed(void* self, sqlite3*, const char*, int frames) {
  static_cast<LogMark*>(self)->write(static_cast<std::uint32_t>(frames));
  return SQLITE_OK;
}

void LogMark::write(std::uint32_t frames) {
  if (!log_) log_ = FileHandle(::open(log_path_.c_str(), O_RDONLY | O_CLOEXEC));
  // Each time: nothing else tells that the log was begun anew, since a first commit may be larger than all before it.
  std::array<std::uint8_t, header_bytes> header{};
  if (!LogFile(log_.get()).read_header(header)) return;
  frames_ = frames;
  Mark mark{.salts = pair_at(&header[16]), .frames = frames};
  mark.sum = mark.own_sum();
  (void)!::pwrite(mark_.get(), &mark, sizeof mark, 0);
}

Result<void> check_log(const std::string& database_path) {
  const std::optional<Mark> mark = read_mark(database_path + "-mark");
  const FileHandle file(::open((database_path + "-wal").c_str(), O_RDONLY | O_CLOEXEC));
  std::array<std::uint8_t, header_bytes> header{};
  const LogFile log(file.get());
  if (!mark || !file || ::lseek(file.get(), 0, SEEK_END) <= 0) return {};
  if (!log.read_header(header) || !is_whole_header(header)) {
    if (database_holds(database_path, log, *mark)) return {};
    return Error{Errc::corrupt, "store: the header of its log is damaged"};
  }
  if (pair_at(&header[16]) != mark->salts) return {};
  const std::uint64_t whole = whole_frames(log, header, mark->frames);
  if (whole == mark->frames) return {};
  return Error{Errc::corrupt, cat("store: ", mark->frames, " frames of its log were committed, ", whole, " are whole")};
}

}  // namespace exhibit
