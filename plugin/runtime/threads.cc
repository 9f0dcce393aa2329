#include "runtime/threads.h"

#include <pthread.h>
#include <signal.h>

namespace exhibit {
namespace {

/// A host's signals are the host's business: our threads never take one, SIGPIPE least of all.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

}  // namespace

Executors::Executors(int io_threads, int workers) : io_guard_(io_.get_executor()), work_guard_(work_.get_executor()) {
  const SignalsBlocked blocked;  // Threads inherit the mask of the one that makes them.
  const auto run = [this](boost::asio::io_context& context, const char* name) {
    threads_.emplace_back([&context, name] {
      pthread_setname_np(pthread_self(), name);
      context.run();
    });
  };
  for (int i = 0; i < io_threads; ++i) run(io_, "exhibit-io");
  for (int i = 0; i < workers; ++i) run(work_, "exhibit-work");
}

Executors::~Executors() { join(); }

void Executors::join() {
  work_guard_.reset();
  io_guard_.reset();
  for (std::thread& thread : threads_)
    if (thread.joinable()) thread.join();
  threads_.clear();
  // A strand may have posted to workers that had already run out of work, or a worker to a strand: that runs here.
  for (std::size_t ran = 1; ran > 0;) {
    io_.restart();
    work_.restart();
    ran = work_.poll() + io_.poll();
  }
}

}  // namespace exhibit
