#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sensorproto/event.h"

namespace exhibit {

/// `env:Fault`: the sensor understood the request and refused it.
struct SdeeFault {
  std::string code;    ///< Local name of the subcode, e.g. errNotFound; else of the code.
  std::string reason;  ///< For a person.
};

/// One answer of `/cgi-bin/sdee-server`.
struct SdeeDocument {
  std::vector<SensorEvent> events;  ///< In the order of the document.
  std::vector<UnreadableEvent> unreadable;
  std::string subscription_id, session_id;
  std::optional<SdeeFault> fault;
  std::uint64_t remaining_events = 0;
  bool missed_events = false;  ///< The sensor dropped events before we came for them.
};

/// Reads a whole answer: matches local names only, in any order, with any prefix and namespace year. An event that
/// cannot be read is put aside in `unreadable`; its neighbours are kept. bad_input: no XML, with the place; or XML that
/// is no SDEE answer. too_large: over a limit of limits.h.
Result<SdeeDocument> read_sdee_document(std::string_view body);

/// Reads one event element, as `raw` of every event keeps it.
Result<SensorEvent> read_event(std::string_view element);

}  // namespace exhibit
