#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "adapters/rest/profile.h"
#include "adapters/rest/rest_http.h"
#include "adapters/rest/rest_text.h"

/// Reading an answer at the places that a profile names. Pure.
namespace exhibit::rest {

/// An answer, or one row of it. Looks at what its maker keeps.
struct Seen {
  const Json& json;
  const HttpAnswer& answer;
  TextFormat format = TextFormat::plain;
};

/// The text, number or bool there; nothing when there is none. Trees count as their JSON.
std::optional<std::string> text_there(const Seen& seen, std::string_view place);

/// The object that a text of our own side is; anything else is an empty one.
Json object_of(std::string_view json);

/// The list there; nullptr when there is none.
const Json* list_there(const Json& json, const std::string& pointer);

bool holds(const Proof& proof, const Values& values, const Seen& seen);
/// The sentence that a `rejects` found; empty: nothing was refused.
std::string refusal_in(const Proof& proof, const Seen& seen);
/// Every expression matches what stands at its place; none: true.
bool all_match(const Values& expressions, const Seen& seen);

/// What `capture` names, as far as it is there.
Values captured(const Request& request, const Seen& seen);

}  // namespace exhibit::rest
