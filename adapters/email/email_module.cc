#include <nlohmann/json.hpp>

#include "adapters/email/email_link.h"

/// The module: the wrapper makes the table of this class.
EXHIBIT_ADAPTER(exhibit::email::EmailLink);
