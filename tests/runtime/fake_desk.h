#pragma once

#include <algorithm>
#include <boost/asio/post.hpp>
#include <map>
#include <mutex>
#include <vector>

#include "base/text.h"
#include "runtime/desk.h"
#include "runtime/threads.h"

namespace exhibit::test {

/// A desk in memory that answers from another thread. It may lose answers: the deed is done and nobody hears of it.
class FakeDesk final : public Desk {
 public:
  explicit FakeDesk(Executors& executors) : executors_(executors) {}

  void lose_answers(int every) { lose_every_ = every; }
  /// From now on no send is answered.
  void hang() {
    const std::lock_guard lock(mutex_);
    hangs_ = true;
  }
  /// Does and answers what hung, and all that comes.
  void go_on() {
    std::vector<std::function<void()>> held;
    {
      const std::lock_guard lock(mutex_);
      hangs_ = false;
      held.swap(held_);
    }
    for (const auto& send_it : held) send_it();
  }

  /// Forgets the calls that were never answered, and with them whom they held.
  void release() {
    const std::lock_guard lock(mutex_);
    held_.clear();
  }

  void send(const Seat&, const SendDelivery& delivery, FileHandle, std::function<void(DeliveryOutcome)> done) override {
    boost::asio::post(executors_.workers(), [this, delivery, done = std::move(done)] {
      DeliveryOutcome outcome;
      {
        const std::lock_guard lock(mutex_);
        if (hangs_) return held_.push_back([this, delivery, done] { send({}, delivery, {}, done); });
        ++sent_;
        deeds_[delivery.correlation.text].push_back(delivery);
        if (delivery.kind == DeliveryKind::ensure) ++tickets_[delivery.correlation.text];
        outcome.ticket = cat("t-", delivery.correlation.text);
        outcome.number = cat("INC", tickets_.size());
        outcome.kind =
            lose_every_ > 0 && sent_ % lose_every_ == 0 ? DeliveryOutcome::Kind::unknown : DeliveryOutcome::Kind::done;
      }
      done(outcome);
      const std::lock_guard lock(mutex_);
      ++answered_;
    });
  }

  void look_up(const Seat&, const LookUpDelivery& asked, std::function<void(DeliveryLookedUp)> done) override {
    boost::asio::post(executors_.workers(), [this, asked, done = std::move(done)] {
      DeliveryLookedUp result{.id = asked.id, .ticket = {}, .number = {}, .url = {}, .why = {}};
      {
        const std::lock_guard lock(mutex_);
        ++looked_up_;
        const std::vector<SendDelivery>& deeds = deeds_[asked.correlation.text];
        const bool there =
            std::any_of(deeds.begin(), deeds.end(), [&](const auto& deed) { return deed.id == asked.id; });
        result.found = there ? DeliveryLookedUp::Found::one : DeliveryLookedUp::Found::none;
        result.ticket = cat("t-", asked.correlation.text);
      }
      done(result);
    });
  }

  void read(const Seat&, const LookUpDelivery&, std::function<void(Result<std::string>)> done) override {
    done(Error{Errc::unsupported, "it cannot be read"});
  }

  [[nodiscard]] std::map<std::string, int> tickets() const {
    const std::lock_guard lock(mutex_);
    return tickets_;
  }
  /// Deliveries that were done more than once.
  [[nodiscard]] std::size_t repeated() const {
    const std::lock_guard lock(mutex_);
    std::map<std::string, int> times;
    for (const auto& [correlation, deeds] : deeds_)
      for (const SendDelivery& deed : deeds) ++times[deed.id.text];
    return static_cast<std::size_t>(
        std::count_if(times.begin(), times.end(), [](const auto& entry) { return entry.second > 1; }));
  }
  [[nodiscard]] int sent() const {
    const std::lock_guard lock(mutex_);
    return sent_;
  }
  [[nodiscard]] std::size_t hanging() const {
    const std::lock_guard lock(mutex_);
    return held_.size();
  }
  /// Sends whose answer its asker has.
  [[nodiscard]] int answered() const {
    const std::lock_guard lock(mutex_);
    return answered_;
  }
  [[nodiscard]] int looked_up() const {
    const std::lock_guard lock(mutex_);
    return looked_up_;
  }

 private:
  Executors& executors_;
  mutable std::mutex mutex_;
  std::map<std::string, std::vector<SendDelivery>> deeds_;
  std::map<std::string, int> tickets_;
  std::vector<std::function<void()>> held_;
  int sent_ = 0, answered_ = 0, looked_up_ = 0, lose_every_ = 0;
  bool hangs_ = false;
};

}  // namespace exhibit::test
