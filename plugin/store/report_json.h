#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "packet/answer.h"

namespace exhibit {

/// A capture's report as the store and the pages keep it. Reading gives back what was written.
std::string report_to_json(const CaptureReport& report);
Result<CaptureReport> report_from_json(std::string_view text);
/// {"kind", "status", "bytes", "milliseconds"} or null.
std::string answer_to_json(const std::optional<Answer>& answer);

}  // namespace exhibit
