#include "runner/egress.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include "base/plants.h"
#include "base/text.h"

namespace exhibit::egress {
namespace {

/// IPv4 addresses are kept as IPv4-mapped IPv6, so that one comparison serves both.
using Address = std::array<std::uint8_t, 16>;

struct Range {
  Address base{};
  int prefix = 128;
};

Address mapped(const void* ipv4) {
  Address address{};
  address[10] = address[11] = 0xFF;
  std::memcpy(address.data() + 12, ipv4, 4);
  return address;
}

bool inside(const Address& address, const Range& range) {
  const auto whole = static_cast<std::size_t>(range.prefix / 8);
  const int rest = range.prefix % 8;
  if (!std::equal(address.begin(), address.begin() + static_cast<std::ptrdiff_t>(whole), range.base.begin()))
    return false;
  const auto mask = static_cast<std::uint8_t>(0xFF00 >> rest);
  return rest == 0 || (address[whole] & mask) == (range.base[whole] & mask);
}

Result<Range> parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string base(text.substr(0, slash));
  Range range;
  std::uint8_t ipv4[4];
  const bool short_form = ::inet_pton(AF_INET, base.c_str(), ipv4) == 1;
  if (short_form)
    range.base = mapped(ipv4);
  else if (::inet_pton(AF_INET6, base.c_str(), range.base.data()) != 1)
    return Error{Errc::bad_input, cat("no network: ", harmless(text))};
  if (slash == std::string_view::npos) return range;
  const auto prefix = parse_number<int>(text.substr(slash + 1));
  if (!prefix || *prefix < 0 || *prefix > (short_form ? 32 : 128))
    return Error{Errc::bad_input, cat("no network: ", harmless(text))};
  range.prefix = *prefix + (short_form ? 96 : 0);
  return range;
}

const std::vector<Range>& inner_networks() {
  static const std::vector<Range> ranges = [] {
    std::vector<Range> made;
    for (const char* text :
         {"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
          "192.168.0.0/16", "224.0.0.0/3", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
          // Unspecified, loopback, and those that hold an IPv4 address which may be an inner one: IPv4-compatible,
          // translated, 6to4 and Teredo.
          "::/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32"})
      made.push_back(*parse(text));
    return made;
  }();
  return ranges;
}

std::vector<Range>& allowed() {
  static std::vector<Range> ranges;
  return ranges;
}

bool any_holds(const std::vector<Range>& ranges, const Address& address) {
  return std::any_of(ranges.begin(), ranges.end(), [&](const Range& range) { return inside(address, range); });
}

/// Bytes read on a socket since it was last written to; negative: not one of ours to count.
constexpr std::size_t sockets_max = 1024;
std::array<std::atomic<std::int64_t>, sockets_max> read_since_send;
std::array<std::atomic<bool>, sockets_max> counted;
std::atomic<std::uint64_t> refused = 0;

bool counts(int fd) {
  return fd >= 0 && static_cast<std::size_t>(fd) < sockets_max && counted[static_cast<std::size_t>(fd)];
}

}  // namespace

Result<void> allow(const std::vector<std::string>& networks) {
  std::vector<Range> ranges;
  for (const std::string& text : networks) {
    const Result<Range> range = parse(text);
    if (!range) return range.error();
    ranges.push_back(*range);
  }
  allowed() = std::move(ranges);
  return {};
}

bool may_reach(const sockaddr* address) {
  Address to{};
  if (address->sa_family == AF_INET)
    to = mapped(&reinterpret_cast<const sockaddr_in*>(address)->sin_addr);
  else if (address->sa_family == AF_INET6 && !planted(Plant::inner_address_unchecked))
    std::memcpy(to.data(), &reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr, 16);
  else
    return true;  // Unix sockets: a name service of this host.
  return any_holds(allowed(), to) || !any_holds(inner_networks(), to);
}

std::uint64_t refusals() { return refused; }
void count_refusal() { ++refused; }

void begin_counting(int fd) {
  if (fd < 0 || static_cast<std::size_t>(fd) >= sockets_max) return;
  counted[static_cast<std::size_t>(fd)] = true;
  read_since_send[static_cast<std::size_t>(fd)] = 0;
}

void sent(int fd) {
  if (counts(fd)) read_since_send[static_cast<std::size_t>(fd)] = 0;
}

ssize_t bounded(int fd, ssize_t got) {
  if (got <= 0 || !counts(fd)) return got;
  const auto total = read_since_send[static_cast<std::size_t>(fd)] += got;
  if (total <= static_cast<std::int64_t>(answer_bytes_max)) return got;
  errno = ECONNRESET;
  return -1;
}

template <typename Function>
Function* libc(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace exhibit::egress

// Every library in this process calls these instead of libc's.
extern "C" {

__attribute__((visibility("default"))) int connect(int fd, const sockaddr* address, socklen_t length) {
  static auto* const real = exhibit::egress::libc<int(int, const sockaddr*, socklen_t)>("connect");
  int type = 0;
  socklen_t size = sizeof type;
  ::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size);
  if (type == SOCK_STREAM && !exhibit::egress::may_reach(address)) {
    exhibit::egress::count_refusal();
    errno = EACCES;
    return -1;
  }
  if (type == SOCK_STREAM && address->sa_family != AF_UNIX) exhibit::egress::begin_counting(fd);
  return real(fd, address, length);
}

__attribute__((visibility("default"))) ssize_t send(int fd, const void* buffer, size_t length, int flags) {
  static auto* const real = exhibit::egress::libc<ssize_t(int, const void*, size_t, int)>("send");
  exhibit::egress::sent(fd);
  return real(fd, buffer, length, flags);
}

__attribute__((visibility("default"))) ssize_t sendmsg(int fd, const msghdr* message, int flags) {
  static auto* const real = exhibit::egress::libc<ssize_t(int, const msghdr*, int)>("sendmsg");
  exhibit::egress::sent(fd);
  return real(fd, message, flags);
}

__attribute__((visibility("default"))) ssize_t recvmsg(int fd, msghdr* message, int flags) {
  static auto* const real = exhibit::egress::libc<ssize_t(int, msghdr*, int)>("recvmsg");
  return exhibit::egress::bounded(fd, real(fd, message, flags));
}

__attribute__((visibility("default"))) ssize_t recv(int fd, void* buffer, size_t length, int flags) {
  static auto* const real = exhibit::egress::libc<ssize_t(int, void*, size_t, int)>("recv");
  return exhibit::egress::bounded(fd, real(fd, buffer, length, flags));
}
}
