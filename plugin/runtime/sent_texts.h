#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "engine/fact.h"

namespace exhibit {

/// What was last sent of each incident, for desks that cannot be read: a mail that left stays unseen.
/// Bounded: the oldest incidents are forgotten. Its tenant's strand owns it.
class SentTexts {
 public:
  void keep(const SendDelivery& delivery, std::uint64_t attached_bytes);
  /// As a desk that can be read would give it; "{}" for an incident that is not kept.
  [[nodiscard]] std::string document(const CorrelationId& correlation) const;

 private:
  struct Attached {
    std::string name, sha256;
    std::uint64_t bytes = 0;
  };
  struct Ticket {
    std::string title, public_text, internal_text;  // JSON texts, as they stood in what was sent.
    std::vector<std::string> notes;
    std::vector<Attached> attachments;
  };
  std::map<CorrelationId, Ticket> tickets_;
  std::deque<CorrelationId> order_;
};

}  // namespace exhibit
