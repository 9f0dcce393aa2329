#include "runtime/runner_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "base/text.h"

namespace exhibit {
namespace {

using boost::asio::posix::stream_descriptor;

constexpr int child_socket = 3, child_lock = 4, first_free = 10;

/// Beyond the numbers that the child will use, so that putting one in its place does not close the other.
FileHandle moved_up(int fd) { return FileHandle(::fcntl(fd, F_DUPFD_CLOEXEC, first_free)); }

/// posix_spawn's two argument objects, destroyed in any case.
struct SpawnPlan {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;

  SpawnPlan() {
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;
  ~SpawnPlan() {
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
  }

  void describe(int socket, int lock) {
    for (const int standard : {0, 1, 2})
      ::posix_spawn_file_actions_addopen(&actions, standard, "/dev/null", standard == 0 ? O_RDONLY : O_WRONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions, socket, child_socket);
    ::posix_spawn_file_actions_adddup2(&actions, lock, child_lock);
    ::posix_spawn_file_actions_addclosefrom_np(&actions, child_lock + 1);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    ::posix_spawnattr_setsigmask(&attributes, &none);
    ::posix_spawnattr_setsigdefault(&attributes, &all);
    ::posix_spawnattr_setpgroup(&attributes, 0);  // A Ctrl-C of the terminal is meant for the host.
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  }
};

Result<pid_t> spawn(const RunnerProcess::Plan& plan, int socket, int lock) {
  SpawnPlan spawning;
  spawning.describe(socket, lock);
  std::vector<std::string> words{plan.runner, "--socket", std::to_string(child_socket), "--module", plan.module};
  std::vector<std::string> environment = plan.environment;
  std::vector<char*> argv, envp;
  for (std::string& word : words) argv.push_back(word.data());
  for (std::string& variable : environment) envp.push_back(variable.data());
  argv.push_back(nullptr);
  envp.push_back(nullptr);
  pid_t process = -1;
  const int error =
      ::posix_spawn(&process, plan.runner.c_str(), &spawning.actions, &spawning.attributes, argv.data(), envp.data());
  if (error != 0) return Error{Errc::unavailable, cat("cannot start ", plan.runner, ": ", std::strerror(error))};
  return process;
}

}  // namespace

std::optional<FileHandle> take_runner_lock(const std::string& path) {
  FileHandle file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file || ::flock(file.get(), LOCK_EX | LOCK_NB) != 0) return std::nullopt;
  return file;
}

Result<std::shared_ptr<RunnerProcess>> RunnerProcess::start(const Strand& strand, const Plan& plan, FileHandle lock,
                                                            OnMessage on_message, OnEnd on_end) {
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
    return Error{Errc::unavailable, "cannot make a socket pair"};
  FileHandle ours(pair[0]);
  const FileHandle theirs(pair[1]), high_socket = moved_up(theirs.get()), high_lock = moved_up(lock.get());
  const Result<pid_t> process = spawn(plan, high_socket.get(), high_lock.get());
  if (!process) return process.error();
  auto started = std::make_shared<RunnerProcess>(strand, ours.release(), *process);
  started->on_message_ = std::move(on_message);
  started->on_end_ = std::move(on_end);
  started->read();
  return started;
}

RunnerProcess::RunnerProcess(const Strand& strand, int socket, pid_t process)
    : socket_(strand, socket), reaping_(strand), process_(process) {
  socket_.native_non_blocking(true);
}

void RunnerProcess::read() {
  socket_.async_wait(stream_descriptor::wait_read, [self = shared_from_this()](const boost::system::error_code& error) {
    if (error || self->closed_) return;
    static thread_local std::array<char, frame_bytes_max> buffer;
    while (!self->closed_) {
      const ssize_t got = ::recv(self->socket_.native_handle(), buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (got < 0 && (errno == EAGAIN || errno == EINTR)) break;
      if (got <= 0) return self->end();
      Result<std::optional<Message>> taken = self->reader_.take({buffer.data(), static_cast<std::size_t>(got)});
      if (!taken) return self->end();
      const OnMessage on_message = self->on_message_;  // It may close us, which drops the original.
      if (*taken) on_message(std::move(**taken));
    }
    if (!self->closed_) self->read();
  });
}

void RunnerProcess::send(const Message& message, std::vector<FileHandle> files) {
  if (closed_) return;
  for (std::string& frame : frames_of(message)) packets_.push_back({std::move(frame), std::exchange(files, {})});
  if (!writing_) write();
}

bool RunnerProcess::write_one(const Packet& packet) {
  iovec part{.iov_base = const_cast<char*>(packet.bytes.data()), .iov_len = packet.bytes.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * descriptors_max)> control{};
  msghdr head{};
  head.msg_iov = &part;
  head.msg_iovlen = 1;
  if (!packet.files.empty()) {
    head.msg_control = control.data();
    head.msg_controllen = CMSG_SPACE(sizeof(int) * packet.files.size());
    cmsghdr* const rights = CMSG_FIRSTHDR(&head);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int) * packet.files.size());
    for (std::size_t i = 0; i < packet.files.size(); ++i) {
      const int fd = packet.files[i].get();
      std::memcpy(CMSG_DATA(rights) + i * sizeof fd, &fd, sizeof fd);
    }
  }
  return ::sendmsg(socket_.native_handle(), &head, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

void RunnerProcess::write() {
  writing_ = false;
  while (!packets_.empty()) {
    if (write_one(packets_.front())) {
      packets_.pop_front();
      continue;
    }
    if (errno != EAGAIN && errno != EINTR && errno != ENOBUFS) return;  // The reading side sees the end.
    writing_ = true;
    socket_.async_wait(stream_descriptor::wait_write,
                       [self = shared_from_this()](const boost::system::error_code& error) {
                         if (!error && !self->closed_) self->write();
                       });
    return;
  }
}

void RunnerProcess::end() {
  const OnEnd on_end = std::move(on_end_);
  close();
  if (on_end) on_end();
}

void RunnerProcess::close() {
  if (closed_) return;
  closed_ = true;
  on_end_ = nullptr;
  on_message_ = nullptr;
  packets_.clear();
  boost::system::error_code ignored;
  socket_.close(ignored);
  reap(0);
}

/// Without a SIGCHLD handler, which belongs to the host: it is asked for a while, and then left.
void RunnerProcess::reap(int tries) {
  constexpr int tries_max = 60;
  int status = 0;
  if (::waitpid(process_, &status, WNOHANG) != 0 || tries == tries_max) return;
  reaping_.expires_after(std::chrono::milliseconds(tries < 50 ? 2 : 100));
  reaping_.async_wait([self = shared_from_this(), tries](const boost::system::error_code&) { self->reap(tries + 1); });
}

}  // namespace exhibit
