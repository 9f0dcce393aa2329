#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <map>
#include <string>

#include "base/frame.h"
#include "base/json.h"
#include "base/text.h"
#include "bench/measure.h"

/// bench-runner RUNNER MODULE URL IN_FLIGHT COUNT [TRUSTED]: the webhook adapter in the product's runner, driven over
/// its socket as the plugin does, without a store; one POST a call. Opening the links is not counted, the first
/// connection is.
namespace exhibit::bench {
namespace {

class Runner {
 public:
  Runner(const char* program, const char* module) {
    int pair[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) std::exit(1);
    socket_ = pair[0];
    process_ = ::fork();
    if (process_ == 0) {
      ::fcntl(pair[1], F_SETFD, 0);
      const std::string fd = cat(pair[1]);
      ::execl(program, program, "--socket", fd.c_str(), "--module", module, nullptr);
      ::_exit(127);
    }
    ::close(pair[1]);
    (void)receive(FrameKind::hello);
  }
  ~Runner() {
    ::close(socket_);
    ::waitpid(process_, nullptr, 0);
  }
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  void send(FrameKind kind, std::uint64_t call, const std::string& payload) {
    for (const std::string& frame : frames_of({.kind = kind, .call = call, .payload = payload}))
      if (::send(socket_, frame.data(), frame.size(), MSG_NOSIGNAL) < 0) std::exit(1);
  }
  Message receive(FrameKind kind) {
    std::array<char, frame_bytes_max> buffer;
    for (;;) {
      const ssize_t got = ::recv(socket_, buffer.data(), buffer.size(), 0);
      if (got <= 0) std::exit(1);
      const auto taken = reader_.take({buffer.data(), static_cast<std::size_t>(got)});
      if (taken && *taken && (*taken)->kind == kind) return **taken;
    }
  }

 private:
  int socket_ = -1;
  pid_t process_ = -1;
  MessageReader reader_;
};

std::string body_text() {
  const std::string text(1200, 'x');
  return cat(
      R"({"tenant":"acme","link":"https://ev.example/e/aaaa","title":"HIGH: a > b","public_text":"An outside host.","internal_text":")",
      text, R"(","severity":"high","priority":2,"incident":{"version":1,"what":"opened","tenant":"acme","note":")",
      text, "\"}}");
}

std::string op_of(std::uint64_t number, const std::string& body) {
  return cat(R"("op":{"kind":1,"op_id":"op-)", number,
             R"(","correlation_id":"EXH1-AAAA","ticket":"","seq":1,"attempt":1,"deadline_ms":30000,"body":)", body,
             "}");
}

void run(Runner& runner, std::size_t in_flight, std::size_t count) {
  const std::string body = body_text();
  std::map<std::uint64_t, std::pair<std::size_t, Clock::time_point>> under_way;
  std::vector<double> times;
  times.reserve(count);
  std::size_t sent = 0;
  const auto next = [&](std::size_t link) {
    if (sent == count) return;
    const std::uint64_t call = 1000 + sent++;
    under_way[call] = {link, Clock::now()};
    runner.send(FrameKind::apply, call, cat("{\"link\":", link, ",", op_of(call, body), "}"));
  };
  const auto begin = Clock::now();
  for (std::size_t link = 0; link < in_flight; ++link) next(link);
  while (times.size() < count) {
    const Message answer = runner.receive(FrameKind::result);
    const auto found = under_way.extract(answer.call);
    if (!answer.payload.starts_with("{\"rc\":0")) {
      std::fprintf(stderr, "bench-runner: %s\n", answer.payload.c_str());
      std::exit(1);
    }
    times.push_back(seconds_since(found.mapped().second));
    next(found.mapped().first);
  }
  print_calls(times, seconds_since(begin), 0);
}

}  // namespace
}  // namespace exhibit::bench

int main(int count, char** words) {
  using namespace exhibit;
  if (count < 6) return 2;
  const std::size_t in_flight = std::strtoull(words[4], nullptr, 10), calls = std::strtoull(words[5], nullptr, 10);
  bench::Runner runner(words[1], words[2]);
  const std::string trusted = count > 6 ? cat(",\"ca\":", json_quoted(words[6])) : "";
  for (std::size_t link = 0; link < in_flight; ++link) {
    runner.send(
        FrameKind::open, link + 1,
        cat("{\"link\":", link, ",\"config\":{\"url\":", json_quoted(words[3]), trusted,
            R"(,"allow":["127.0.0.1"],"login":{"secrets":["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]},"map":{}}})"));
    (void)runner.receive(FrameKind::result);
  }
  bench::run(runner, in_flight, calls);
  return 0;
}
