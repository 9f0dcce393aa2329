#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "base/values.h"

/// Documents as sensors write them, and as an attacker in their place would; each from one seed.
namespace exhibit::test {

using Dice = std::mt19937_64;

/// One event element, with the prefixes of its document.
struct Element {
  std::string text;
  std::string signature;  ///< Of a good alert: a name that no other has. Else empty.
};

struct Document {
  std::string text;
  std::vector<std::string> signatures;                     ///< Of its good alerts.
  std::vector<std::pair<std::size_t, std::size_t>> spans;  ///< Where each element stands: from, size.
};

/// How a sensor of some version writes: prefixes or none, SOAP or a bare list, members in another order.
struct Dialect {
  std::string sdee, cidee, envelope;  ///< Prefixes with their colon.
  bool soap = true, backwards = false;
};
Dialect dialect_of(Dice& dice);

/// A good alert; `number` makes its addresses and its name.
Element good_alert(const Dialect& dialect, std::uint64_t number);
/// A good status or error event.
Element other_event(const Dialect& dialect, std::uint64_t number);
Document document_of(const Dialect& dialect, const std::vector<Element>& elements);
/// A few good events of all kinds.
Document good_document(std::uint64_t seed);

/// A hostile document of the threats S1 to S12: good alerts, and between them what is meant to hurt.
/// `whole_or_nothing`: the harm is in the document around the alerts, so it may be refused as a whole, but never in
/// part.
struct HostileDocument {
  Document document;
  std::string threat;
  bool whole_or_nothing = false;
};
HostileDocument hostile_document(std::uint64_t seed);

}  // namespace exhibit::test
