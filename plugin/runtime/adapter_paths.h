#pragma once

#include <string>

#include "base/result.h"

namespace exhibit {

/// Where the parts beside this library stand, in a build folder as in an installation.
struct AdapterPaths {
  std::string runner, module, profile;
};

/// `runner` empty: looked for beside the library. not_found: names what is missing and where it was sought.
/// `profile` empty: the adapter has none.
Result<AdapterPaths> find_adapter(const std::string& runner, const std::string& adapter, const std::string& profile);

/// The profile's text; empty when the adapter has none. not_found: it cannot be read.
Result<std::string> read_profile(const AdapterPaths& paths);

}  // namespace exhibit
