#include <boost/asio/post.hpp>
#include <set>

#include "base/json.h"
#include "base/text.h"
#include "incident/identity.h"
#include "incident/normalize.h"
#include "runtime/step.h"
#include "runtime/tenant_state.h"
#include "sensorproto/sdee/event_reader.h"
#include "store/report_json.h"

/// What others may see of a tenant: the rows behind a link, and the report for operators and the demo.
namespace exhibit {
namespace {

CaptureView view_for(const CaptureRow& row, const IncidentId& incident, const std::vector<ReportRow>& reports) {
  CaptureView view = capture_view_of(row);
  for (const ReportRow& report : reports)
    if (report.capture == row.key && report.incident == incident) view.report = report.report;
  return view;
}

void write_capture(JsonWriter& out, const CaptureRow* row, CaptureCause none, const CaptureReport* report) {
  out.object();
  out.member("state", row ? token(row->state) : "none").text_or_null("cause", token(row ? row->cause : none));
  const bool sealed = row && is_sealed(row->state) && row->evidence;
  out.text_or_null("sha256", sealed ? row->evidence->text : "");
  if (sealed && report)
    out.member("packets", report->packets);
  else
    out.key("packets").null();
  if (sealed)
    out.member("bytes", row->bytes);
  else
    out.key("bytes").null();
  out.key("answer").raw(sealed && report ? answer_to_json(report->answer) : "null");
  out.text_or_null("log", row ? row->key.locator : "");
  if (row && row->settled_at)
    out.member("settled_ns", cat(ns_of(*row->settled_at)));
  else
    out.key("settled_ns").null();
  out.end();
}

/// The incidents beside this one that have one of the captures.
std::vector<IncidentRow> sharing_of(const TenantState& state, const IncidentId& own,
                                    const std::vector<CaptureRow>& captures) {
  constexpr std::size_t shown_max = 64;
  std::vector<IncidentRow> out;
  std::set<IncidentId> seen = {own};
  for (const CaptureRow& capture : captures)
    for (const IncidentId& id : capture.incidents) {
      if (out.size() == shown_max || !seen.insert(id).second) continue;
      const IncidentRow* known = state.engine ? state.engine->incident(id) : nullptr;
      IncidentRow row = known ? *known : IncidentRow{};
      row.id = id;
      row.link = link_id(state.link_key, id);
      out.push_back(std::move(row));
    }
  return out;
}

}  // namespace

Result<PageRows> TenantState::page(const LinkId& link) {
  if (!store) return tenant_stopped();
  Result<IncidentRow> incident = store->incident_by_link(link);
  if (!incident) return incident.error();
  const Result<AlertRow> first = store->alert(incident->first_alert);
  if (!first) return first.error();
  Result<SensorEvent> event = read_event(first->raw);
  if (!event || !std::holds_alternative<IdsAlert>(*event))
    return Error{Errc::corrupt, "the stored alert cannot be read"};
  Result<std::vector<CaptureRow>> captures = store->captures_of(*incident);
  if (!captures) return captures.error();
  Result<std::vector<ReportRow>> reports = store->reports_of(incident->id);
  if (!reports) return reports.error();
  PageRows rows;
  rows.tenant = settings.tenant;
  rows.tenant_name = settings.name;
  rows.alert = std::make_shared<const Alert>(
      normalize(std::move(std::get<IdsAlert>(*event)), settings.tenant, first->sensor, first->received));
  rows.raw = first->raw;
  rows.view.first = rows.alert.get();
  rows.view.alerts = incident->alerts;
  rows.view.tenant_name = settings.name;
  rows.view.networks = settings.networks;
  rows.view.priority = priority_of(*rows.alert, settings.policy.rules);
  rows.view.zone = zone;
  rows.view.link = cat(world.public_url, "/e/", incident->link.text);
  rows.view.correlation = incident->correlation.text;
  rows.view.no_capture = incident->no_capture;
  rows.view.disclosure = settings.disclosure;
  for (const CaptureRow& row : *captures) rows.view.captures.push_back(view_for(row, incident->id, *reports));
  rows.comments = store->comments_of(incident->id).value_or({});
  rows.sharing = sharing_of(*this, incident->id, *captures);
  rows.incident = std::move(*incident);
  rows.captures = std::move(*captures);
  rows.reports = std::move(*reports);
  return rows;
}

std::string TenantState::letters() const {
  JsonWriter out;
  out.array();
  for (const DeliveryRow& row : engine->outbox().dead()) {
    const IncidentRow* const incident = engine->incident(row.incident);
    const std::optional<SendDelivery> send = engine->rendered(row);
    out.object().member("id", row.id.text).member("incident", row.incident.text).member("kind", token(row.kind));
    out.member("subject", harmless(row.subject)).member("cause", harmless(row.cause)).member("attempts", row.attempt);
    out.text_or_null("link", incident ? cat(world.public_url, "/e/", incident->link.text) : "");
    out.text_or_null("ticket", incident ? incident->number : "");
    out.key("body").raw(send ? send->body : "null").end();
  }
  return out.end().take();
}

void TenantState::note(LedgerNote note, std::function<void(Result<void>)> done) {
  notes.push_back(std::move(note));
  noted.push_back(std::move(done));
  if (notes.size() == 1) boost::asio::post(strand, [state = shared_from_this()] { state->write_notes(); });
}

void TenantState::write_notes() {
  const std::vector<LedgerNote> all = std::exchange(notes, {});
  const Result<void> written = store ? store->append_ledger(all) : tenant_stopped();
  if (store) step("ledger-written");
  for (const auto& done : std::exchange(noted, {})) done(written);
}

void TenantState::decide(const LetterDecided& decision, std::function<void(Result<void>)> done) {
  if (Result<void> may = engine->outbox().may_decide(decision); !may) return done(may);
  const LedgerNote decided[] = {
      {now().wall, decision.by, cat("letter-", token(decision.what)), decision.id.text, decision.ticket}};
  if (Result<void> written = store->append_ledger(decided); !written) return done(written);
  enqueue(decision, [done = std::move(done)](bool committed) {
    done(committed ? Result<void>() : Error{Errc::unavailable, "the store refused; nothing was decided"});
  });
}

std::string TenantState::report(bool with_incidents) {
  JsonWriter out;
  const EngineCounts counts = engine ? engine->counts() : EngineCounts{};
  out.object().member("tenant", settings.tenant.text).member("name", settings.name).text_or_null("failed", failed);
  out.member("alerts", counts.alerts).member("incidents", counts.incidents).member("gaps", counts.gaps);
  out.member("repeated", counts.duplicates_dropped).member("open_deliveries", engine ? engine->open_deliveries() : 0);
  const StoreRoom room = store ? store->room().value_or(StoreRoom{}) : StoreRoom{};
  out.member("store_bytes", room.used + room.log).member("capture_bytes", evidence->used());
  out.member("settled", engine && engine->settled() && idle());
  out.key("sensors").array();
  for (const auto& [name, link] : links) {
    const SensorLink::Status status = link->status();
    out.object().member("name", name.text).member("state", status.state).text_or_null("why", harmless(status.why));
    out.member("batches", status.batches).member("events", status.events).end();
  }
  out.end().key("conditions").array();
  for (const auto& [key, condition] : conditions)
    out.object()
        .member("key", key)
        .member("text", harmless(condition.text))
        .member("since_ns", cat(ns_of(condition.since)))
        .end();
  out.end();
  if (with_incidents && store) {
    out.key("tickets").array();
    const Result<std::vector<IncidentRow>> rows = store->incidents(100'000, 0);
    for (const IncidentRow& row : rows.value_or({})) {
      const Result<std::vector<CaptureRow>> captures = store->captures_of(row);
      const Result<std::vector<ReportRow>> reports = store->reports_of(row.id);
      const Result<AlertRow> first = store->alert(row.first_alert);
      out.object()
          .member("incident", row.id.text)
          .member("correlation_id", row.correlation.text)
          .member("alerts", row.alerts);
      out.member("link", cat(world.public_url, "/e/", row.link.text))
          .text_or_null("remote_id", row.ticket)
          .text_or_null("number", row.number);
      out.text_or_null("remote_state", row.remote_state).text_or_null("assignee", row.assignee);
      out.text_or_null("verdict", row.verdict).member("closed", row.closed_at.has_value());
      out.member("desk", settings.desk.text).text_or_null("event_id", first ? first->event_id : "");
      out.member("first_ns", cat(ns_of(row.first_time))).member("received_ns", cat(first ? ns_of(first->received) : 0));
      if (row.ticket_at)
        out.member("ticket_ns", cat(ns_of(*row.ticket_at)));
      else
        out.key("ticket_ns").null();
      const auto report_of = [&](const CaptureRow& capture) -> const CaptureReport* {
        if (!reports) return nullptr;
        for (const ReportRow& report : *reports)
          if (report.capture == capture.key) return &report.report;
        return nullptr;
      };
      const bool any = captures && !captures->empty();
      out.key("capture");
      write_capture(out, any ? &captures->front() : nullptr, row.no_capture,
                    any ? report_of(captures->front()) : nullptr);
      out.key("captures").array();
      if (any)
        for (const CaptureRow& capture : *captures) write_capture(out, &capture, row.no_capture, report_of(capture));
      out.end().end();
    }
    out.end();
  }
  return out.end().take();
}

}  // namespace exhibit
