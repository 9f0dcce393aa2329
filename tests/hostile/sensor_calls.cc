#include <cstdio>
#include <iostream>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <map>
#include <mutex>

#include "base/limits.h"
#include "base/text.h"
#include "evidence/evidence_store.h"
#include "runtime/sensor_http.h"

/// sensor_calls FOLDER DEADLINE_MS [PIN]: a sensor's HTTP client as the plugin uses it, behind a pipe. A line
/// "PORT feed|log TARGET" is one call to 127.0.0.1; calls run side by side, those to one port over one client, and each
/// prints one line: port, status, bytes of the body, milliseconds, the body's first characters or what went wrong. A
/// log goes into an evidence folder piece by piece. The end of the input ends the program.
namespace {

using namespace exhibit;

class Calls {
 public:
  Calls(const std::string& folder, std::chrono::milliseconds deadline, std::string pin)
      : deadline_(deadline), pin_(std::move(pin)) {
    auto opened = open_evidence_folder(folder, limits::evidence_bytes);
    if (opened) evidence_ = std::move(*opened);
  }
  ~Calls() {
    executors_.join();  // Calls end by their deadlines.
    clients_.clear();
  }

  void begin(std::uint16_t port, bool log, const std::string& target) {
    boost::asio::post(strand_, [this, port, log, target] {
      boost::asio::co_spawn(strand_, one(port, log, target), boost::asio::detached);
    });
  }

 private:
  SensorHttp& client(std::uint16_t port) {
    auto& held = clients_[port];
    if (!held) {
      SensorSettings settings;
      settings.host = "127.0.0.1";
      settings.port = port;
      settings.tls = !pin_.empty();
      settings.pin = pin_;
      settings.login.user = "exhibit";
      held = std::make_unique<SensorHttp>(strand_, settings);
    }
    return *held;
  }

  boost::asio::awaitable<void> one(std::uint16_t port, bool log, std::string target) {
    const auto begun = std::chrono::steady_clock::now();
    std::optional<EvidenceIntake> intake;
    if (Result<EvidenceIntake> opened = evidence_->begin(limits::ip_log_bytes); log && opened)
      intake.emplace(std::move(*opened));
    const SensorHttp::Limits bounds{deadline_, deadline_, log ? limits::ip_log_bytes : limits::sdee_document};
    SensorHttp::BodySink sink;
    if (log)
      sink = [&](ByteView piece) {
        if (intake && !intake->append(piece)) intake.reset();
      };
    // Named, since GCC 12 releases temporaries of an awaited call twice.
    const SensorRequest request{"GET", std::move(target), "", std::chrono::seconds{1}};
    const Secret password("secret");
    const SensorCallResult result = co_await client(port).call(request, password, bounds, sink);
    const auto took =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begun).count();
    const std::string said = result.error ? cat("! ", result.error->why) : result.answer.body.substr(0, 100);
    std::printf(
        "%s\n",
        cat(port, " ", result.answer.status, " ", result.answer.body.size(), " ", took, " ", harmless(said)).c_str());
    std::fflush(stdout);
  }

  Nanoseconds deadline_;
  std::string pin_;
  Executors executors_{2, 1};
  Strand strand_ = executors_.make_strand();
  std::unique_ptr<EvidenceStore> evidence_;
  std::map<std::uint16_t, std::unique_ptr<SensorHttp>> clients_;
};

}  // namespace

int main(int count, char** words) {
  if (count < 3) return 2;
  Calls calls(words[1], std::chrono::milliseconds{std::atoi(words[2])}, count > 3 ? words[3] : "");
  int port = 0;
  for (std::string kind, target; std::cin >> port >> kind >> target;)
    calls.begin(static_cast<std::uint16_t>(port), kind == "log", target);
  return 0;
}
