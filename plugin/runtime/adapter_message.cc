#include "runtime/adapter_message.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"
#include "exhibit/adapter.h"
#include "packet/address.h"

namespace exhibit {
namespace {

std::int64_t milliseconds_of(Nanoseconds duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

/// The host part of an address, when it is digits: "https://10.1.2.3:8443/x" gives 10.1.2.3.
std::optional<IpAddress> literal_host(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  url = url.substr(0, url.find_first_of("/?#"));
  if (url.starts_with('[')) return IpAddress::parse(url.substr(1, url.find(']') - 1));
  const std::string_view host = url.substr(0, url.find(':'));
  return host == "localhost" ? IpAddress::v4(127, 0, 0, 1) : IpAddress::parse(host);
}

constexpr std::size_t comments_per_change = 200;
constexpr std::size_t comment_bytes = 8192;

std::string kept(const Json& object, std::string_view key, std::size_t bytes = 256) {
  return harmless(cut_utf8(text_at(object, key), bytes));
}

std::vector<CommentRow> comments_of(const Json& entry) {
  std::vector<CommentRow> comments;
  const auto found = entry.find("comments");
  if (found == entry.end() || !found->is_array()) return comments;
  for (const Json& comment : *found) {
    if (!comment.is_object() || comments.size() == comments_per_change) break;
    CommentRow row;
    row.id = kept(comment, "id");
    row.author = kept(comment, "author");
    row.text = cut_utf8(text_at(comment, "text"), comment_bytes);
    row.at = kept(comment, "at");
    row.is_public = comment.contains("public") && comment.at("public") == true;  // A text is not true.
    comments.push_back(std::move(row));
  }
  return comments;
}

}  // namespace

std::uint32_t operation_kind(DeliveryKind kind) {
  switch (kind) {
    case DeliveryKind::ensure: return EXH_OP_ENSURE;
    case DeliveryKind::note: return EXH_OP_NOTE;
    case DeliveryKind::attach: return EXH_OP_ATTACH;
    case DeliveryKind::link: return EXH_OP_LINK;
    case DeliveryKind::state: return EXH_OP_STATE;
  }
  return 0;
}

std::string with_fields(std::string_view body_json, std::string_view map_json) {
  JsonWriter out(body_json.size() + map_json.size() + 100);
  out.object();
  for (const auto& [key, value] : raw_members(body_json))
    if (key != "fields") out.key(key).raw(value);
  return out.key("fields").raw(map_json).end().take();
}

std::string apply_members(const SendDelivery& delivery, const std::string& map_json,
                          const std::optional<EvidencePart>& evidence, Nanoseconds deadline) {
  JsonWriter json;
  json.object().member("kind", operation_kind(delivery.kind)).member("op_id", delivery.id.text);
  json.member("correlation_id", delivery.correlation.text).member("ticket", delivery.ticket);
  json.member("seq", delivery.order).member("attempt", delivery.attempt);
  json.member("deadline_ms", milliseconds_of(deadline));
  json.key("body").raw(with_fields(delivery.body, map_json));
  if (evidence) {
    json.key("blobs").array().object().member("name", evidence->name).member("mime", evidence->mime);
    json.member("sha256", evidence->sha256).member("length", evidence->length).end().end();
  }
  return cat("\"op\":", json.end().text());
}

std::string number_members(const std::string& number, const std::string& map_json, Nanoseconds deadline) {
  JsonWriter json;
  json.object().member("kind", operation_kind(DeliveryKind::ensure)).member("op_id", cat("number ", number));
  json.member("correlation_id", "").member("ticket", "");
  json.member("attempt", 1).member("deadline_ms", milliseconds_of(deadline));
  json.key("body").object().member("number", number).key("fields").raw(map_json).end();
  return cat("\"op\":", json.end().text());
}

std::string find_members(const LookUpDelivery& look_up, const std::string& map_json, Nanoseconds deadline) {
  JsonWriter json;
  json.object().member("kind", operation_kind(look_up.kind)).member("op_id", look_up.id.text);
  json.member("correlation_id", look_up.correlation.text).member("ticket", look_up.ticket);
  json.member("attempt", 1).member("deadline_ms", milliseconds_of(deadline));
  json.key("body").object().key("fields").raw(map_json).end();
  return cat("\"op\":", json.end().text());
}

std::string open_members(const DeskSettings& settings, const OpenParts& parts) {
  JsonWriter json;
  json.object().member("url", settings.url).member("adapter", settings.adapter);
  for (const auto& [name, part] :
       {std::pair{"login", &parts.login}, {"mailbox", &parts.mailbox}, {"profile", &parts.profile}})
    if (!part->empty()) json.key(name).raw(*part);
  json.key("map").raw(settings.map_json);
  if (!settings.mode.empty()) json.member("mode", settings.mode);
  if (!settings.ca.empty()) json.member("ca", settings.ca);
  json.key("allow").array();
  const Json login = parse_json(settings.login_json).value_or(Json::object());
  const Json mailbox = parse_json(settings.mailbox_json).value_or(Json::object());
  for (const std::string& url :
       {settings.url, text_at(mailbox, "url"), text_at(login.value("oauth2", Json::object()), "token_url")})
    if (const auto host = literal_host(url)) json.value(host->text());
  json.end();
  return cat("\"config\":", json.end().text());
}

AdapterResult read_result(const std::string& payload) {
  AdapterResult result{
      .rc = EXH_UNKNOWN, .ticket = {}, .number = {}, .url = {}, .cause = {}, .text = {}, .document = {}};
  const Result<Json> parsed = parse_json(payload, message_bytes_max);
  const auto rc = parsed ? parsed->find("rc") : Json::const_iterator();
  if (!parsed || rc == parsed->end() || !rc->is_number_integer()) {
    result.cause = "no-answer";
    return result;
  }
  result.rc = rc->get<std::int32_t>();
  if (const auto found = parsed->find("requests"); found != parsed->end() && found->is_number_unsigned())
    result.requests = found->get<std::int64_t>();
  const Json said = parsed->value("result", Json::object());
  result.ticket = text_at(said, "ticket");
  result.number = text_at(said, "number");
  result.url = text_at(said, "url");
  result.cause = text_at(said, "cause");
  result.text = text_at(said, "text");
  if (const auto found = said.find("matches"); found != said.end() && found->is_number_unsigned())
    result.matches = found->get<std::uint64_t>();
  if (const auto found = said.find("retry_after_ms"); found != said.end() && found->is_number_unsigned())
    result.retry_after = std::chrono::milliseconds(found->get<std::uint32_t>());
  if (const auto found = said.find("document"); found != said.end()) result.document = found->dump();
  return result;
}

std::string AdapterResult::why() const {
  if (cause.empty() || text.empty()) return cat(cause, text);
  return cat(cause, ": ", text);
}

DeliveryOutcome outcome_of(const AdapterResult& result) {
  using Kind = DeliveryOutcome::Kind;
  DeliveryOutcome outcome{.kind = Kind::unknown,
                          .ticket = result.ticket,
                          .number = result.number,
                          .url = result.url,
                          .retry_after = result.retry_after,
                          .why = result.why(),
                          .desk_rests = result.desk_rests};
  switch (result.rc) {
    case EXH_OK: outcome.kind = Kind::done; break;
    case EXH_RETRY:
    case EXH_BUSY: outcome.kind = Kind::retry; break;
    case EXH_DENIED: outcome.kind = Kind::denied; break;
    case EXH_GONE: outcome.kind = Kind::gone; break;
    case EXH_REJECTED:
    case EXH_UNSUPPORTED:
    case EXH_BADARG: outcome.kind = Kind::rejected; break;
    default: break;  // Unknown, internal, a code of a later version: it may have been sent.
  }
  return outcome;
}

DeskGate::Told told_by(const AdapterResult& result) {
  using Kind = DeskGate::Told::Kind;
  DeskGate::Told told{.requests = result.requests, .why = result.why()};
  if (result.rc == EXH_DENIED)
    told.kind = Kind::denied;
  else if (result.cause == "runner-ended" || result.cause == "stopping")
    told.kind = Kind::silent;
  else if (result.rc == EXH_UNKNOWN || result.cause == "no-answer")
    told.kind = Kind::failed;
  if (result.rc == EXH_RETRY && result.cause == "rate-limited") told.hold = result.retry_after;
  return told;
}

DeliveryLookedUp looked_up(const DeliveryId& id, const AdapterResult& result) {
  using Found = DeliveryLookedUp::Found;
  DeliveryLookedUp answer{.id = id,
                          .found = Found::failed,
                          .ticket = result.ticket,
                          .number = result.number,
                          .url = result.url,
                          .why = result.why()};
  if (result.rc == EXH_OK) answer.found = result.matches > 1 ? Found::several : Found::one;
  if (result.rc == EXH_ABSENT) answer.found = Found::none;
  if (result.rc == EXH_UNSUPPORTED) answer.found = Found::never;
  return answer;
}

DeskSettings within_limits(DeskSettings settings, std::string_view profile_json) {
  const Json profile = parse_json(profile_json).value_or(Json::object());
  const Json limits = profile.is_object() ? profile.value("limits", Json::object()) : Json::object();
  const auto number = [&](const char* key) {
    const auto found = limits.find(key);
    return found != limits.end() && found->is_number_unsigned() ? found->get<std::int64_t>() : 0;
  };
  if (settings.calls_per_hour == 0) settings.calls_per_hour = number("calls_per_hour") / 2;
  if (const std::int64_t parallel = number("parallel"); parallel > 0)
    settings.concurrency = static_cast<int>(std::min<std::int64_t>(settings.concurrency, parallel));
  return settings;
}

Result<DeskSaid> read_poll_document(std::string_view json) {
  constexpr std::size_t document_bytes = 4U << 20;
  const Result<Json> document = parse_json(json, document_bytes);
  if (!document || !document->is_object() || !document->contains("tickets") || !document->at("tickets").is_array())
    return Error{Errc::bad_input, "the answer to a poll is no list of tickets"};
  DeskSaid said;
  if (const auto cursor = document->find("cursor"); cursor != document->end()) said.cursor = cursor->dump();
  said.more = document->contains("more") && document->at("more") == true;
  for (const Json& entry : document->at("tickets")) {
    if (!entry.is_object()) return Error{Errc::bad_input, "a polled ticket is no object"};
    TicketChange change;
    change.ticket = kept(entry, "ticket");
    change.number = kept(entry, "number");
    change.correlation = kept(entry, "correlation_id");
    change.version = kept(entry, "version");
    change.state = kept(entry, "state");
    change.assignee = kept(entry, "assignee");
    change.close_code = kept(entry, "close_code");
    change.closed = entry.contains("closed") && entry.at("closed") == true;
    change.comments = comments_of(entry);
    said.changes.push_back(std::move(change));
  }
  return said;
}

}  // namespace exhibit
