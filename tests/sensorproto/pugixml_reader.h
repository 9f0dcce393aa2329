#pragma once

#include <string>
#include <string_view>

#include "sensorproto/sdee/event_reader.h"

/// The reader as it was written over pugixml's tree, kept to judge the one that reads without a tree.
namespace exhibit::reference {

Result<SdeeDocument> read_sdee_document(std::string_view body);

}  // namespace exhibit::reference

namespace exhibit {

/// How the product reads a document otherwise than the reference; empty: it does not.
std::string difference(std::string_view body);

}  // namespace exhibit
