#pragma once

#include "adapters/rest/rest_judge.h"

/// What an answer that is no success says. Pure.
namespace exhibit::rest {

/// Of a writing request: the profile's rules first, then what each status means everywhere.
Verdict refused(const Profile& profile, const Values& values, const HttpAnswer& answer);
/// What a transport that brought no answer means for this request.
Verdict without_answer(const HttpAnswer& answer);
/// A failed look changes nothing: it can be done again.
Verdict look_failed(Verdict verdict);
bool is_json(const HttpAnswer& answer);
inline constexpr std::size_t reason_bytes = 240;  ///< Of a desk's words, escapes included; a cut is marked.
/// "HTTP 422: " and what the desk says, held short and harmless.
std::string words_of(const Profile& profile, const HttpAnswer& answer);

}  // namespace exhibit::rest
