#include "adapters/rest/rest_body.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/base64.h"

namespace exhibit::rest {
namespace {

constexpr std::uint64_t groups_max = 16U << 10;  // Of three bytes, read at once.

std::int64_t copied(std::string_view text, std::uint64_t offset, void* buffer, std::size_t capacity) {
  const std::string_view piece = text.substr(static_cast<std::size_t>(offset), capacity);
  std::copy(piece.begin(), piece.end(), static_cast<char*>(buffer));
  return static_cast<std::int64_t>(piece.size());
}

}  // namespace

RestBody::RestBody(std::string_view before, const exh_blob* evidence, bool base64, std::string_view after)
    : before_(before),
      after_(after),
      evidence_(evidence),
      base64_(base64),
      encoded_(base64 ? (evidence->length + 2) / 3 * 4 : evidence->length) {
  blob_.size = sizeof blob_;
  blob_.length = before_.size() + encoded_ + after_.size();
  blob_.ctx = this;
  blob_.read = read;
}

std::int64_t RestBody::read(void* ctx, std::uint64_t offset, void* buffer, std::size_t capacity) {
  const auto* const self = static_cast<const RestBody*>(ctx);
  if (offset < self->before_.size()) return copied(self->before_, offset, buffer, capacity);
  offset -= self->before_.size();
  if (offset >= self->encoded_) {
    offset -= self->encoded_;
    return offset >= self->after_.size() ? 0 : copied(self->after_, offset, buffer, capacity);
  }
  const auto room = static_cast<std::size_t>(std::min<std::uint64_t>(capacity, self->encoded_ - offset));
  if (!self->base64_) return self->evidence_->read(self->evidence_->ctx, offset, buffer, room);
  return self->read_encoded(offset, static_cast<char*>(buffer), room);
}

std::int64_t RestBody::read_encoded(std::uint64_t offset, char* buffer, std::size_t capacity) const {
  const std::uint64_t group = offset / 4, groups = std::min((capacity + 3) / 4 + 1, groups_max);
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(std::min(groups * 3, evidence_->length - group * 3)));
  std::size_t have = 0;
  while (have < bytes.size()) {
    const std::int64_t got =
        evidence_->read(evidence_->ctx, group * 3 + have, bytes.data() + have, bytes.size() - have);
    if (got <= 0) return -static_cast<std::int64_t>(EXH_INTERNAL);
    have += static_cast<std::size_t>(got);
  }
  const std::string text = encode_base64(bytes);
  return copied(text, offset % 4, buffer, capacity);
}

}  // namespace exhibit::rest
