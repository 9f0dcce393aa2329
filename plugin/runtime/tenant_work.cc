#include <sys/mman.h>
#include <unistd.h>
#include <boost/asio/post.hpp>

#include "base/assert.h"
#include "base/limits.h"
#include "base/text.h"
#include "packet/answer.h"
#include "runtime/adapter_message.h"
#include "runtime/disk_guard.h"
#include "runtime/step.h"
#include "runtime/tenant_state.h"

/// The tenant's loop: inputs in, one commit, effects out.
namespace exhibit {
namespace {

constexpr std::size_t inputs_per_commit = 64;
constexpr std::chrono::milliseconds desk_patience{50};
constexpr std::chrono::milliseconds outcome_patience{10};  // Long enough to meet an alert, 500 of which come a second.
constexpr std::size_t flood = limits::events_per_get;      // So many events at once mean that the sensors hold more.
constexpr std::chrono::seconds checkpoint_every{20};
constexpr std::chrono::seconds checkpoint_when_scarce{1};  // So that the log is written over, not on.
constexpr int checkpoints_until_log_goes = 5;
constexpr std::chrono::seconds commit_retry{2};

/// A file with these bytes, for the runner to read by its descriptor; in memory, so that a full disk delays no ticket.
Result<FileHandle> file_of(const Bytes& bytes) {
  FileHandle file(::memfd_create("attachment", MFD_CLOEXEC));
  if (!file) return Error{Errc::unavailable, "an attachment's file cannot be made"};
  std::size_t have = 0;
  while (have < bytes.size()) {
    const ssize_t put = ::write(file.get(), bytes.data() + have, bytes.size() - have);
    if (put <= 0) return Error{Errc::unavailable, "an attachment's file cannot be written"};
    have += static_cast<std::size_t>(put);
  }
  ::lseek(file.get(), 0, SEEK_SET);
  return file;
}

CaptureReport examined(const EvidenceStore& evidence, const ExamineCapture& order) {
  CaptureReport nothing;
  nothing.broken = true;
  const Result<Bytes> file = evidence.read(order.evidence);
  if (!file) {
    nothing.broken_text = file.error().text;
    return nothing;
  }
  const AlertFlow no_flow{};
  const Result<CaptureReport> read = report(*file, order.flow.value_or(no_flow), order.trigger_packet);
  if (!read) {
    nothing.bytes = file->size();
    nothing.broken_text = read.error().text;
    return nothing;
  }
  CaptureReport result = *read;
  if (!order.flow) result.answer.reset(), result.flow_packets = 0;
  return result;
}

}  // namespace

std::size_t TenantState::events_in(const std::vector<Pending>& batch) {
  std::size_t events = 0;
  for (const Pending& entry : batch)
    if (const auto* said = std::get_if<SensorSaid>(&entry.input)) events += said->batch.events.size();
  return events;
}

void TenantState::enqueue(Input input, std::function<void(bool)> done) {
  if (const auto* trouble = std::get_if<SensorTrouble>(&input)) troubles.insert_or_assign(trouble->sensor, *trouble);
  const bool held = holding && std::holds_alternative<SensorSaid>(input);  // On its way when the links were told.
  if (!failed.empty() || stopping || held) {
    if (done) done(false);
    return;
  }
  std::deque<Pending>& queue = std::holds_alternative<SensorSaid>(input) ? sensors_said : pending;
  const bool hurries = !can_wait(input);
  queue.push_back({std::move(input), std::move(done), now().mono});
  if (hurries)
    drain_soon();
  else
    drain_later();
}

/// That a delivery is done is good news that nobody waits for, unless something else may be sent for it. It shares the
/// commit of what comes next, which saves every second synchronisation of a quiet day. A process that dies in that
/// time looks for the delivery, as one does that dies in the commit.
bool TenantState::can_wait(const Input& input) const {
  const auto* ended = std::get_if<DeliveryEnded>(&input);
  return ended && ended->outcome.kind == DeliveryOutcome::Kind::done && engine && !engine->makes_way(ended->id);
}

void TenantState::drain_soon() {
  if (!std::exchange(draining, true)) boost::asio::post(strand, [self = shared_from_this()] { self->drain(); });
}

void TenantState::drain_later() {
  if (draining || std::exchange(drains_later, true)) return;
  patience.expires_after(outcome_patience);
  patience.async_wait([self = shared_from_this()](const boost::system::error_code& cancelled) {
    self->drains_later = false;
    if (!cancelled && !self->idle()) self->drain_soon();
  });
}

/// Several inputs share one commit, since synchronising costs the same for one as for many. In a flood sensors go
/// first: what nobody takes they overwrite, while a desk can wait a little.
std::vector<TenantState::Pending> TenantState::next_inputs() {
  std::vector<Pending> batch;
  const auto take_from = [&](std::deque<Pending>& queue, std::size_t up_to) {
    for (; !queue.empty() && batch.size() < up_to; queue.pop_front()) batch.push_back(std::move(queue.front()));
  };
  const bool waited = !pending.empty() && now().mono - pending.front().since > desk_patience;
  take_from(sensors_said, waited ? inputs_per_commit * 3 / 4 : inputs_per_commit);
  if (waited || events_in(batch) < flood) take_from(pending, inputs_per_commit);
  return batch;
}

/// A desk says once that a thing is done. Where the commit that was to hold it is refused, it is heard again when rows
/// are taken; without that it would have to be looked for.
std::vector<DeliveryEnded> TenantState::proofs_in(const std::vector<Pending>& batch) {
  std::vector<DeliveryEnded> proofs;
  for (const Pending& entry : batch)
    if (const auto* ended = std::get_if<DeliveryEnded>(&entry.input);
        ended && ended->outcome.kind == DeliveryOutcome::Kind::done)
      proofs.push_back(*ended);
  return proofs;
}

void TenantState::keep_unheard(std::vector<DeliveryEnded> proofs) {
  unheard.insert(unheard.end(), std::make_move_iterator(proofs.begin()), std::make_move_iterator(proofs.end()));
}

void TenantState::hear_again() {
  for (DeliveryEnded& proof : std::exchange(unheard, {})) enqueue(std::move(proof));
}

/// Before a stop: the outcomes that waited for company. Nothing is sent any more, so the others stay as the rows say
/// they are.
void TenantState::keep_proofs() {
  hear_again();
  if (stopping || !failed.empty() || stale || !engine) return;
  Reaction all;
  try {
    for (Pending& entry : std::exchange(pending, {}))
      if (can_wait(entry.input))  // Then nothing waits that would have to be brought back.
        engine->on(std::move(entry.input), now(), all);
      else if (entry.done)
        entry.done(false);
  } catch (const std::exception& broken) {
    return fail(broken.what());
  }
  if (!store->commit(all.facts)) say(LogLevel::warning, "the last answers of the desk could not be kept");
}

void TenantState::refuse_pending() {
  for (std::deque<Pending>* queue : {&sensors_said, &pending})
    for (Pending& entry : std::exchange(*queue, {}))
      if (entry.done) entry.done(false);
}

void TenantState::drain() {
  draining = false;
  if (!failed.empty() || stopping) return;
  std::vector<Pending> batch = next_inputs();
  std::vector<DeliveryEnded> proofs = proofs_in(batch);
  if (!engine_is_stored() || batch.empty()) {
    for (Pending& entry : batch)
      if (entry.done) entry.done(false);
    keep_unheard(std::move(proofs));
    return arm_timer();
  }
  Reaction all;
  try {
    for (Pending& entry : batch) {
      if (!bring_back_for(entry.input)) break;
      engine->on(std::move(entry.input), now(), all);
    }
  } catch (const std::exception& broken) {  // An InvariantBroken, or what a library threw: this tenant alone stops.
    fail(broken.what());
  }
  const bool committed = failed.empty() && !stale && commit(all);
  for (Pending& entry : batch)
    if (entry.done) entry.done(committed);
  if (committed) {
    engine->put_aside();
    perform(std::move(all.effects));
  } else {
    keep_unheard(std::move(proofs));
  }
  // Refused a first time it was perhaps the others' rows that found no room; after that the store is left alone a
  // while.
  if (commit_failures == 0 || (!committed && commit_failures == 1)) hear_again();
  if (behind != owes_too_much()) follow_disk();
  if (grew()) follow_room();
  if (!idle()) drain_soon();
  arm_timer();
}

/// What waits for the desk is not all in memory. False: a row could not be read, and what the engine believes since the
/// last commit is not stored.
bool TenantState::bring_back_for(const Input& input) {
  for (const IncidentId& id : engine->absent(input, now())) {
    const Result<IncidentRows> rows = store->load_incident(id);
    if (rows) {
      engine->bring_back(*rows, now());
      continue;
    }
    if (rows.error().code == Errc::corrupt || rows.error().code == Errc::not_found) return fail(rows.error().text), false;
    refused("a row could not be read", rows.error());
    return stale = true, false;
  }
  return true;
}

void TenantState::refused(std::string_view what, const Error& error) {
  ++commit_failures;
  conditions["store"] = {error.text, now().wall};
  if (commit_failures == 1) say(LogLevel::error, cat(what, ": ", error.text));
}

/// False while the rows do not hold what the engine believes; then it believes nothing new.
bool TenantState::engine_is_stored() {
  if (!stale) return true;
  Reaction again;
  restore_engine(again);
  if (stale || !failed.empty()) return false;
  perform(std::move(again.effects));
  return true;
}

bool TenantState::commit(Reaction& reaction) {
  if (reaction.facts.empty()) return true;
  step("before-commit");
  const Result<void> written = store->commit(reaction.facts);
  step("after-commit");
  if (written) {
    if (std::exchange(commit_failures, 0) > 0) {
      conditions.erase("store");
      say(LogLevel::info, "the store takes rows again");
      follow_disk();
    }
    return true;
  }
  // What the engine believes is no longer what the rows say: a new engine is made from the rows.
  refused("commit failed", written.error());
  Reaction restored;
  restore_engine(restored);
  boost::asio::post(strand,
                    [self = shared_from_this(), effects = std::make_shared<Effects>(std::move(restored.effects))] {
                      self->perform(std::move(*effects));
                    });
  return false;
}

void TenantState::restore_engine(Reaction& out) {
  told_scarce.reset();  // What the engine was told may not be among the rows.
  troubles_untold = true;
  const std::chrono::hours memory{world.poll > Nanoseconds{0} ? 24 * 7 : 48};
  Result<Snapshot> rows = store->load(now().wall - memory, world.people.settings.on);
  if (!rows) {
    if (!engine || rows.error().code == Errc::corrupt) return fail(rows.error().text);
    stale = true;  // Asked again after a while, as a refused commit is.
    return;
  }
  if (!sweeping.retention) sweeping.retention.emplace(settings.keep.age, now(), rows->newest_alert);
  try {
    engine.emplace(engine_settings());
    out = engine->restore(std::move(*rows), now());
  } catch (const std::exception& broken) {
    return fail(broken.what());
  }
  // Deliveries that were in flight are unknown now, and that is a fact, too. Until it is stored, nothing may follow.
  stale = !store->commit(out.facts);
  if (stale) return out.effects.clear();
  while (engine->put_aside() > 0) {
  }
}

void TenantState::fail(std::string_view why) {
  failed = why;
  conditions["tenant"] = {cat("this tenant stands still: ", why), now().wall};
  say(LogLevel::error, conditions["tenant"].text);
  refuse_pending();
}

void TenantState::perform(Effects effects) {
  for (Effect& effect : effects) std::visit([this](auto& held) { perform(std::move(held)); }, effect);
}

TenantState::Way TenantState::way_of(Channel channel, const std::string& fields_json) const {
  const TenantId operators{"operator"};
  switch (channel) {
    case Channel::desk: break;
    case Channel::operators: return {*world.operator_desk, {operators, world.operator_map}};
    case Channel::people: return {*world.people.desk, {settings.tenant, world.people.map}};
    case Channel::operator_mail: return {*world.operator_mail.desk, {operators, world.operator_mail.map}};
  }
  return {*world.desk, seat(fields_json)};
}

void TenantState::perform(SendDelivery&& effect) {
  step("before-send");
  const DeliveryId id = effect.id;
  FileHandle attachment;
  if (effect.attached_evidence) {
    Result<EvidenceFile> whole = evidence->open_checked(*effect.attached_evidence);  // A damaged file goes to nobody.
    if (!whole)
      return enqueue(DeliveryEnded{id, {DeliveryOutcome::Kind::rejected, {}, {}, {}, {}, whole.error().text}});
    attachment = std::move(whole->file);
  } else if (!effect.attachment.empty()) {
    Result<FileHandle> file = file_of(effect.attachment);
    if (!file) return enqueue(DeliveryEnded{id, {DeliveryOutcome::Kind::retry, {}, {}, {}, {}, file.error().text}});
    attachment = std::move(*file);
  }
  const auto order = std::make_shared<const SendDelivery>(std::move(effect));
  const std::uint64_t bytes = attachment ? static_cast<std::uint64_t>(::lseek(attachment.get(), 0, SEEK_END)) : 0;
  const Way way = way_of(order->channel, order->fields_json);
  way.desk.send(way.seat, *order, std::move(attachment),
                [self = shared_from_this(), order, bytes](DeliveryOutcome outcome) {
                  boost::asio::post(self->strand, [self, order, bytes, outcome = std::move(outcome)] {
                    step("after-answer");
                    if (outcome.kind == DeliveryOutcome::Kind::done && order->channel == Channel::desk)
                      self->sent.keep(*order, bytes);
                    self->enqueue(DeliveryEnded{order->id, outcome});
                  });
                });
}

void TenantState::perform(LookUpDelivery&& effect) {
  step("before-look-up");
  const Way way = way_of(effect.channel, effect.fields_json);
  way.desk.look_up(way.seat, effect, [self = shared_from_this()](DeliveryLookedUp result) {
    boost::asio::post(self->strand, [self, result = std::move(result)] { self->enqueue(result); });
  });
}

void TenantState::perform(FetchCapture&& effect) {
  const auto link = links.find(effect.key.sensor);
  if (link == links.end()) {
    enqueue(FetchEnded{effect.key, FetchEnded::Kind::unreachable, {}, 0, "the sensor is no longer configured"});
    return;
  }
  link->second->fetch(effect);
}

void TenantState::perform(ExamineCapture&& effect) {
  step("before-examine");
  boost::asio::post(world.executors.workers(), [self = shared_from_this(), effect = std::move(effect)] {
    CaptureReport result = examined(*self->evidence, effect);
    boost::asio::post(self->strand, [self, key = effect.key, incident = effect.incident, result = std::move(result)] {
      self->enqueue(CaptureExamined{key, incident, result});
    });
  });
}

void TenantState::perform(TellOperator&& effect) {
  if (!effect.open) {
    if (conditions.erase(effect.key) > 0) say(LogLevel::info, cat("over: ", effect.key));
    return;
  }
  const bool fresh = conditions.insert_or_assign(effect.key, Condition{effect.text, now().wall}).second;
  if (fresh) say(LogLevel::warning, effect.text);
}

void TenantState::arm_timer() {
  if (stopping || !failed.empty() || !started) return;
  // A store that refuses is asked again after a while, not as soon as something is due.
  const bool refuses = stale || commit_failures > 0;
  if (!refuses)
    retry_at.reset();
  else if (!retry_at)
    retry_at = now().mono + commit_retry;
  const std::optional<MonoTime> at = refuses ? retry_at : engine->next_wake();
  if (!at) return;
  const auto wait = std::max(Nanoseconds(*at - now().mono), Nanoseconds(std::chrono::milliseconds{1}));
  wake.expires_after(std::chrono::duration_cast<std::chrono::steady_clock::duration>(
      std::min(wait, Nanoseconds(std::chrono::minutes{1}))));
  wake.async_wait([self = shared_from_this()](const boost::system::error_code& cancelled) {
    if (cancelled || self->stopping) return;
    self->retry_at.reset();
    self->follow_disk();
    self->tell_troubles_again();
    self->hear_again();
    self->enqueue(Tick{});
  });
}

/// What a sensor's link has said once it does not say again, and a refused commit took it back.
void TenantState::tell_troubles_again() {
  if (stale || !std::exchange(troubles_untold, false)) return;
  for (const auto& [sensor, trouble] : troubles) enqueue(trouble);
}

/// A tenant that failed may have no engine left to ask.
bool TenantState::owes_too_much() const { return failed.empty() && engine->waiting() >= limits::outbox_rows; }

void TenantState::follow_disk() {
  if (stopping || !started || !failed.empty()) return;
  const bool scarce = world.disk && world.disk->scarce();
  behind = owes_too_much();
  std::string why = scarce ? world.disk->text() : "";
  if (!scarce && behind) {
    why = cat(limits::outbox_rows, " incidents wait for the desk: no more alerts are taken in");
    if (conditions.try_emplace("backlog", Condition{why, now().wall}).second) say(LogLevel::warning, why);
  }
  if (!behind) conditions.erase("backlog");
  if (why.empty() && sweeping.full)
    why = "the store is as large as it may be: no alert is taken in until old rows went";
  holding = !why.empty();
  // Only a full disk stops recordings: the sensors overwrite them, and what is fetched lets incidents come to rest.
  for (const auto& [name, link] : links) link->hold(why, !scarce);
  if (scarce == told_scarce) return;
  const bool was_scarce = std::exchange(told_scarce, scarce).value_or(false);
  if (scarce || was_scarce) arm_checkpoint();
  enqueue(DiskSaid{scarce, scarce ? why : ""});
}

void TenantState::arm_checkpoint() {
  checkpoint.expires_after(told_scarce.value_or(false) ? checkpoint_when_scarce : checkpoint_every);
  checkpoint.async_wait([self = shared_from_this()](const boost::system::error_code& cancelled) {
    if (cancelled || self->stopping) return;
    // Written over from its beginning, the log is room of ours for what is owed; then others may have it.
    const bool owes_nothing = self->told_scarce.value_or(false) && self->engine->open_deliveries() == 0;
    self->checkpoints_owing_nothing = owes_nothing ? self->checkpoints_owing_nothing + 1 : 0;
    if (self->checkpoints_owing_nothing == checkpoints_until_log_goes)
      self->store->give_log_back();
    else
      self->store->checkpoint();
    self->arm_checkpoint();
  });
}

void TenantState::arm_poll() {
  if (world.poll <= Nanoseconds{0} || stopping) return;
  poll_timer.expires_after(std::chrono::duration_cast<std::chrono::steady_clock::duration>(world.poll));
  poll_timer.async_wait([self = shared_from_this()](const boost::system::error_code& cancelled) {
    if (!cancelled && !self->stopping) self->poll_desk();
  });
}

/// A poll that fails changes nothing: the next one asks from the same cursor.
void TenantState::poll_desk() {
  const std::optional<std::string> request = failed.empty() && !stale ? engine->poll_request() : std::nullopt;
  if (!request) return arm_poll();
  world.desk->poll(seat(), *request, [self = shared_from_this()](Result<std::string> document) {
    boost::asio::post(self->strand, [self, document = std::move(document)] {
      if (!document && document.error().code == Errc::unsupported) return self->never_polled();
      const Result<DeskSaid> said = document ? read_poll_document(*document) : document.error();
      if (said)
        self->enqueue(*said);
      else
        self->say(LogLevel::warning, cat("polling the desk: ", said.error().text));
      self->arm_poll();
    });
  });
}

/// This desk cannot tell, now or later: its tickets are not followed.
void TenantState::never_polled() {
  cannot_poll = true;
  if (engine) engine->not_polled();
}

EngineSettings TenantState::engine_settings() const {
  EngineSettings engine_set;
  engine_set.tenant = settings.tenant;
  engine_set.tenant_name = settings.name;
  engine_set.zone = zone;
  engine_set.networks = settings.networks;
  engine_set.public_url = world.public_url;
  engine_set.link_key = link_key;
  engine_set.policy = settings.policy;
  engine_set.disclosure = settings.disclosure;
  engine_set.attach = settings.attach;
  engine_set.templates = settings.templates;
  engine_set.group_window = settings.group_window;
  engine_set.reopen_within = settings.reopen_within;
  engine_set.round_trip = world.poll > Nanoseconds{0} && !cannot_poll;
  engine_set.outbox = world.outbox;
  engine_set.operator_desk.on = world.operator_desk != nullptr;
  engine_set.operator_desk.tenant = settings.tenant;
  engine_set.operator_desk.tenant_name = settings.name;
  engine_set.operator_desk.desk = settings.desk;
  engine_set.operator_desk.outbox = world.operator_outbox;
  engine_set.operator_desk.mail = world.operator_mail.settings;
  engine_set.people = world.people.settings;
  for (const SensorSettings& sensor : settings.sensors) engine_set.sensors.emplace(sensor.name, sensor.captures);
  return engine_set;
}

}  // namespace exhibit
