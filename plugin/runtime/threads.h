#pragma once

#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>
#include <thread>
#include <vector>

namespace exhibit {

using Strand = boost::asio::strand<boost::asio::io_context::executor_type>;

/// The plugin's threads: a few that run strands and sockets, and workers for files and decoding. All are named, block
/// every signal, and are joined by `join`. The plugin adds at most 8 threads to its host.
class Executors {
 public:
  Executors(int io_threads, int workers);
  ~Executors();

  boost::asio::io_context& io() { return io_; }
  Strand make_strand() { return Strand(io_.get_executor()); }
  boost::asio::io_context& workers() { return work_; }
  /// Lets everything queued run out, then ends the threads. Work that never ends must have been stopped before. What
  /// the last threads left behind runs on the caller's.
  void join();

 private:
  using Guard = boost::asio::executor_work_guard<boost::asio::io_context::executor_type>;
  boost::asio::io_context io_, work_;
  Guard io_guard_, work_guard_;
  std::vector<std::thread> threads_;
};

}  // namespace exhibit
