#pragma once

#include <string>
#include <string_view>

/// What both simulator programs do at their edges.
namespace exhibit::sim {

/// One JSON object a line on standard output, at once. Thread-safe.
void say(const std::string& json);

/// Blocks SIGTERM and SIGINT for the whole process; call before any thread starts.
void hold_stop_signals();
/// Waits for SIGTERM or SIGINT, or for the end of standard input when `until_stdin_closes`.
void wait_for_stop(bool until_stdin_closes);

/// The variable's value, or the empty text.
std::string from_environment(std::string_view name);

}  // namespace exhibit::sim
