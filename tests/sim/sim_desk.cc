#include "sim_desk.h"

#include <algorithm>

#include "base/text.h"

namespace exhibit::sim {
namespace {

using namespace std::chrono_literals;
using Kind = DeliveryOutcome::Kind;
using Told = DeskGate::Told::Kind;

constexpr int answer_lost_stored = 80, answer_lost = 40, not_now = 50, denied = 10, refused = 40, bare_refused = 5,
              gone = 2, look_up_fails = 100;
constexpr int at_once = 4;

Told told_by(Kind kind) {
  switch (kind) {
    case Kind::unknown: return Told::failed;
    case Kind::retry: return Told::failed;
    case Kind::denied: return Told::denied;
    default: return Told::answered;
  }
}

/// "…-3" to 3.
std::uint64_t order_of(const std::string& operation) {
  return parse_number<std::uint64_t>(std::string_view(operation).substr(operation.rfind('-') + 1)).value_or(0);
}

}  // namespace

SimDesk::SimDesk(Stage& stage, std::string name, DeskGate::Settings gate, bool cannot_search)
    : stage_(stage),
      name_(std::move(name)),
      gate_settings_(gate),
      cannot_search_(cannot_search),
      gate_(std::make_unique<DeskGate>(gate)) {}

void SimDesk::our_process_died() {
  gate_ = std::make_unique<DeskGate>(gate_settings_);
  waiting_.clear();
  under_way_ = 0;
  refused_until_ = {};
  pumping_later_ = false;
}

void SimDesk::enter(const TenantId& tenant, Severity severity, Call call) {
  const std::uint64_t number = ++next_call_;
  waiting_.emplace(number, std::move(call));
  gate_->wait(number, tenant, severity, stage_.now().mono);
  pump();
}

void SimDesk::pump() {
  if (const auto rest = gate_->rest(stage_.now().mono)) {
    for (auto& [number, call] : std::exchange(waiting_, {})) {
      gate_->leave(number);
      stage_.in_this_life(1ms, [refuse = std::move(call.refuse), rest = *rest] { refuse(rest); });
    }
    return;
  }
  while (under_way_ < at_once) {
    const auto number = gate_->next(stage_.now().mono);
    if (!number) break;
    ++under_way_;
    const Call call = std::move(waiting_.at(*number));
    waiting_.erase(*number);
    call.perform();
  }
  if (waiting_.empty() || std::exchange(pumping_later_, true)) return;
  stage_.in_this_life(1s, [this] {
    pumping_later_ = false;
    pump();
  });
}

/// A call that was under way already cannot know of the refusal.
void SimDesk::begin_call() {
  if (stage_.now().mono < refused_until_)
    stage_.violated(Invariant::refusal_respected, cat(name_, " is called although it refused our login"));
}

void SimDesk::answered(Told kind) {
  --under_way_;
  if (kind == Told::denied) refused_until_ = stage_.now().mono + gate_settings_.denied_rest;
  if (kind == Told::answered) refused_until_ = {};
  gate_->told({.kind = kind, .why = "told"}, stage_.now().mono);
}

void SimDesk::send(const TenantId& tenant, const SendDelivery& order, std::function<void(DeliveryOutcome)> done) {
  Call call{
      tenant, [this, tenant, order, done] { perform_send(tenant, order, done); },
      [this, done](const DeskGate::Rest& rest) {
        done({rest.denied ? Kind::denied : Kind::retry, "", "", "", rest.until - stage_.now().mono, rest.why, true});
      }};
  enter(tenant, order.severity, std::move(call));
}

void SimDesk::look_up(const TenantId& tenant, const LookUpDelivery& order, Severity severity,
                      std::function<void(DeliveryLookedUp)> done) {
  Call call{tenant, [this, order, done] { perform_look_up(order, done); },
            [order, done](const DeskGate::Rest&) {
              done({order.id, DeliveryLookedUp::Found::failed, "", "", "", ""});
            }};
  enter(tenant, severity, std::move(call));
}

Kind SimDesk::outcome_of(const SendDelivery& order, bool& stored) {
  stored = false;
  if (!stage_.quiet && stage_.now().mono < down_until_) return Kind::retry;
  if (order.kind != DeliveryKind::ensure && !by_id_.contains(order.ticket)) return Kind::gone;
  if (stage_.chance(answer_lost)) return Kind::unknown;
  if (stage_.chance(not_now)) return Kind::retry;
  if (stage_.chance(denied)) return Kind::denied;
  const bool bare = order.body.find("\"internal_text\":\"\"") != std::string::npos;
  if (stage_.chance(bare ? bare_refused : refused)) return Kind::rejected;
  if (order.kind != DeliveryKind::ensure && stage_.chance(gone)) return Kind::gone;
  stored = true;
  return stage_.chance(answer_lost_stored) ? Kind::unknown : Kind::done;
}

void SimDesk::perform_send(const TenantId& tenant, const SendDelivery& order,
                           const std::function<void(DeliveryOutcome)>& done) {
  begin_call();
  bool stored = false;
  const Kind kind = outcome_of(order, stored);
  lost_answers_ += kind == Kind::unknown ? 1 : 0;
  stage_.say(cat(name_, " gets ", token(order.kind), " ", order.id.text, stored ? " and does it" : "",
                 kind == Kind::done ? "" : cat(", no good answer")));
  // It reaches the desk whether or not we live to hear of it.
  if (stored) stage_.at(20ms, [this, tenant, order] { store(tenant, order); });
  stage_.in_this_life(stage_.between(30ms, 2s), [this, order, kind, done] {
    answered(told_by(kind));
    DeliveryOutcome outcome{kind, "", "", "", {}, "why"};
    if (kind == Kind::done) {
      const Ticket& ticket = tickets_.at(order.correlation.text);
      outcome.ticket = ticket.id;
      outcome.number = "INC" + ticket.id;
    }
    done(outcome);
    pump();
  });
}

void SimDesk::perform_look_up(const LookUpDelivery& order, const std::function<void(DeliveryLookedUp)>& done) {
  using Found = DeliveryLookedUp::Found;
  begin_call();
  stage_.in_this_life(stage_.between(30ms, 500ms), [this, order, done] {
    DeliveryLookedUp result{order.id, Found::none, "", "", "", ""};
    const bool down = !stage_.quiet && stage_.now().mono < down_until_;
    if (cannot_search_)
      result.found = Found::never;
    else if (down || stage_.chance(look_up_fails))
      result.found = Found::failed;
    else if (holds(order.correlation.text, order.id.text))
      result.found = Found::one, result.ticket = tickets_.at(order.correlation.text).id,
      result.number = "INC" + result.ticket;
    stage_.say(cat(name_, " is asked for ", order.id.text,
                   result.found == Found::one    ? ": there"
                   : result.found == Found::none ? ": not there"
                                                 : ": no answer"));
    answered(result.found == Found::failed ? Told::failed : Told::answered);
    done(result);
    pump();
  });
}

void SimDesk::store(const TenantId& tenant, const SendDelivery& order) {
  if (order.kind == DeliveryKind::ensure) {
    const std::string id = cat(name_, "-", ++made_);
    by_id_[id] = order.correlation.text;
    const auto [at, fresh] =
        tickets_.try_emplace(order.correlation.text, Ticket{id, order.correlation.text, tenant, {order.id.text}});
    if (!fresh)
      stage_.violated(at->second.tenant == tenant ? Invariant::one_ticket : Invariant::tenants_apart,
                      cat("a second ticket for ", order.correlation.text));
    return;
  }
  const auto named = by_id_.find(order.ticket);
  if (named == by_id_.end() || named->second != order.correlation.text) {
    stage_.violated(Invariant::right_ticket, cat(order.id.text, " is written into ", order.ticket));
    return;
  }
  Ticket& ticket = tickets_.at(named->second);
  std::vector<std::string>& stored = ticket.operations;
  if (ticket.tenant != tenant)
    stage_.violated(Invariant::tenants_apart, cat(tenant.text, " writes into a ticket of ", ticket.tenant.text));
  if (std::find(stored.begin(), stored.end(), order.id.text) != stored.end())
    stage_.violated(Invariant::operation_once, cat(order.id.text, " stands twice"));
  else if (order_of(stored.back()) > order_of(order.id.text) && !out_of_turn_.contains(order.id.text) &&
           !out_of_turn_.contains(stored.back()))
    stage_.violated(Invariant::operations_ordered, cat(order.id.text, " came after ", stored.back()));
  stored.push_back(order.id.text);
}

const SimDesk::Ticket* SimDesk::ticket_of(const std::string& correlation) const {
  const auto found = tickets_.find(correlation);
  return found == tickets_.end() ? nullptr : &found->second;
}

bool SimDesk::holds(const std::string& correlation, const std::string& operation) const {
  const Ticket* const ticket = ticket_of(correlation);
  return ticket != nullptr &&
         std::find(ticket->operations.begin(), ticket->operations.end(), operation) != ticket->operations.end();
}

std::string SimDesk::text() const {
  std::string all;
  for (const auto& [correlation, ticket] : tickets_)
    all += cat(name_, " ", correlation, " ", ticket.id, ": ", join(ticket.operations, ","), "\n");
  return all;
}

}  // namespace exhibit::sim
