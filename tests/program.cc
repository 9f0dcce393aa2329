#include "tests/program.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>

extern char** environ;

namespace exhibit::test {
namespace {

constexpr int look_ms = 5;

std::vector<char*> pointers(const std::vector<std::string>& words) {
  std::vector<char*> all;
  for (const std::string& word : words) all.push_back(const_cast<char*>(word.c_str()));
  return all;
}

}  // namespace

Program::Program(const std::string& path, const std::vector<std::string>& arguments,
                 const std::vector<std::string>& environment, const std::string& errors) {
  int in[2], out[2];
  if (::pipe2(in, O_CLOEXEC) != 0 || ::pipe2(out, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, errors.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  std::vector<char*> argv = pointers(arguments), envp = pointers(environment);
  argv.insert(argv.begin(), const_cast<char*>(path.c_str()));
  argv.push_back(nullptr);
  for (char** variable = environ; *variable != nullptr; ++variable) envp.push_back(*variable);
  envp.push_back(nullptr);
  const int failed = ::posix_spawn(&pid_, path.c_str(), &actions, nullptr, argv.data(), envp.data());
  posix_spawn_file_actions_destroy(&actions);
  ::close(in[0]);
  ::close(out[1]);
  input_ = in[1];
  output_ = out[0];
  ::fcntl(output_, F_SETFL, O_NONBLOCK);
  if (failed != 0) throw std::runtime_error(path + " cannot be started");
}

Program::~Program() {
  close_input();
  if (!status(Patience{0})) {
    send(SIGKILL);
    (void)status(Patience{10'000});
  }
  ::close(output_);
}

std::vector<std::string> Program::lines() {
  char piece[4096];
  ssize_t got = 0;
  while ((got = ::read(output_, piece, sizeof piece)) > 0) buffer_.append(piece, static_cast<std::size_t>(got));
  std::vector<std::string> whole;
  for (std::size_t end = buffer_.find('\n'); end != std::string::npos; end = buffer_.find('\n')) {
    whole.push_back(buffer_.substr(0, end));
    buffer_.erase(0, end + 1);
  }
  return whole;
}

std::optional<std::string> Program::line(Patience patience) {
  const auto end = std::chrono::steady_clock::now() + patience;
  do {
    const std::size_t at = buffer_.find('\n');
    if (at != std::string::npos) {
      std::string first = buffer_.substr(0, at);
      buffer_.erase(0, at + 1);
      return first;
    }
    pollfd readable{output_, POLLIN, 0};
    ::poll(&readable, 1, look_ms);
    char piece[4096];
    const ssize_t got = ::read(output_, piece, sizeof piece);
    if (got == 0) return std::nullopt;
    if (got > 0) buffer_.append(piece, static_cast<std::size_t>(got));
  } while (std::chrono::steady_clock::now() < end);
  return std::nullopt;
}

void Program::write(const std::string& text) {
  if (::write(input_, text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    throw std::runtime_error("a child does not read");
}

void Program::close_input() {
  if (input_ >= 0) ::close(input_);
  input_ = -1;
}

void Program::send(int signal) const {
  if (pid_ > 0 && !status_) ::kill(pid_, signal);
}

std::optional<int> Program::status(Patience patience) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!status_) {
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) == pid_) status_ = status;
    if (status_ || std::chrono::steady_clock::now() >= end) break;
    let_pass(std::chrono::milliseconds{look_ms});
  }
  return status_;
}

void let_pass(std::chrono::microseconds time) {
  const timespec length{time.count() / 1'000'000, time.count() % 1'000'000 * 1000};
  ::ppoll(nullptr, 0, &length, nullptr);
}

}  // namespace exhibit::test
