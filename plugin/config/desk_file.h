#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/yaml.h"

namespace exhibit {

/// One desk in a file of its own, as the demo takes it: what exhibit.yaml says of a desk, with a name, and with what a
/// tenant says of his use of it.
struct DeskFile {
  std::string name;
  std::string desk_json;  ///< For `desks` of exhibit.yaml.
  std::string use_json;   ///< For `desk` of a tenant.
};

std::optional<DeskFile> read_desk_file(std::string_view yaml, std::vector<Mistake>& mistakes);

}  // namespace exhibit
