#pragma once

#include <string>
#include <vector>

#include "incident/ticket_text.h"

namespace exhibit {

/// An incident made up to try a template with.
struct TemplateSample {
  std::string name;  ///< "an alert without a packet"
  Alert alert;
  TicketView bare;  ///< Without its alert: that would point into a copy.

  [[nodiscard]] TicketView view() const {
    TicketView with_alert = bare;
    with_alert.first = &alert;
    return with_alert;
  }
};

/// From the fullest alert to the one that says next to nothing.
const std::vector<TemplateSample>& template_samples();

}  // namespace exhibit
