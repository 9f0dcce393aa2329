#include "store/gathered_writes.h"

#include <cstring>
#include <new>
#include <utility>

namespace exhibit {

GatheredWrites::GatheredWrites() : held_(new (std::nothrow) std::array<std::uint8_t, room>) {}

int GatheredWrites::write(sqlite3_file* file, const void* from, int bytes, sqlite3_int64 at) {
  const bool follows = bytes_ > 0 && at == begin_ + bytes_ && bytes <= room - bytes_;
  if (!follows)
    if (const int code = flush(file); code != SQLITE_OK) return code;
  if (!held_ || bytes > room) return file->pMethods->xWrite(file, from, bytes, at);
  if (!follows) begin_ = at;
  std::memcpy(held_->data() + bytes_, from, static_cast<std::size_t>(bytes));
  bytes_ += bytes;
  return SQLITE_OK;
}

int GatheredWrites::flush(sqlite3_file* file) {
  const int bytes = std::exchange(bytes_, 0);
  return bytes == 0 ? SQLITE_OK : file->pMethods->xWrite(file, held_->data(), bytes, begin_);
}

}  // namespace exhibit
