#include "runtime/control.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>
#include <istream>

#include "base/text.h"

namespace exhibit {
namespace {

namespace asio = boost::asio;
using asio::local::stream_protocol;

constexpr std::size_t request_max = 64U << 10;
constexpr std::chrono::seconds request_deadline{10};

/// One connection. Ends by itself: the request has a bound and a deadline, the answer is written once.
struct Call : std::enable_shared_from_this<Call> {
  Call(stream_protocol::socket s, Executors& e, const ControlSocket::Handler& h)
      : socket(std::move(s)), executors(e), handler(h), deadline(socket.get_executor()), buffer(request_max) {}

  void run() {
    deadline.expires_after(request_deadline);
    deadline.async_wait([self = shared_from_this()](const boost::system::error_code& cancelled) {
      boost::system::error_code ignored;
      if (!cancelled) self->socket.close(ignored);
    });
    asio::async_read_until(socket, buffer, '\n',
                           [self = shared_from_this()](const boost::system::error_code& failed, std::size_t) {
                             self->deadline.cancel();
                             if (!failed) self->answer();
                           });
  }

  void answer() {
    std::istream stream(&buffer);
    std::string request;
    std::getline(stream, request);
    asio::post(executors.workers(), [self = shared_from_this(), request = std::move(request)] {
      self->reply = self->handler(request);
      asio::async_write(self->socket, asio::buffer(self->reply),
                        [self](const boost::system::error_code&, std::size_t) {});
    });
  }

  stream_protocol::socket socket;
  Executors& executors;
  const ControlSocket::Handler& handler;
  asio::steady_timer deadline;
  asio::streambuf buffer;
  std::string reply;
};

bool is_friend(int socket) {
  struct ucred peer {};
  socklen_t length = sizeof peer;
  return ::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 &&
         (peer.uid == ::geteuid() || peer.uid == 0);
}

class Listener final : public ControlSocket, public std::enable_shared_from_this<Listener> {
 public:
  Listener(Executors& executors, std::string path, Handler handler)
      : executors_(executors),
        path_(std::move(path)),
        handler_(std::move(handler)),
        acceptor_(executors.make_strand()) {}

  Result<void> open() {
    boost::system::error_code failed;
    ::unlink(path_.c_str());
    acceptor_.open(stream_protocol(), failed);
    // No moment with a wider mode: the folder is ours alone, and the socket is bound before anybody can be told of it.
    if (!failed) ::fchmod(acceptor_.native_handle(), 0600);
    if (!failed) acceptor_.bind(stream_protocol::endpoint(path_), failed);
    if (!failed) ::chmod(path_.c_str(), 0600);
    if (!failed) acceptor_.listen(8, failed);
    if (failed) return Error{Errc::unavailable, cat(path_, ": ", failed.message())};
    accept();
    return {};
  }

  void stop() override {
    asio::post(acceptor_.get_executor(), [self = shared_from_this()] {
      boost::system::error_code ignored;
      self->acceptor_.close(ignored);
      ::unlink(self->path_.c_str());
    });
  }

 private:
  void accept() {
    acceptor_.async_accept(
        [self = shared_from_this()](const boost::system::error_code& failed, stream_protocol::socket socket) {
          if (!self->acceptor_.is_open()) return;
          if (!failed && is_friend(socket.native_handle()))
            std::make_shared<Call>(std::move(socket), self->executors_, self->handler_)->run();
          self->accept();
        });
  }

  Executors& executors_;
  std::string path_;
  Handler handler_;
  stream_protocol::acceptor acceptor_;
};

}  // namespace

Result<std::shared_ptr<ControlSocket>> listen_for_control(Executors& executors, const std::string& path,
                                                          ControlSocket::Handler handler) {
  if (path.size() >= sizeof(sockaddr_un::sun_path))
    return Error{Errc::bad_input, cat("the path of the control socket is too long: ", path)};
  auto listener = std::make_shared<Listener>(executors, path, std::move(handler));
  if (const Result<void> opened = listener->open(); !opened) return opened.error();
  return std::shared_ptr<ControlSocket>(std::move(listener));
}

}  // namespace exhibit
