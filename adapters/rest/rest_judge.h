#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "adapters/rest/profile.h"
#include "adapters/rest/rest_http.h"

/// From an answer to the verdict. Pure.
namespace exhibit::rest {

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
  Values captured = {};       ///< For the requests that follow.
  bool finished = false;      ///< The operation is done; what follows is not needed.

  [[nodiscard]] std::string json() const;
};

/// Of one request of a list. EXH_OK only when the answer proves it; a fault that says "not done" is a retry or a
/// refusal; anything else is unknown, since the desk may have kept it. A look that tells nothing is a retry.
Verdict judge_step(const Profile& profile, const Request& request, const Values& values, const HttpAnswer& answer);

/// Of a search, or one page of it. EXH_OK with `matches` and the oldest; EXH_ABSENT: no row at all. Rows that are not
/// what was asked for tell that the search cannot be trusted: EXH_RETRY, and never a create.
Verdict judge_search(const Profile& profile, const Request& request, const Values& values, const HttpAnswer& answer);

/// What `take` names, from each row or from the answer itself, as a JSON array of objects; EXH_OK only if all of it is
/// ours.
Verdict judge_read(const Profile& profile, const Request& request, const Values& values, const HttpAnswer& answer);

/// Where the next page begins: the value of the paging parameter; empty: this was the last one. `rows` were on it.
std::string next_page(const Request& request, const HttpAnswer& answer, const std::string& at, std::size_t rows);
std::size_t rows_in(const Request& request, const HttpAnswer& answer);
/// What `judge_read` took, as a tree.
Json rows_of(const Verdict& read);

}  // namespace exhibit::rest
