#pragma once

#include <exhibit/adapter.hpp>

namespace exhibit::webhook {

/// From the receiver's answer to the verdict. Pure.
///
/// Only 2xx is success. A redirect is not followed: it may have kept the message, as may have any 5xx but 503, so they
/// are unknown and the message is sent again under the same webhook-id. 410 disables the endpoint.
adapter::Verdict judge(const adapter::HttpAnswer& answer);

}  // namespace exhibit::webhook
