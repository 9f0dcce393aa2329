#include "adapters/kit/runner_client.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "base/text.h"

namespace exhibit::kit {
namespace {

constexpr int child_socket = 3, first_free = 10;

pid_t spawn(const std::string& runner, const std::string& module, int socket) {
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  const int high = ::fcntl(socket, F_DUPFD_CLOEXEC, first_free);
  ::posix_spawn_file_actions_adddup2(&actions, high, child_socket);
  std::string program = runner, option = "--socket", number = std::to_string(child_socket), with = "--module",
              path = module;
  char* const argv[] = {program.data(), option.data(), number.data(), with.data(), path.data(), nullptr};
  char* const environment[] = {nullptr};
  pid_t process = -1;
  const int error = ::posix_spawn(&process, runner.c_str(), &actions, nullptr, argv, environment);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(high);
  if (error != 0) throw std::runtime_error(cat("cannot start ", runner, ": ", std::strerror(error)));
  return process;
}

int evidence_file(const std::string& bytes) {
  const int fd = ::memfd_create("evidence", MFD_CLOEXEC);
  for (std::size_t at = 0; at < bytes.size();) {
    const ssize_t wrote = ::write(fd, bytes.data() + at, bytes.size() - at);
    if (wrote <= 0) throw std::runtime_error("cannot write the evidence");
    at += static_cast<std::size_t>(wrote);
  }
  return fd;
}

Answer answer_of(const std::string& payload) {
  Answer answer{.whole = payload};
  const Result<Json> parsed = parse_json(payload, message_bytes_max);
  if (!parsed || !parsed->is_object()) return answer;
  answer.rc = parsed->value("rc", -1);
  const Json said = parsed->value("result", Json::object());
  answer.cause = text_at(said, "cause");
  answer.text = text_at(said, "text");
  answer.ticket = text_at(said, "ticket");
  answer.number = text_at(said, "number");
  answer.url = text_at(said, "url");
  answer.matches = said.value("matches", std::uint64_t{0});
  answer.already_there = said.value("already_there", false);
  if (said.contains("document")) answer.document = said["document"].dump();
  return answer;
}

}  // namespace

RunnerClient::RunnerClient(const std::string& runner, const std::string& module) {
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
    throw std::runtime_error("cannot make a socket pair");
  socket_ = pair[0];
  process_ = spawn(runner, module, pair[1]);
  ::close(pair[1]);
  receiver_ = std::thread([this] { receive(); });
  std::unique_lock lock(mutex_);
  came_.wait(lock, [this] { return greeted_ || ended_; });
  if (!greeted_ || description_.find("\"error\"") != std::string::npos) {
    lock.unlock();
    ::shutdown(socket_, SHUT_RDWR);
    receiver_.join();
    throw std::runtime_error(cat("the runner has no module: ", description_));
  }
}

void RunnerClient::end() { ::shutdown(socket_, SHUT_RDWR); }

RunnerClient::~RunnerClient() {
  end();
  receiver_.join();
  ::close(socket_);
  int status = 0;
  ::waitpid(process_, &status, 0);
}

void RunnerClient::receive() {
  std::array<char, frame_bytes_max> buffer;
  MessageReader reader;
  for (;;) {
    const ssize_t got = ::recv(socket_, buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    Result<std::optional<Message>> taken =
        got > 0 ? reader.take({buffer.data(), static_cast<std::size_t>(got)}) : Error{Errc::unavailable, "the end"};
    const std::lock_guard lock(mutex_);
    if (!taken) {
      ended_ = true;
      came_.notify_all();
      return;
    }
    if (!*taken) continue;
    if ((*taken)->kind == FrameKind::hello) {
      description_ = (*taken)->payload;
      greeted_ = true;
    } else if ((*taken)->kind == FrameKind::result) {
      answers_[(*taken)->call] = (*taken)->payload;
    }
    came_.notify_all();
  }
}

void RunnerClient::send(const Message& message, int evidence) {
  const std::lock_guard lock(sending_);
  bool first = true;
  for (std::string& frame : frames_of(message)) {
    iovec part{.iov_base = frame.data(), .iov_len = frame.size()};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    msghdr head{};
    head.msg_iov = &part;
    head.msg_iovlen = 1;
    if (first && evidence >= 0) {
      head.msg_control = control.data();
      head.msg_controllen = control.size();
      cmsghdr* const rights = CMSG_FIRSTHDR(&head);
      rights->cmsg_level = SOL_SOCKET;
      rights->cmsg_type = SCM_RIGHTS;
      rights->cmsg_len = CMSG_LEN(sizeof(int));
      std::memcpy(CMSG_DATA(rights), &evidence, sizeof evidence);
    }
    first = false;
    while (::sendmsg(socket_, &head, MSG_NOSIGNAL) < 0 && errno == EINTR) {
    }
  }
}

Answer RunnerClient::call(FrameKind kind, int link, const std::string& members, const std::string* evidence) {
  std::unique_lock lock(mutex_);
  const std::uint64_t number = next_++;
  lock.unlock();
  const int file = evidence == nullptr ? -1 : evidence_file(*evidence);
  send({.kind = kind, .call = number, .payload = cat("{\"link\":", link, members.empty() ? "" : ",", members, "}")},
       file);
  if (file >= 0) ::close(file);
  lock.lock();
  came_.wait(lock, [&] { return ended_ || answers_[number].has_value(); });
  const auto found = answers_.extract(number);
  return found.mapped() ? answer_of(*found.mapped()) : Answer();
}

Answer RunnerClient::open(int link, const std::string& config) {
  return call(FrameKind::open, link, cat("\"config\":", config));
}
Answer RunnerClient::probe(int link) { return call(FrameKind::probe, link, {}); }
Answer RunnerClient::apply(int link, const std::string& op, const std::string* evidence) {
  return call(FrameKind::apply, link, cat("\"op\":", op), evidence);
}
Answer RunnerClient::find(int link, const std::string& op, const std::string* evidence) {
  return call(FrameKind::find, link, cat("\"op\":", op), evidence);
}
Answer RunnerClient::read(int link, const std::string& ticket) {
  return call(FrameKind::read, link, cat("\"ticket\":", json_quoted(ticket)));
}
Answer RunnerClient::poll(int link, const std::string& request) {
  return call(FrameKind::poll, link, cat("\"request\":", request));
}

}  // namespace exhibit::kit
