#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/values.h"
#include "incident/capture_cause.h"
#include "packet/answer.h"

namespace exhibit {

enum class CaptureState { expected, recording, due, fetching, sealed_complete, sealed_partial, lost };
std::string_view token(CaptureState state);
std::optional<CaptureState> parse_capture_state(std::string_view token);
inline bool is_settled(CaptureState state) { return state >= CaptureState::sealed_complete; }
inline bool is_sealed(CaptureState state) {
  return state == CaptureState::sealed_complete || state == CaptureState::sealed_partial;
}

/// What texts and pages may say of one capture; the tracker owns the truth.
struct CaptureView {
  std::string log;  ///< The sensor's number.
  CaptureState state = CaptureState::expected;
  CaptureCause cause = CaptureCause::none;  ///< Why it is lost, or only partial.
  std::vector<std::string> proof;           ///< Whole clauses, with times in UTC.
  std::optional<WallTime> ready_expected;   ///< While it is not settled.
  std::optional<WallTime> safe_until;       ///< Forecast of when the ring overwrites it.
  bool on_demand = false;                   ///< Fetched only when somebody asks.
  std::optional<EvidenceId> evidence;
  std::uint64_t bytes = 0;               ///< Of the sealed file.
  std::optional<CaptureReport> report;   ///< For this incident's flow.
  std::vector<std::string> shared_with;  ///< Other tickets' numbers.
};

}  // namespace exhibit
