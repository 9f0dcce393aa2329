#include <cpprest/http_client.h>
#include <curl/curl.h>
#include <openssl/ssl.h>
#include <pplx/threadpool.h>

#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <mutex>

#include "bench/measure.h"

/// bench-posts cpprest|curl URL IN_FLIGHT COUNT BYTES [TRUSTED]: the bare library, posting JSON bodies of this size;
/// cpprest with two threads. The first call of the process counts, so that COUNT 1 measures a cold connection.
namespace exhibit::bench {
namespace {

struct Order {
  std::string url;
  std::size_t in_flight = 1, count = 1, bytes = 1;
  std::string trusted = {};
};

std::string json_body(std::size_t bytes) {
  return "{\"text\":\"" + std::string(bytes > 11 ? bytes - 11 : 0, 'x') + "\"}";
}

class Cpprest {
 public:
  explicit Cpprest(const Order& order) : order_(order), body_(json_body(order.bytes)), client_(order.url, config()) {}

  void run() {
    const double cpu = cpu_seconds();
    const auto begin = Clock::now();
    for (std::size_t i = 0; i < order_.in_flight; ++i) next();
    std::unique_lock lock(mutex_);
    done_.wait(lock, [this] { return times_.size() == order_.count; });
    print_calls(times_, seconds_since(begin), cpu_seconds() - cpu);
  }

 private:
  static web::http::client::http_client_config config() {
    web::http::client::http_client_config config;
    config.set_max_redirects(0);
    return config;
  }
  void next() {
    if (started_.fetch_add(1) >= order_.count) return;
    web::http::http_request request(web::http::methods::POST);
    request.set_body(body_, "application/json");
    const auto begin = Clock::now();
    client_.request(request)
        .then([](const web::http::http_response& response) { return response.content_ready(); })
        .then([this, begin](const pplx::task<web::http::http_response>& task) {
          if (task.get().status_code() != 204) std::exit(1);
          {
            const std::lock_guard lock(mutex_);
            times_.push_back(seconds_since(begin));
          }
          next();
          done_.notify_one();
        });
  }

  Order order_;
  std::string body_;
  web::http::client::http_client client_;
  std::atomic<std::size_t> started_ = 0;
  std::mutex mutex_;
  std::condition_variable done_;
  std::vector<double> times_;
};

void run_curl(const Order& order) {
  curl_global_init(CURL_GLOBAL_ALL);
  CURL* const curl = curl_easy_init();
  const std::string body = json_body(order.bytes);
  curl_slist* const headers = curl_slist_append(nullptr, "Content-Type: application/json");
  curl_easy_setopt(curl, CURLOPT_URL, order.url.c_str());
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.c_str());
  if (!order.trusted.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, order.trusted.c_str());
  std::vector<double> times;
  const double cpu = cpu_seconds();
  const auto begin = Clock::now();
  for (std::size_t i = 0; i < order.count; ++i) {
    const auto one = Clock::now();
    if (curl_easy_perform(curl) != CURLE_OK) std::exit(1);
    times.push_back(seconds_since(one));
  }
  print_calls(times, seconds_since(begin), cpu_seconds() - cpu);
}

}  // namespace
}  // namespace exhibit::bench

int main(int count, char** words) {
  using namespace exhibit::bench;
  if (count < 6) return 2;
  const auto number = [&](int at) { return static_cast<std::size_t>(std::strtoull(words[at], nullptr, 10)); };
  const Order order{words[2], number(3), number(4), number(5), count > 6 ? words[6] : ""};
  if (std::strcmp(words[1], "curl") == 0) {
    run_curl(order);
  } else {
    crossplat::threadpool::initialize_with_threads(2);
    auto* const posts = new Cpprest(order);  // Never destroyed: the library may crash at exit.
    posts->run();
  }
  std::fflush(stdout);
  ::_exit(0);
}
