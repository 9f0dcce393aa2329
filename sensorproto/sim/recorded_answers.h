#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace exhibit::sim {

/// Recorded answers to `get`, handed out one after another, then empty ones. Not thread-safe.
class RecordedAnswers {
 public:
  /// The *.xml files of a folder in byte order of their names. not_found: no folder, or none in it.
  static Result<RecordedAnswers> read(const std::string& folder);

  explicit RecordedAnswers(std::vector<std::string> documents) : documents_(std::move(documents)) {}

  /// The next document, or the last one again without `confirm`; the empty text when all are gone.
  std::string next(bool confirm);
  [[nodiscard]] bool any_left() const { return next_ < documents_.size(); }
  [[nodiscard]] bool all_acknowledged() const { return acknowledged_ == documents_.size(); }
  [[nodiscard]] std::size_t count() const { return documents_.size(); }

 private:
  std::vector<std::string> documents_;
  std::size_t next_ = 0, acknowledged_ = 0;
};

/// A document whose root is a bare event, wrapped into an envelope; any other as it stands.
std::string as_answer(std::string_view document);

}  // namespace exhibit::sim
