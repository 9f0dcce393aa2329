#include "host/child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/plugin_library.h"

extern char** environ;

namespace exhibit::host {

Child::Child(const std::string& program, const std::vector<std::string>& arguments) : program_(program) {
  int to_child[2], from_child[2];
  if (::pipe2(to_child, O_CLOEXEC) != 0 || ::pipe2(from_child, O_CLOEXEC) != 0) throw Failure("no pipe can be made");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, to_child[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, from_child[1], STDOUT_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  // A group of its own: Ctrl-C is for us; the child ends when we let it.
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
  std::vector<char*> argv = {const_cast<char*>(program_.c_str())};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  pid_t pid = -1;
  const int failed = ::posix_spawn(&pid, program_.c_str(), &actions, &attributes, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  ::close(to_child[0]);
  ::close(from_child[1]);
  input_ = to_child[1];
  output_ = from_child[0];
  ::fcntl(output_, F_SETFL, O_NONBLOCK);
  if (failed != 0) throw Failure(program_ + " cannot be started");
  pid_ = pid;
}

Child::~Child() {
  if (input_ >= 0) ::close(input_);
  if (output_ >= 0) ::close(output_);
  if (pid_ > 0 && exit_code_ < 0) ::waitpid(pid_, nullptr, 0);
}

void Child::fill() {
  char piece[4096];
  ssize_t got = 0;
  while ((got = ::read(output_, piece, sizeof piece)) > 0) buffer_.append(piece, static_cast<std::size_t>(got));
  ended_ = ended_ || got == 0;
}

std::vector<std::string> Child::lines() {
  fill();
  std::vector<std::string> whole;
  for (std::size_t end = buffer_.find('\n'); end != std::string::npos; end = buffer_.find('\n')) {
    whole.push_back(buffer_.substr(0, end));
    buffer_.erase(0, end + 1);
  }
  return whole;
}

std::string Child::line(int timeout_ms) {
  for (int waited = 0; waited <= timeout_ms; waited += 50) {
    fill();
    if (const std::size_t end = buffer_.find('\n'); end != std::string::npos) {
      std::string first = buffer_.substr(0, end);
      buffer_.erase(0, end + 1);
      return first;
    }
    if (const int code = exit_code(); code >= 0) throw Failure(program_ + " ended", code == 0 ? 1 : code);
    pollfd readable{output_, POLLIN, 0};
    ::poll(&readable, 1, 50);
  }
  throw Failure(program_ + " did not come up in time");
}

int Child::exit_code() {
  if (exit_code_ >= 0) return exit_code_;
  int status = 0;
  if (pid_ > 0 && ::waitpid(pid_, &status, ended_ ? 0 : WNOHANG) == pid_)
    exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return exit_code_;
}

}  // namespace exhibit::host
