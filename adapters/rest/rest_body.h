#pragma once

#include <cstdint>
#include <string_view>

#include "exhibit/adapter.h"

namespace exhibit::rest {

/// A request's body in pieces: what stands before the evidence, the evidence as it is or as base64, what stands behind
/// it. Nothing of the evidence is kept in memory. Looks at what the caller keeps; the link's thread owns it.
class RestBody {
 public:
  RestBody(std::string_view before, const exh_blob* evidence, bool base64, std::string_view after);
  RestBody(const RestBody&) = delete;
  RestBody& operator=(const RestBody&) = delete;

  /// Valid as long as this is.
  [[nodiscard]] const exh_blob* blob() const { return &blob_; }

 private:
  static std::int64_t read(void* ctx, std::uint64_t offset, void* buffer, std::size_t capacity);
  [[nodiscard]] std::int64_t read_encoded(std::uint64_t offset, char* buffer, std::size_t capacity) const;

  std::string_view before_, after_;
  const exh_blob* evidence_;
  bool base64_;
  std::uint64_t encoded_;
  exh_blob blob_{};
};

}  // namespace exhibit::rest
