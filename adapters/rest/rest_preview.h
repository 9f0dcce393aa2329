#pragma once

#include <string>

#include "adapters/rest/profile.h"
#include "adapters/rest/rest_request.h"

/// What an operation would send. Pure.
namespace exhibit::rest {

/// [{"method", "target", "content_type", "body"}]: the requests of `op`, in order, as `apply` makes them when the desk
/// holds nothing of it yet. `kind`: EXH_OP_…. Logins are left out; what only the desk can say stands in braces.
std::string preview_json(const Profile& profile, const LinkText& link, std::uint32_t kind, const OpText& op);

}  // namespace exhibit::rest
