#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "engine/records.h"
#include "sensorproto/event.h"
#include "sensorproto/sdee/subscription.h"

namespace exhibit {

/// A batch of one sensor, with the cursor that covers it.
struct SensorSaid {
  SensorId sensor;
  SdeeBatch batch;
};

/// How a call to the desk ended.
struct DeliveryOutcome {
  enum class Kind {
    done,      ///< Proven: the desk answered with a ticket that carries our correlation id.
    retry,     ///< Provably not done; later may be better.
    unknown,   ///< Sent, answer lost.
    rejected,  ///< The content is refused for good.
    denied,    ///< The login or a right is missing.
    gone,      ///< The ticket is no longer there.
  };
  Kind kind = Kind::unknown;
  std::string ticket, number, url;
  std::optional<Nanoseconds> retry_after;
  std::string why;
  bool desk_rests = false;  ///< It never left: the desk is left alone until `retry_after`, by everybody.
};

struct DeliveryEnded {
  DeliveryId id;
  DeliveryOutcome outcome;
};

/// What looking for a lost answer found. Only rows whose correlation id is equal byte for byte count.
struct DeliveryLookedUp {
  enum class Found { one, none, several, failed, never };  ///< never: this desk cannot tell, now or later.
  DeliveryId id;
  Found found = Found::failed;
  std::string ticket, number, url;  ///< one, several: the oldest.
  std::string why;
};

/// How fetching a recording ended.
struct FetchEnded {
  enum class Kind {
    whole,
    cut,
    empty,
    not_ready,
    gone,
    login_refused,
    certificate_refused,
    unreachable,
    too_large,
    damaged,
    store_refused
  };
  CaptureKey key;
  Kind kind = Kind::unreachable;
  std::optional<EvidenceId> evidence;  ///< whole, cut: sealed already.
  std::uint64_t bytes = 0;
  std::string why;  ///< "HTTP 404", "timeout", …
};

struct CaptureExamined {
  CaptureKey key;
  IncidentId incident;
  CaptureReport report;
};

/// Somebody pressed "fetch now".
struct FetchAsked {
  CaptureKey key;
  std::string by;
};

/// The sensor's feed broke, or came back (cause none).
struct SensorTrouble {
  SensorId sensor;
  CaptureCause cause = CaptureCause::none;
  std::string why;
};

/// The disk under our rows has no room for more than what is owed already, or has room again.
struct DiskSaid {
  bool scarce = false;
  std::string why;
};

/// Whether the tenant's bounds can be kept.
struct BoundsSaid {
  bool broken = false;
  std::string why;
};

/// What the desk says of one ticket of ours.
struct TicketChange {
  std::string ticket, number, correlation, version, state, assignee, close_code;
  bool closed = false;
  std::vector<CommentRow> comments;  ///< `incident` and `heard` are filled by the engine.
};

/// An answer to a poll, with the cursor that covers it.
struct DeskSaid {
  std::vector<TicketChange> changes;
  std::string cursor;
  bool more = false;
};

/// This alert belongs to a ticket that is not ours.
struct AdoptAsked {
  AdoptionRow order;
};

/// What a person decided about a delivery that died.
struct LetterDecided {
  enum class What {
    again,      ///< Send it once more, as long as it was at first.
    link_only,  ///< Send it once more, as a bare link.
    put_into,   ///< The ticket exists already: `ticket` and `number` say which.
    expire,     ///< Nobody will send it.
  };
  DeliveryId id;
  What what = What::again;
  std::string ticket, number;
  std::string by;
};

std::string_view token(LetterDecided::What what);
std::optional<LetterDecided::What> parse_decision(std::string_view token);

struct Tick {};

using Input = std::variant<SensorSaid, DeliveryEnded, DeliveryLookedUp, FetchEnded, CaptureExamined, FetchAsked,
                           SensorTrouble, DiskSaid, BoundsSaid, LetterDecided, DeskSaid, AdoptAsked, Tick>;

}  // namespace exhibit
