#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

/// Where the runner's libraries may connect to, checked at the moment of connecting: a name that resolves to an inner
/// address, or changes between check and use, is no way around it. The executable defines `connect`, `recv`
/// and their like, which every library in this process then uses.
namespace exhibit::egress {

/// Networks that may be reached although they are inner ones, such as "10.1.0.0/16" or "127.0.0.0/8".
/// bad_input: not a network. Not thread-safe; call before the first connection.
Result<void> allow(const std::vector<std::string>& networks);

/// False for loopback, private, link-local, multicast and unspecified addresses that were not allowed.
bool may_reach(const sockaddr* address);

/// How often a connection was refused for that reason. Any thread.
std::uint64_t refusals();

/// What one answer may bring, headers and TLS included; beyond it the connection reads as reset. cpprestsdk bounds
/// neither headers nor interim answers.
inline constexpr std::size_t answer_bytes_max = (1U << 20) + (128U << 10);

}  // namespace exhibit::egress
