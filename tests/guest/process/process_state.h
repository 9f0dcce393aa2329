#pragma once

#include <map>
#include <string>
#include <vector>

/// What a process shares among all that live in it, as one can see it from inside. Linux.
namespace exhibit::guest {

/// By name: "signals", "mask", "locale", "umask", "descriptors", "environment", "threads" and their like.
using ProcessState = std::map<std::string, std::string>;

/// `moves`: a thread of the program itself changes the locale all the time, so that says nothing.
ProcessState process_state(bool moves);

/// "name: before -> after" for each that differs.
std::vector<std::string> differences(const ProcessState& before, const ProcessState& after);

std::size_t resident_bytes();

}  // namespace exhibit::guest
