#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "adapters/rest/profile.h"
#include "exhibit/types.h"

/// From an answer to the verdict. Pure.
namespace exhibit::rest {

struct HttpAnswer {
  exh_rc rc = EXH_UNKNOWN;  ///< As exh_http.ask returned it.
  int status = 0;
  std::uint32_t retry_after_ms = 0;
  std::string content_type, body;
};

/// What is known of an operation now.
struct Verdict {
  exh_rc rc = EXH_UNKNOWN;
  std::string ticket = {}, number = {}, url = {};
  bool already_there = false;
  std::uint32_t retry_after_ms = 0;
  std::string cause = {};     ///< A token, such as content-refused.
  std::string text = {};      ///< A sentence for people.
  std::size_t matches = 0;    ///< Rows that are truly equal.
  std::string document = {};  ///< JSON.

  [[nodiscard]] std::string json() const;
};

/// Of a writing request. Done only when the answer proves it; a fault that says "not done" is a retry or a refusal;
/// anything else is unknown, since the desk may have kept it.
Verdict judge_write(const Profile& profile, const Operation& operation, const Values& values, const HttpAnswer& answer);

/// Of a search. EXH_OK with `matches` and the oldest; EXH_ABSENT: no row at all. Rows that are not what was asked for
/// tell that the search cannot be trusted: EXH_RETRY, and never a create.
Verdict judge_search(const Profile& profile, const Operation& operation, const Values& values,
                     const HttpAnswer& answer);

/// What `take` names, from each row or from the answer itself, as a JSON array of objects; EXH_OK only if all of it is
/// ours.
Verdict judge_read(const Profile& profile, const Operation& operation, const Values& values, const HttpAnswer& answer);

}  // namespace exhibit::rest
