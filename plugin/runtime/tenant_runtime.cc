#include "runtime/tenant_runtime.h"

#include <fcntl.h>
#include <openssl/rand.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <filesystem>

#include "base/text.h"
#include "runtime/tenant_state.h"
#include "runtime/tenant_store.h"

namespace exhibit {
namespace {

namespace fs = std::filesystem;

/// Links live as long as this key: it is made once and never changed.
Result<Bytes> link_key(const std::string& path) {
  constexpr std::size_t key_bytes = 32;
  Bytes key(key_bytes);
  if (const FileHandle there(::open(path.c_str(), O_RDONLY | O_CLOEXEC)); there) {
    if (::read(there.get(), key.data(), key.size()) == static_cast<ssize_t>(key.size())) return key;
    return Error{Errc::corrupt, cat(path, " holds no whole link key")};
  }
  if (RAND_bytes(key.data(), static_cast<int>(key.size())) != 1)
    return Error{Errc::unavailable, "no random bytes for a link key"};
  const std::string fresh = path + ".new";
  const FileHandle file(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  const bool written = file && ::write(file.get(), key.data(), key.size()) == static_cast<ssize_t>(key.size()) &&
                       ::fsync(file.get()) == 0;
  if (!written || ::rename(fresh.c_str(), path.c_str()) != 0)
    return Error{Errc::unavailable, cat(path, " cannot be written")};
  const FileHandle folder(::open(fs::path(path).parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder || ::fsync(folder.get()) != 0) return Error{Errc::unavailable, cat(path, " cannot be made durable")};
  return key;
}

class LiveTenant final : public TenantRuntime {
 public:
  explicit LiveTenant(std::shared_ptr<TenantState> state) : state_(std::move(state)) {}

  void start() override {
    on_strand([state = state_] {
      if (std::exchange(state->started, true)) return;
      const Result<std::vector<CursorRow>> cursors = state->store->cursors();
      for (const SensorSettings& sensor : state->settings.sensors)
        state->links.emplace(sensor.name, make_link(*state, sensor, cursors.value_or({})));
      state->perform(std::exchange(state->first_effects, {}));
      state->follow_disk();
      for (const auto& [name, link] : state->links) link->start();
      state->arm_checkpoint();
      state->arm_sweep(std::chrono::milliseconds{0});
      state->arm_poll();
      state->arm_timer();
    });
  }

  void stop(std::function<void()> stopped) override {
    on_strand([state = state_, stopped = std::move(stopped)] {
      state->keep_proofs();
      state->stopping = true;
      state->wake.cancel();
      state->patience.cancel();
      state->checkpoint.cancel();
      state->poll_timer.cancel();
      state->sweep_timer.cancel();
      state->refuse_pending();
      auto left = std::make_shared<std::size_t>(state->links.size() + 1);
      const auto one_less = [state, left, stopped] {
        boost::asio::post(state->strand, [state, left, stopped] {
          if (--*left > 0) return;
          // A call to the desk may hold us for a while yet; whoever opens this tenant next must find its store free.
          state->store.reset();
          stopped();
        });
      };
      for (const auto& [name, link] : state->links) link->stop(one_less);
      one_less();
    });
  }

  void disk_changed() override {
    on_strand([state = state_] { state->follow_disk(); });
  }

  void page(const LinkId& link, std::function<void(Result<PageRows>)> done) override {
    on_strand([state = state_, link, done = std::move(done)] { done(state->page(link)); });
  }

  void note_in_ledger(std::string actor, std::string action, std::string object, std::string detail,
                      std::function<void(Result<void>)> done) override {
    on_strand([state = state_, actor = std::move(actor), action = std::move(action), object = std::move(object),
               detail = std::move(detail), done = std::move(done)] {
      state->note({state->now().wall, actor, action, object, detail}, done);
    });
  }

  void fetch_now(const CaptureKey& key, std::string by, std::function<void(Result<void>)> done) override {
    on_strand([state = state_, key, by = std::move(by), done = std::move(done)] {
      state->enqueue(FetchAsked{key, by}, [done](bool committed) {
        done(committed ? Result<void>() : Error{Errc::unavailable, "the store refused"});
      });
    });
  }

  void list(std::size_t limit, std::size_t offset,
            std::function<void(Result<std::vector<IncidentRow>>)> done) override {
    on_strand([state = state_, limit, offset, done = std::move(done)] {
      if (!state->store) return done(tenant_stopped());
      done(state->store->incidents(limit, offset));
    });
  }

  void report(bool with_incidents, std::function<void(std::string)> done) override {
    on_strand([state = state_, with_incidents, done = std::move(done)] { done(state->report(with_incidents)); });
  }

  void resume(const std::string& what, std::function<void(Result<void>)> done) override {
    on_strand([state = state_, what, done = std::move(done)] {
      if (what == "desk") {
        state->world.desk->resume();
        state->engine->resume_desk();
        state->enqueue(Tick{});
        return done({});
      }
      const auto link = state->links.find(SensorId{what});
      if (link == state->links.end()) return done(Error{Errc::not_found, cat("no sensor is called ", harmless(what))});
      link->second->resume();
      done({});
    });
  }

  void read_desk(const CorrelationId& correlation, std::function<void(Result<std::string>)> done) override {
    on_strand([state = state_, correlation, done = std::move(done)] {
      const IncidentRow* const incident = state->engine->incident(correlation);
      if (!incident) return done(Error{Errc::not_found, "no incident has this correlation id"});
      state->world.desk->read(
          state->seat(), {delivery_id(incident->id, 0), DeliveryKind::ensure, correlation, incident->ticket},
          [state, correlation, done](Result<std::string> read) {
            if (read || read.error().code != Errc::unsupported) return done(std::move(read));
            boost::asio::post(state->strand, [state, correlation, done] { done(state->sent.document(correlation)); });
          });
    });
  }

  void adopt(AdoptionRow order, std::function<void(Result<void>)> done) override {
    on_strand([state = state_, order = std::move(order), done = std::move(done)] {
      if (!state->store) return done(tenant_stopped());
      const auto adopt = [state, done](const AdoptionRow& known) {
        state->enqueue(AdoptAsked{known}, [done](bool committed) {
          done(committed ? Result<void>() : Error{Errc::unavailable, "the store refused"});
        });
      };
      if (!order.ticket.empty()) return adopt(order);
      state->world.desk->resolve(state->seat(), order.number, [state, order, adopt, done](Result<std::string> ticket) {
        boost::asio::post(state->strand, [order, adopt, done, ticket = std::move(ticket)] {
          if (!ticket) return done(ticket.error());
          AdoptionRow known = order;
          known.ticket = *ticket;
          adopt(known);
        });
      });
    });
  }

  void letters(std::function<void(Result<std::string>)> done) override {
    on_strand([state = state_, done = std::move(done)] {
      if (!state->store) return done(tenant_stopped());
      done(state->letters());
    });
  }

  void decide(LetterDecided decision, std::function<void(Result<void>)> done) override {
    on_strand([state = state_, decision = std::move(decision), done = std::move(done)] {
      if (!state->store) return done(tenant_stopped());
      state->decide(decision, done);
    });
  }

  const TenantSettings& settings() const override { return state_->settings; }
  const EvidenceStore& evidence() const override { return *state_->evidence; }

 private:
  template <typename Work>
  void on_strand(Work work) {
    boost::asio::post(state_->strand, std::move(work));
  }

  static std::unique_ptr<SensorLink> make_link(TenantState& state, const SensorSettings& sensor,
                                               const std::vector<CursorRow>& cursors) {
    SdeeCursor cursor;
    for (const CursorRow& row : cursors)
      if (row.sensor == sensor.name) cursor = {row.subscription_id, row.session_id, row.cookie, row.last_time_ns};
    const std::weak_ptr<TenantState> weak = state.weak_from_this();
    SensorLink::Tenant tenant;
    tenant.take = [weak](Input input, std::function<void(bool)> committed) {
      const auto held = weak.lock();
      if (!held) return committed(false);
      boost::asio::post(held->strand, [held, input = std::move(input), committed = std::move(committed)]() mutable {
        held->enqueue(std::move(input), std::move(committed));
      });
    };
    tenant.tell = [weak](Input input) {
      if (const auto held = weak.lock())
        boost::asio::post(held->strand,
                          [held, input = std::move(input)]() mutable { held->enqueue(std::move(input)); });
    };
    return std::make_unique<SensorLink>(state.world.executors, sensor, cursor, *state.evidence, state.world.clock,
                                        state.world.secrets, state.world.log, state.settings.tenant, std::move(tenant));
  }

  std::shared_ptr<TenantState> state_;
};

}  // namespace

Result<std::unique_ptr<TenantRuntime>> make_tenant_runtime(TenantSettings settings, TenantRuntime::World world) {
  const std::string folder = cat(world.state_folder, "/tenants/", settings.tenant.text);
  if (const Result<void> made = make_durable_folder(folder); !made) return made.error();
  auto state = std::make_shared<TenantState>(std::move(settings), std::move(world));
  Result<Zone> zone = load_zone(state->settings.zone_name);
  if (!zone) return zone.error();
  state->zone = std::move(*zone);
  Result<Bytes> key = link_key(folder + "/link.key");
  if (!key) return key.error();
  state->link_key = std::move(*key);
  if (const Result<void> opened = open_tenant_store(*state, folder); !opened) return opened.error();
  const Result<std::vector<EvidenceId>> known = state->store->known_evidence();
  if (!known) return known.error();
  const Result<std::size_t> orphans = state->evidence->set_orphans_aside(*known);
  if (orphans && *orphans > 0)
    state->say(LogLevel::warning, cat(*orphans, " sealed files that no row knows were moved to orphans/"));
  Reaction restored;
  state->restore_engine(restored);
  if (!state->failed.empty()) return Error{Errc::corrupt, state->failed};
  state->first_effects = std::move(restored.effects);
  return std::unique_ptr<TenantRuntime>(std::make_unique<LiveTenant>(std::move(state)));
}

}  // namespace exhibit
