#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"
#include "exhibit/types.h"

namespace exhibit::rest {

using Headers = std::vector<std::pair<std::string, std::string>>;

/// Where the operation's evidence stands in a body: between `body` and `tail`.
enum class EvidenceAs { none, raw, base64 };

struct HttpRequest {
  std::string method, target, content_type, body;
  EvidenceAs evidence = EvidenceAs::none;
  std::string tail = {};
  Headers headers = {};

  bool operator==(const HttpRequest&) const = default;
};

struct HttpAnswer {
  exh_rc rc = EXH_UNKNOWN;  ///< As exh_http.ask returned it.
  int status = 0;
  std::uint32_t retry_after_ms = 0;
  std::string content_type, body;
  Headers headers = {};
  std::int64_t at_s = 0;  ///< When it came, in seconds of the epoch.

  /// The first header of that name in any case, else the empty text.
  [[nodiscard]] std::string_view header(std::string_view name) const {
    for (const auto& [held, value] : headers)
      if (equal_ignoring_case(held, name)) return value;
    return {};
  }
};

}  // namespace exhibit::rest
