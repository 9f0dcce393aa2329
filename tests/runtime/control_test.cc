#include "runtime/control.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <filesystem>
#include <fstream>
#include <future>

#include "base/text.h"

namespace exhibit {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

int connected(const std::string& path) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  ::close(fd);
  return -1;
}

std::string ask(const std::string& path, std::string_view request) {
  const int fd = connected(path);
  std::string reply;
  char piece[256];
  ssize_t got = ::send(fd, request.data(), request.size(), MSG_NOSIGNAL);
  while (got > 0 && (got = ::recv(fd, piece, sizeof piece, 0)) > 0) reply.append(piece, static_cast<std::size_t>(got));
  ::close(fd);
  return reply;
}

class ControlTest : public ::testing::Test {
 protected:
  ControlTest() {
    std::string pattern = (fs::temp_directory_path() / "exhibit-control-XXXXXX").string();
    folder = ::mkdtemp(pattern.data());
    path = folder + "/control.sock";
    auto opened =
        listen_for_control(executors, path, [](const std::string& request) { return cat("<", request, ">"); });
    EXPECT_TRUE(opened);
    if (opened) control = *opened;
  }
  ~ControlTest() override {
    if (control) control->stop();
    executors.join();
    fs::remove_all(folder);
  }

  Executors executors{2, 1};
  std::string folder, path;
  std::shared_ptr<ControlSocket> control;
};

TEST_F(ControlTest, OneLineIsAnsweredAndOnlyTheOwnerMayConnect) {
  EXPECT_EQ(ask(path, "{\"verb\":\"health\"}\n"), "<{\"verb\":\"health\"}>");
  struct stat about {};
  ASSERT_EQ(::stat(path.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777U, 0600U);
}

TEST_F(ControlTest, ARequestWithoutEndIsNotCollectedForEver) {
  EXPECT_EQ(ask(path, std::string(100'000, 'x')), "");
  EXPECT_EQ(ask(path, "still there\n"), "<still there>");
}

TEST_F(ControlTest, AnotherUserIsNotHeardEvenIfTheFileLetsHimIn) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to become another user";
  ::chmod(folder.c_str(), 0755);
  ::chmod(path.c_str(), 0666);
  const pid_t child = ::fork();
  if (child == 0) {  // Only system calls from here on: other threads may hold locks.
    char byte = 0;
    if (::setgid(65534) != 0 || ::setuid(65534) != 0) ::_exit(3);
    const int fd = connected(path);
    if (fd < 0) ::_exit(2);
    (void)!::send(fd, "x\n", 2, MSG_NOSIGNAL);
    ::_exit(::recv(fd, &byte, 1, 0) > 0 ? 1 : 0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0) << "1: it was answered; 2: it could not connect";
}

TEST_F(ControlTest, AStopTakesTheFileAway) {
  control->stop();
  control.reset();
  executors.join();
  EXPECT_FALSE(fs::exists(path));
}

TEST(Control, APathThatIsTooLongIsRefused) {
  Executors executors(1, 1);
  const auto opened = listen_for_control(executors, std::string(200, 'x'), [](const std::string&) { return ""; });
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().text, HasSubstr("too long"));
}

TEST(ExecutorsTest, ThreadsAreNamedAndTakeNoSignal) {
  Executors executors(1, 1);
  std::promise<std::pair<std::string, bool>> seen;
  boost::asio::post(executors.workers(), [&] {
    char name[16] = "";
    sigset_t blocked;
    pthread_getname_np(pthread_self(), name, sizeof name);
    pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
    seen.set_value({name, sigismember(&blocked, SIGTERM) == 1 && sigismember(&blocked, SIGPIPE) == 1});
  });
  EXPECT_EQ(seen.get_future().get(), std::pair(std::string("exhibit-work"), true));
  sigset_t mine;
  pthread_sigmask(SIG_SETMASK, nullptr, &mine);
  EXPECT_EQ(sigismember(&mine, SIGTERM), 0) << "the host's own mask stays";
}

TEST(ExecutorsTest, JoiningLetsQueuedWorkRunOut) {
  std::atomic<int> done = 0;
  {
    Executors executors(2, 2);
    const Strand strand = executors.make_strand();
    for (int i = 0; i < 100; ++i)
      boost::asio::post(strand, [&] { boost::asio::post(executors.workers(), [&] { ++done; }); });
    executors.join();
  }
  EXPECT_EQ(done, 100);
}

}  // namespace
}  // namespace exhibit
