#pragma once

#include <functional>
#include <string_view>

namespace exhibit {

enum class LogLevel { debug, info, warning, error };

/// One event, one line; never a secret, never raw foreign bytes. The host decides where it goes. Thread-safe.
using Log =
    std::function<void(LogLevel level, std::string_view tenant, std::string_view component, std::string_view message)>;

}  // namespace exhibit
