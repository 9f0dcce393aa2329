#include "runner/channel.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace exhibit {
namespace {

void keep_descriptors(const msghdr& head, std::vector<int>& into) {
  for (const cmsghdr* part = CMSG_FIRSTHDR(&head); part != nullptr;
       part = CMSG_NXTHDR(const_cast<msghdr*>(&head), const_cast<cmsghdr*>(part))) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    std::vector<int> fds((part->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    std::memcpy(fds.data(), CMSG_DATA(part), fds.size() * sizeof(int));
    into.insert(into.end(), fds.begin(), fds.end());
  }
}

}  // namespace

Descriptors& Descriptors::operator=(Descriptors&& other) noexcept {
  std::swap(fds_, other.fds_);
  return *this;
}

Descriptors::~Descriptors() {
  for (const int fd : fds_) ::close(fd);
}

bool Channel::receive(Message& message, Descriptors& descriptors) {
  static thread_local std::array<char, frame_bytes_max> buffer;
  for (;;) {
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * descriptors_max)> control{};
    iovec part{.iov_base = buffer.data(), .iov_len = buffer.size()};
    msghdr head{};
    head.msg_iov = &part;
    head.msg_iovlen = 1;
    head.msg_control = control.data();
    head.msg_controllen = control.size();
    const ssize_t got = ::recvmsg(fd_, &head, MSG_CMSG_CLOEXEC);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    keep_descriptors(head, pending_);
    Result<std::optional<Message>> taken = reader_.take({buffer.data(), static_cast<std::size_t>(got)});
    if (!taken) return false;
    if (!*taken) continue;
    message = std::move(**taken);
    descriptors = Descriptors(std::exchange(pending_, {}));
    return true;
  }
}

void Channel::send(const Message& message) {
  const std::lock_guard lock(sending_);
  for (const std::string& frame : frames_of(message)) {
    while (::send(fd_, frame.data(), frame.size(), MSG_NOSIGNAL) < 0 && errno == EINTR) {
    }
  }
}

}  // namespace exhibit
