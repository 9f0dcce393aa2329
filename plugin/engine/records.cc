#include "engine/records.h"

#include <array>

#include "base/sha256.h"
#include "base/text.h"
#include "engine/input.h"

namespace exhibit {
namespace {

constexpr std::array<std::string_view, 5> kinds = {"ensure", "note", "attach", "link", "state"};
constexpr std::array<std::string_view, 6> states = {"ready", "inflight", "unknown", "done", "dead", "expired"};

constexpr std::array<std::string_view, 4> decisions = {"again", "link-only", "put-into", "expire"};

template <typename Enum, std::size_t n>
std::optional<Enum> parsed(const std::array<std::string_view, n>& words, std::string_view text) {
  for (std::size_t i = 0; i < n; ++i)
    if (words[i] == text) return static_cast<Enum>(i);
  return std::nullopt;
}

}  // namespace

std::string CaptureKey::text() const { return cat(sensor.text, "/", locator, "/", epoch); }

std::optional<CaptureKey> CaptureKey::parse(std::string_view text) {
  const std::size_t last = text.rfind('/');
  const std::size_t first = text.rfind('/', last == 0 ? 0 : last - 1);
  if (last == std::string_view::npos || first == std::string_view::npos || first >= last) return std::nullopt;
  const auto epoch = parse_number<std::uint32_t>(text.substr(last + 1));
  if (!epoch) return std::nullopt;
  return CaptureKey{
      {std::string(text.substr(0, first))}, std::string(text.substr(first + 1, last - first - 1)), *epoch};
}

std::string AdoptionRow::id() const {
  return hex(sha256(cat(ticket, "\n", sensor.text, "\n", event_id, "\n", ns_of(time), "\n", attacker, "\n", target)))
      .substr(0, 32);
}

CaptureView capture_view_of(const CaptureRow& row) {
  CaptureView view;
  view.log = row.key.locator;
  view.state = row.state;
  view.cause = row.cause;
  view.proof = row.proof;
  view.on_demand = row.on_demand;
  view.bytes = row.bytes;
  if (is_sealed(row.state)) view.evidence = row.evidence;
  if (!is_settled(row.state)) {
    view.ready_expected = row.due.wall;
    view.safe_until = row.safe_until.wall;
  }
  return view;
}

std::string_view token(LetterDecided::What what) { return decisions[static_cast<std::size_t>(what)]; }
std::optional<LetterDecided::What> parse_decision(std::string_view text) {
  return parsed<LetterDecided::What>(decisions, text);
}
std::string_view token(DeliveryKind kind) { return kinds[static_cast<std::size_t>(kind)]; }
std::string_view token(DeliveryState state) { return states[static_cast<std::size_t>(state)]; }
std::optional<DeliveryKind> parse_delivery_kind(std::string_view text) { return parsed<DeliveryKind>(kinds, text); }
std::optional<DeliveryState> parse_delivery_state(std::string_view text) { return parsed<DeliveryState>(states, text); }

}  // namespace exhibit
