#pragma once

#include <algorithm>
#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "runtime/threads.h"
#include "web/http_message.h"

/// The server's own: browsers' connections, and room for them.
namespace exhibit::web {

constexpr std::uint32_t header_max = 16U << 10;
constexpr std::uint64_t body_max = 8U << 10;

/// One browser's connection; all of it runs on its own strand.
struct Connection {
  Connection(Strand on, boost::asio::ip::tcp::socket socket, boost::asio::ssl::context* context)
      : strand(std::move(on)), done(strand) {
    if (context)
      secure.emplace(boost::beast::tcp_stream(std::move(socket)), *context);
    else
      plain.emplace(std::move(socket));
  }
  boost::beast::tcp_stream& tcp() { return secure ? secure->next_layer() : *plain; }

  Strand strand;
  std::optional<boost::beast::tcp_stream> plain;
  std::optional<boost::beast::ssl_stream<boost::beast::tcp_stream>> secure;
  boost::beast::flat_buffer buffer{header_max + body_max};
  boost::asio::steady_timer done;    ///< Cancelled when the route has answered.
  std::optional<Response> response;  ///< Set on the strand.
  std::string peer;
  bool has_turn = false;
  /// Who only keeps us waiting may be closed to make room: for a request first, then for its answer to be taken.
  enum class Phase { asking, working, taking };
  std::atomic<Phase> phase{Phase::asking};
};

/// The open connections, oldest first. Thread-safe.
class Crowd {
 public:
  explicit Crowd(std::size_t bound) : bound_(bound) {}
  /// False: no room, and nobody who keeps us waiting could be sent away.
  bool enter(const std::shared_ptr<Connection>& connection) {
    const std::lock_guard lock(mutex_);
    if (closed_) return false;
    if (all_.size() >= bound_) {
      const auto oldest = [this](Connection::Phase phase) {
        return std::find_if(all_.begin(), all_.end(), [&](const auto& one) { return one->phase == phase; });
      };
      auto idle = oldest(Connection::Phase::asking);
      if (idle == all_.end()) idle = oldest(Connection::Phase::taking);
      if (idle == all_.end()) return false;
      send_away(*idle);
      all_.erase(idle);
    }
    all_.push_back(connection);
    return true;
  }
  void leave(const std::shared_ptr<Connection>& connection) {
    const std::lock_guard lock(mutex_);
    all_.remove(connection);
  }
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    for (const auto& connection : all_) send_away(connection);
    all_.clear();
  }

 private:
  static void send_away(const std::shared_ptr<Connection>& connection) {
    boost::asio::post(connection->strand, [connection] {
      connection->tcp().close();
      connection->done.cancel();
    });
  }

  std::size_t bound_;
  std::mutex mutex_;
  std::list<std::shared_ptr<Connection>> all_;
  bool closed_ = false;
};

}  // namespace exhibit::web
