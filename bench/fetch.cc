#include <curl/curl.h>

#include <utility>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdlib>
#include <latch>
#include <memory>
#include <mutex>

#include "base/limits.h"
#include "base/text.h"
#include "bench/measure.h"
#include "evidence/evidence_store.h"
#include "runtime/sensor_http.h"

/// bench-fetch ours PORT IN_FLIGHT COUNT PIN FOLDER | curl PORT IN_FLIGHT COUNT CERTIFICATE: IP logs from 127.0.0.1
/// over TLS, each connection kept. Ours hashes while it writes and seals each in an evidence folder, so that a power
/// cut loses nothing; bare libcurl, one multi handle, takes them to memory.
namespace exhibit::bench {
namespace {

namespace asio = boost::asio;

struct Order {
  std::uint16_t port;
  std::size_t in_flight, count;
  std::string trusted, folder;
};

std::string target_of(std::size_t number) { return cat("/cgi-bin/iplog-server?iplog=", number); }

class Ours {
 public:
  explicit Ours(const Order& order) : order_(order) {
    auto opened = open_evidence_folder(order.folder, limits::evidence_bytes);
    if (!opened) std::exit(1);
    evidence_ = std::move(*opened);
    settings_.host = "127.0.0.1";
    settings_.port = order.port;
    settings_.pin = order.trusted;
    settings_.login.user = "exhibit";
  }

  std::vector<double> run() {
    for (std::size_t i = 0; i < order_.in_flight; ++i) {
      const Strand strand = executors_.make_strand();  // A sensor each.
      asio::co_spawn(strand, fetches(strand), asio::detached);
    }
    left_.wait();
    executors_.join();
    return std::move(times_);
  }

 private:
  asio::awaitable<void> fetches(Strand strand) {
    boost::system::error_code cancelled;
    auto token = asio::redirect_error(asio::use_awaitable, cancelled);
    asio::steady_timer sealed(strand);
    SensorHttp http(strand, settings_);
    for (std::size_t number = next_++; number < order_.count; number = next_++) {
      const auto begun = Clock::now();
      auto intake = evidence_->begin(limits::ip_log_bytes);
      if (!intake) std::exit(1);
      const SensorHttp::BodySink sink = [&](ByteView piece) {
        if (!intake->append(piece)) std::exit(1);
      };
      const SensorHttp::Limits bounds{limits::ip_log_deadline, limits::ip_log_silence, limits::ip_log_bytes};
      // Named, since GCC 12 releases temporaries of an awaited call twice.
      const SensorRequest request{"GET", target_of(number), "", std::chrono::seconds{60}};
      const Secret password("bench");
      const SensorCallResult result = co_await http.call(request, password, bounds, sink);
      if (result.error || result.answer.status != 200) std::exit(1);
      sealed.expires_at(Clock::time_point::max());
      asio::post(executors_.workers(), [&] {  // Synchronising takes a while, and alerts would wait.
        if (!evidence_->seal(std::move(*intake), {"ips", cat(number), 0, {}, true})) std::exit(1);
        asio::post(strand, [&] { sealed.cancel(); });
      });
      co_await sealed.async_wait(token);
      const std::lock_guard lock(mutex_);
      times_.push_back(seconds_since(begun));
    }
    left_.count_down();
  }

  Order order_;
  SensorSettings settings_;
  std::unique_ptr<EvidenceStore> evidence_;
  Executors executors_{3, 2};  // As the plugin has them.
  std::atomic<std::size_t> next_ = 0;
  std::latch left_{static_cast<std::ptrdiff_t>(order_.in_flight)};
  std::mutex mutex_;
  std::vector<double> times_;
};

std::size_t keep(char* bytes, std::size_t size, std::size_t count, void* body) {
  static_cast<std::string*>(body)->append(bytes, size * count);
  return size * count;
}

struct Fetch {
  CURL* handle = curl_easy_init();
  std::string body;
  Clock::time_point begun;
};

std::vector<double> with_curl(const Order& order) {
  curl_global_init(CURL_GLOBAL_ALL);
  CURLM* const all = curl_multi_init();
  std::vector<Fetch> fetches(order.in_flight);
  std::vector<double> times;
  std::size_t next = 0;
  const auto begin = [&](Fetch& one) {
    if (next == order.count) return;
    const std::string url = cat("https://localhost:", order.port, target_of(next++));
    one.body.clear();
    one.begun = Clock::now();
    curl_easy_setopt(one.handle, CURLOPT_URL, url.c_str());
    curl_multi_add_handle(all, one.handle);
  };
  for (Fetch& one : fetches) {
    curl_easy_setopt(one.handle, CURLOPT_CAINFO, order.trusted.c_str());
    curl_easy_setopt(one.handle, CURLOPT_WRITEFUNCTION, keep);
    curl_easy_setopt(one.handle, CURLOPT_WRITEDATA, &one.body);
    curl_easy_setopt(one.handle, CURLOPT_PRIVATE, &one);
    begin(one);
  }
  for (int running = 1; running > 0 || times.size() < order.count;) {
    curl_multi_perform(all, &running);
    int left = 0;
    while (const CURLMsg* const said = curl_multi_info_read(all, &left)) {
      Fetch* one = nullptr;
      curl_easy_getinfo(said->easy_handle, CURLINFO_PRIVATE, &one);
      if (said->data.result != CURLE_OK) std::exit(1);
      times.push_back(seconds_since(one->begun));
      curl_multi_remove_handle(all, one->handle);
      begin(*one);
    }
    curl_multi_poll(all, nullptr, 0, 100, nullptr);
  }
  return times;
}

}  // namespace
}  // namespace exhibit::bench

int main(int count, char** words) {
  using namespace exhibit;
  using namespace exhibit::bench;
  const bool ours = count == 7 && std::string_view(words[1]) == "ours";
  if (!ours && count != 6) return 2;
  const auto number = [&](int at) { return parse_number<std::size_t>(words[at]).value_or(1); };
  const Order order{static_cast<std::uint16_t>(number(2)), number(3), number(4), words[5], ours ? words[6] : ""};
  const double cpu = cpu_seconds();
  const auto begin = Clock::now();
  std::vector<double> times = ours ? Ours(order).run() : with_curl(order);
  print_calls(std::move(times), seconds_since(begin), cpu_seconds() - cpu);
  return 0;
}
