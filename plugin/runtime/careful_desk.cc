#include "runtime/careful_desk.h"

#include <deque>
#include <map>
#include <mutex>

namespace exhibit {
namespace {

class CarefulDesk final : public Desk, public std::enable_shared_from_this<CarefulDesk> {
 public:
  explicit CarefulDesk(std::shared_ptr<Desk> desk) : desk_(std::move(desk)) {}

  void send(const Seat& seat, const SendDelivery& delivery, FileHandle attachment,
            std::function<void(DeliveryOutcome)> done) override {
    auto file = std::make_shared<FileHandle>(std::move(attachment));
    begin(delivery.id, [self = shared_from_this(), seat, delivery, file, done = std::move(done)] {
      self->desk_->send(seat, delivery, std::move(*file), [self, id = delivery.id, done](DeliveryOutcome outcome) {
        done(std::move(outcome));
        self->end(id);
      });
    });
  }

  void look_up(const Seat& seat, const LookUpDelivery& look_up, std::function<void(DeliveryLookedUp)> done) override {
    begin(look_up.id, [self = shared_from_this(), seat, look_up, done = std::move(done)] {
      self->desk_->look_up(seat, look_up, [self, id = look_up.id, done](DeliveryLookedUp result) {
        done(std::move(result));
        self->end(id);
      });
    });
  }

  void read(const Seat& seat, const LookUpDelivery& ensure, std::function<void(Result<std::string>)> done) override {
    desk_->read(seat, ensure, std::move(done));
  }
  void poll(const Seat& seat, const std::string& request, std::function<void(Result<std::string>)> done) override {
    desk_->poll(seat, request, std::move(done));
  }
  void probe(const Seat& seat, std::function<void(Result<void>)> done) override { desk_->probe(seat, std::move(done)); }
  void resolve(const Seat& seat, const std::string& number, std::function<void(Result<std::string>)> done) override {
    desk_->resolve(seat, number, std::move(done));
  }
  void resume() override { desk_->resume(); }

 private:
  using Call = std::function<void()>;

  /// Runs the call now, or after those of the same delivery that began before it.
  void begin(const DeliveryId& id, Call call) {
    {
      const std::lock_guard lock(mutex_);
      std::deque<Call>& queue = calls_[id];
      queue.push_back(call);
      if (queue.size() > 1) return;
    }
    call();
  }

  void end(const DeliveryId& id) {
    Call next;
    {
      const std::lock_guard lock(mutex_);
      const auto found = calls_.find(id);
      found->second.pop_front();
      if (found->second.empty())
        calls_.erase(found);
      else
        next = found->second.front();
    }
    if (next) next();
  }

  std::shared_ptr<Desk> desk_;
  std::mutex mutex_;
  std::map<DeliveryId, std::deque<Call>> calls_;  // The first of each is running.
};

}  // namespace

std::shared_ptr<Desk> make_careful_desk(std::shared_ptr<Desk> desk) {
  return std::make_shared<CarefulDesk>(std::move(desk));
}

}  // namespace exhibit
