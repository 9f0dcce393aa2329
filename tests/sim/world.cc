#include "world.h"

#include <algorithm>

#include "base/assert.h"
#include "base/sha256.h"
#include "base/text.h"
#include "base/utc.h"

namespace exhibit::sim {
namespace {

using namespace std::chrono_literals;

constexpr Nanoseconds settle_time = 30s;
constexpr int idle_ticks_max = 1000;

std::string first_difference(const std::string& before, const std::string& after) {
  const auto one = split(before, "\n"), other = split(after, "\n");
  const std::size_t common = std::min(one.size(), other.size());
  for (std::size_t i = 0; i < common; ++i)
    if (one[i] != other[i]) return cat("\"", one[i], "\" became \"", other[i], "\"");
  return cat(one.size(), " lines became ", other.size());
}

}  // namespace

World::World(std::uint64_t seed, Options options) : stage_(seed), options_(options) {
  // The first is shared by all tenants but the last; the second is the last one's own and cannot be searched,
  // sometimes.
  desks_.push_back(std::make_unique<SimDesk>(stage_, "shared", DeskGate::Settings{.calls_per_hour = 4000}, false));
  desks_.push_back(std::make_unique<SimDesk>(stage_, "own", DeskGate::Settings{}, stage_.roll(0, 3) == 0));
  for (std::size_t i = 0; i < options_.tenants; ++i) {
    auto tenant = std::make_unique<Tenant>();
    tenant->id = {cat("t", i)};
    tenant->desk = desks_[i + 1 == options_.tenants ? 1 : 0].get();
    tenant->disk = std::make_unique<SimDisk>(stage_, tenant->id);
    for (std::size_t j = 0; j < options_.sensors_each; ++j) {
      const Nanoseconds skew =
          options_.wild_clock ? stage_.between(-5 * 365 * 24h, 5 * 365 * 24h) : stage_.between(-2s, 2s);
      tenant->sensors.push_back(std::make_unique<SimSensor>(
          stage_, *tenant->disk, SensorId{cat(tenant->id.text, "-ips", j)}, skew,
          [this, held = tenant.get()](const SensorSaid& said) { return give(*held, said); }));
    }
    tenants_.push_back(std::move(tenant));
  }
  for (auto& tenant : tenants_) restore(*tenant);
  misfortune();
  people_decide();
}

EngineSettings World::settings_of(const Tenant& tenant) const {
  EngineSettings s;
  s.tenant = tenant.id;
  s.tenant_name = tenant.id.text;
  s.public_url = "https://ev.example";
  s.link_key = Bytes(32, 7);
  s.attach = AttachPolicy::trigger_packet;
  s.outbox.settle = settle_time;
  s.outbox.retry_max = 10min;
  s.waiting_in_memory = 1;  // So that whatever waits is put aside, and comes back.
  for (const auto& sensor : tenant.sensors) s.sensors[sensor->id()] = {};
  return s;
}

bool World::give(Tenant& tenant, const Input& input) {
  if (tenant.stale) restore(tenant);
  if (tenant.stale) return false;
  Reaction reaction;
  try {
    for (const IncidentId& id : tenant.engine->absent(input, stage_.now()))
      tenant.engine->bring_back(tenant.disk->rows_of(id), stage_.now());
    reaction = tenant.engine->on(input, stage_.now());
  } catch (const InvariantBroken& broken) {  // The strand would stop this tenant: nothing more of it is delivered.
    stage_.violated(Invariant::delivery_ends, cat(tenant.id.text, " stands still: ", broken.what()));
    return false;
  }
  if (stage_.chance(options_.deaths)) return crash(), false;
  const auto* looked = std::get_if<DeliveryLookedUp>(&input);
  tenant.disk->person_decided = std::holds_alternative<LetterDecided>(input);
  if (!tenant.disk->commit(reaction.facts, looked == nullptr ? DeliveryId{} : looked->id)) {
    // The process may live on: then what it sent and pulls goes on, and answers an engine that never asked.
    stage_.say(cat("the disk of ", tenant.id.text, " refuses a commit"));
    tenant.refused = true;
    if (stage_.roll(0, 3) == 0)
      crash();
    else
      restore(tenant);
    return false;
  }
  if (!reaction.facts.empty()) tenant.refused = false;
  put_aside_ += tenant.engine->put_aside();
  if (stage_.chance(options_.deaths)) return crash(), true;
  perform(tenant, reaction.effects);
  arm_tick(tenant);
  return true;
}

void World::perform(Tenant& tenant, const Effects& effects) {
  const int life = stage_.life();
  for (const Effect& effect : effects) {
    if (stage_.chance(options_.deaths)) return crash();
    std::visit([&](const auto& held) { perform(tenant, held); }, effect);
    if (life != stage_.life()) return;
  }
}

void World::perform(Tenant& tenant, const SendDelivery& order) {
  const DeliveryRow* row = tenant.disk->delivery(order.id);
  if (row == nullptr || row->state != DeliveryState::inflight)
    stage_.violated(Invariant::committed_first, cat(order.id.text, " is sent and not claimed"));
  if (row != nullptr && tenant.disk->incident(row->incident) == nullptr)
    stage_.violated(Invariant::tenants_apart, cat(order.id.text, " is of no incident of ", tenant.id.text));
  if (order.kind != DeliveryKind::ensure && order.ticket.empty())
    stage_.violated(Invariant::ticket_first, cat(order.id.text, " goes into no ticket"));
  begin_call(tenant, order.id);
  tenant.desk->send(tenant.id, order, [this, &tenant, id = order.id](const DeliveryOutcome& outcome) {
    tenant.under_way.erase(id);
    give(tenant, DeliveryEnded{id, outcome});
  });
}

void World::begin_call(Tenant& tenant, const DeliveryId& id) {
  tenant.under_way.insert(id);
  if (tenant.under_way.size() > 4)
    stage_.violated(Invariant::few_at_once, cat(tenant.id.text, " has ", tenant.under_way.size(), " calls under way"));
}

void World::perform(Tenant& tenant, const LookUpDelivery& order) {
  const DeliveryRow* row = tenant.disk->delivery(order.id);
  if (row == nullptr || row->state != DeliveryState::unknown)
    stage_.violated(Invariant::look_when_unknown, order.id.text);
  else if (stage_.now().mono - tenant.disk->unknown_since(order.id) < settle_time && !options_.wild_clock)
    stage_.violated(Invariant::settle_time_kept,
                    cat(order.id.text, " is looked for after ",
                        duration_text(stage_.now().mono - tenant.disk->unknown_since(order.id))));
  begin_call(tenant, order.id);
  tenant.desk->look_up(tenant.id, order, row == nullptr ? Severity::low : row->severity,
                       [this, &tenant](const DeliveryLookedUp& result) {
                         tenant.under_way.erase(result.id);
                         give(tenant, result);
                       });
}

void World::perform(Tenant& tenant, const FetchCapture& order) {
  const auto found = std::find_if(tenant.sensors.begin(), tenant.sensors.end(),
                                  [&](const auto& sensor) { return sensor->id() == order.key.sensor; });
  if (found == tenant.sensors.end())
    return stage_.violated(Invariant::tenants_apart, cat(tenant.id.text, " pulls ", order.key.text()));
  SimSensor& sensor = **found;
  if (const auto now = sensor.slots.asked(order)) pull(tenant, sensor, *now);
}

void World::pull(Tenant& tenant, SimSensor& sensor, const FetchCapture& order) {
  if (sensor.slots.under_way() > 2)
    stage_.violated(Invariant::pulls_limited, cat(sensor.id().text, " serves ", sensor.slots.under_way(), " pulls"));
  // The bytes are those of the moment at which the pull began.
  stage_.in_this_life(stage_.between(50ms, 4s), [this, &tenant, &sensor, ended = sensor.fetch(order)] {
    if (const auto next = sensor.slots.ended(ended.key)) pull(tenant, sensor, *next);
    give(tenant, ended);
  });
}

void World::perform(Tenant& tenant, const ExamineCapture& order) {
  stage_.in_this_life(10ms, [this, &tenant, order] {
    CaptureReport report;
    report.packets = 3;
    report.addresses_match = true;
    give(tenant, CaptureExamined{order.key, order.incident, report});
  });
}

/// The process is gone: with it everything that it waited for. The desks and the sensors go on.
void World::crash() {
  ++crashes_;
  stage_.say("our process dies");
  stage_.our_process_died();
  for (auto& desk : desks_) desk->our_process_died();
  for (auto& tenant : tenants_)
    for (auto& sensor : tenant->sensors) sensor->slots = PullSlots(2);
  for (auto& tenant : tenants_) restore(*tenant);
}

void World::restore(Tenant& tenant) {
  ++tenant.engine_life;
  tenant.under_way.clear();
  tenant.tick_at.reset();
  tenant.engine.emplace(settings_of(tenant));
  const Reaction reaction = tenant.engine->restore(tenant.disk->snapshot(), stage_.now());
  for (const auto& [key, row] : tenant.engine->captures().rows())
    if (!is_settled(row.state) && row.due.mono - stage_.now().mono > 24h)
      stage_.violated(Invariant::wait_bounded,
                      cat(key.text(), " waits for ", duration_text(row.due.mono - stage_.now().mono)));
  tenant.disk->person_decided = false;
  tenant.stale = !tenant.disk->commit(reaction.facts);
  // It tries again: everything but its timer is gone.
  if (tenant.stale) {
    const int mine = tenant.engine_life;
    return stage_.in_this_life(20s, [this, &tenant, mine] {
      if (mine == tenant.engine_life) (void)give(tenant, Tick{});
    });
  }
  put_aside_ += tenant.engine->put_aside();
  perform(tenant, reaction.effects);
  arm_tick(tenant);
}

void World::arm_tick(Tenant& tenant) {
  auto wake = tenant.engine->next_wake();
  if (wake && tenant.refused) wake = std::max(*wake, stage_.now().mono + 2s);
  if (!wake || (tenant.tick_at && *tenant.tick_at <= *wake)) return;
  if (*wake - stage_.now().mono > 48h)
    stage_.violated(Invariant::wait_bounded,
                    cat(tenant.id.text, " sleeps for ", duration_text(*wake - stage_.now().mono)));
  tenant.idle_ticks = *wake <= stage_.now().mono ? tenant.idle_ticks + 1 : 0;
  if (tenant.idle_ticks > idle_ticks_max)
    stage_.violated(Invariant::wait_bounded, cat(tenant.id.text, " is due, and a tick does not help"));
  tenant.tick_at = *wake;
  stage_.in_this_life(std::max(*wake - stage_.now().mono, Nanoseconds(1ms)),
                      [this, &tenant, engine = tenant.engine_life] {
                        if (engine != tenant.engine_life) return;
                        tenant.tick_at.reset();
                        give(tenant, Tick{});
                        if (engine == tenant.engine_life) arm_tick(tenant);
                      });
}

/// A person looks into the desk before he decides.
void World::decide_letters(Tenant& tenant) {
  for (const DeliveryRow& row : tenant.disk->dead()) {
    using What = LetterDecided::What;
    const IncidentRow* incident = tenant.disk->incident(row.incident);
    const std::string& correlation = incident->correlation.text;
    LetterDecided decision{row.id, What::again, "", "", "kim"};
    if (tenant.desk->holds(correlation, row.id.text)) {
      decision.what = row.kind == DeliveryKind::ensure ? What::put_into : What::expire;
      decision.ticket = tenant.desk->ticket_of(correlation)->id;
    } else if (stage_.roll(0, row.kind == DeliveryKind::ensure ? 5 : 3) == 0) {
      decision.what = What::expire;
    } else if (stage_.roll(0, 1) == 0) {
      decision.what = What::link_only;
    }
    stage_.say(cat("a person decides about ", row.id.text, ": ", token(decision.what)));
    tenant.desk->out_of_turn(row.id);
    give(tenant, decision);
  }
}

void World::people_decide() {
  stage_.at(stage_.quiet ? Nanoseconds(10min) : stage_.between(10min, 3h), [this] {
    for (auto& tenant : tenants_) decide_letters(*tenant);
    people_decide();
  });
}

/// What befalls a world now and then.
void World::misfortune() {
  stage_.at(stage_.between(10min, 4h), [this] {
    misfortune();
    if (stage_.quiet) return;
    Tenant& tenant =
        *tenants_[static_cast<std::size_t>(stage_.roll(0, static_cast<std::int64_t>(tenants_.size()) - 1))];
    switch (stage_.roll(0, options_.wild_clock ? 6 : 3)) {
      case 0:
        stage_.say(cat("the disk of ", tenant.id.text, " is full"));
        tenant.disk->fill_up(stage_.between(1min, 5min));
        break;
      case 1:
        stage_.say(cat("the desk of ", tenant.id.text, " is down"));
        tenant.desk->be_down(stage_.between(5min, 6h));
        break;
      case 2:
        stage_.say(cat("a sensor of ", tenant.id.text, " is away"));
        tenant.sensors[0]->be_unreachable(stage_.between(1min, 12h));
        break;
      case 3: crash(); break;
      default: stage_.trouble_the_clock();
    }
  });
}

void World::run_for(Nanoseconds length) {
  const MonoTime end = stage_.now().mono + length;
  for (auto& tenant : tenants_)
    for (auto& sensor : tenant->sensors) sensor->live(end, options_.gap);
  while (stage_.now().mono < end && !stage_.over() && stage_.step()) {
  }
}

bool World::settled() const {
  return std::all_of(tenants_.begin(), tenants_.end(), [](const auto& tenant) {
    return !tenant->stale && tenant->engine->settled() && tenant->disk->dead().empty() &&
           std::all_of(tenant->sensors.begin(), tenant->sensors.end(),
                       [](const auto& sensor) { return sensor->told_everything(); });
  });
}

void World::run_until_settled() {
  const MonoTime end = stage_.now().mono + 48h;
  constexpr int steps_between_looks = 100;  // To look costs as much as there are rows.
  for (int steps = 0; stage_.now().mono < end && !stage_.over(); ++steps)
    if ((steps % steps_between_looks == 0 && settled()) || !stage_.step()) return;
}

void World::quiesce() {
  stage_.quiet = true;
  stage_.mend_the_clock();
  people_decide();
  run_until_settled();
  if (!stage_.over()) judge_the_end();
}

void World::judge_the_end() {
  for (const auto& tenant : tenants_) {
    tenant->disk->judge_the_end();
    for (const auto& sensor : tenant->sensors) sensor->judge_the_end();
    for (const auto& [id, row] : tenant->disk->incidents())
      if (tenant->desk->ticket_of(row.correlation.text) == nullptr && !tenant->disk->given_up(id))
        stage_.violated(Invariant::incident_has_ticket, id.text);
  }
}

void World::replay() {
  const std::string before = text();
  for (auto& tenant : tenants_)
    for (auto& sensor : tenant->sensors) {
      std::vector<std::vector<SensorEvent>> day = sensor->given();
      for (std::size_t i = day.size(); i > 1; --i)
        std::swap(day[i - 1], day[static_cast<std::size_t>(stage_.roll(0, static_cast<std::int64_t>(i) - 1))]);
      for (std::vector<SensorEvent>& events : day) {
        const bool late = stage_.roll(0, 4) == 0;
        SensorSaid said{sensor->id(), {}};
        said.batch.events = std::move(events);
        stage_.at(late ? stage_.between(2h, 12h) : stage_.between(0s, 1h),
                  [this, &held = *tenant, said] { give(held, said); });
      }
    }
  const MonoTime end = stage_.now().mono + 13h;
  while (stage_.now().mono < end && !stage_.over() && stage_.step()) {
  }
  run_until_settled();
  if (!stage_.over() && text() != before)
    stage_.violated(Invariant::replay_is_nothing, first_difference(before, text()));
}

std::size_t World::alerts_raised() const {
  std::size_t sum = 0;
  for (const auto& tenant : tenants_)
    for (const auto& sensor : tenant->sensors) sum += sensor->raised();
  return sum;
}

std::size_t World::lost_answers() const {
  std::size_t sum = 0;
  for (const auto& desk : desks_) sum += desk->lost_answers();
  return sum;
}

std::set<Step> World::steps() const {
  std::set<Step> all;
  for (const auto& tenant : tenants_) all.insert(tenant->disk->steps().begin(), tenant->disk->steps().end());
  return all;
}

std::string World::digest() const { return hex(sha256(text())); }

std::string World::text() const {
  std::string all;
  for (const auto& desk : desks_) all += desk->text();
  for (const auto& tenant : tenants_) all += tenant->disk->text();
  return all;
}

}  // namespace exhibit::sim
