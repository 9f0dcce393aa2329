#include <algorithm>

#include "base/json.h"
#include "base/sha256.h"
#include "base/text.h"
#include "web/site.h"

/// What stands behind a link. Each answer goes: find the incident, write down who looks, then read, then answer.
namespace exhibit::web {
namespace {

constexpr std::size_t link_size = 26;
constexpr std::string_view json_type = "application/json; charset=utf-8";
constexpr std::string_view damaged_text =
    "The stored file is damaged: its bytes no longer match their hash, so nothing of it is shown. Tell the operator.";
constexpr std::string_view refused_text =
    "The ledger cannot be written just now, and nothing is shown that is not written down. Please try again.";

bool is_link(std::string_view text) {
  return text.size() == link_size &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= '2' && c <= '7'); });
}

std::optional<std::size_t> capture_index(const PageRows& rows, std::string_view word) {
  const auto index = parse_number<std::size_t>(word);
  return index && *index < rows.captures.size() ? index : std::nullopt;
}

const EvidenceId* evidence_of(const PageRows& rows, std::size_t index) {
  const CaptureRow& row = rows.captures[index];
  return is_sealed(row.state) && row.evidence ? &*row.evidence : nullptr;
}

/// The capture that the address names, else the first that is sealed.
std::optional<std::size_t> shown_capture(const PageRows& rows, std::string_view query) {
  const auto asked = capture_index(rows, form_field(query, "capture"));
  if (asked && evidence_of(rows, *asked)) return asked;
  for (std::size_t i = 0; i < rows.captures.size(); ++i)
    if (evidence_of(rows, i)) return i;
  return std::nullopt;
}

Response json_response(std::string body) { return {.content_type = std::string(json_type), .body = std::move(body)}; }

Response node_response(const Node& node) { return json_response(cat("{\"node\":", to_json(node), "}")); }

/// First and last bytes of a hash stay readable in the log of a person's looks.
std::string look_detail(std::string_view what, const PageRows& rows, std::size_t index) {
  return cat(what, " of log ", rows.captures[index].key.text(), " by link ", rows.incident.link.text);
}

}  // namespace

void Site::route_link(const CallPointer& call) {
  const std::vector<std::string_view> parts = split(call->request.path, "/");
  const bool post = call->request.method == "POST";
  const std::string_view what = parts.size() > 2 ? parts[2] : std::string_view();
  const bool shape = parts.size() >= 2 && is_link(parts[1]) && parts.size() <= (what == "capture" ? 4U : 3U);
  if (!shape) return call->respond(not_found(&call->visitor));
  const auto named = std::make_shared<Call>(*call);
  named->link = LinkId{std::string(parts[1])};
  if (post != (what == "fetch")) return call->respond(wrong_method(post ? "GET, HEAD" : "POST", &call->visitor));
  const auto self = shared_from_this();
  const auto go = [&](void (Site::*route)(const CallPointer&, const Found&)) {
    with_incident(named, [self, route](const CallPointer& c, const Found& f) { (self.get()->*route)(c, f); });
  };
  if (what.empty()) return go(&Site::show_incident);
  if (what == "state")  // Its whole text is made before anything is noted.
    return with_incident(named, [self](const CallPointer& c, const Found& found) {
      self->world_.on_worker([self, c, found] { self->show_state(c, found); });
    });
  if (what == "packets") return go(&Site::show_packets);
  if (what == "packet") return go(&Site::show_packet);
  if (what == "fetch") return go(&Site::fetch);
  if (what != "capture" || parts.size() != 4) return call->respond(not_found(&call->visitor));
  const std::string number(parts[3]);
  with_incident(named, [self, number](const CallPointer& c, const Found& found) {
    const auto index = capture_index(*found.rows, number);
    if (!index || !evidence_of(*found.rows, *index)) return c->respond(self->not_found(&c->visitor));
    self->download(c, found, *index);
  });
}

void Site::with_incident(const CallPointer& call, Use use) {
  struct Search {
    std::mutex mutex;
    std::size_t left = 0;
    std::optional<Found> found;
    bool failed = false;
  };
  const auto tenants = tenants_of(call->visitor);
  const auto search = std::make_shared<Search>();
  search->left = tenants.size() + 1;
  const auto one_less = [self = shared_from_this(), search, call, use = std::move(use)] {
    {
      const std::lock_guard lock(search->mutex);
      if (--search->left > 0) return;
    }
    if (search->found) return use(call, *search->found);
    self->world_.on_worker([self, search, call] {
      if (search->failed)
        return call->respond(
            self->page(503, "Not now", "The store cannot be read just now. Please try again.", &call->visitor));
      call->respond(self->not_found(&call->visitor));
    });
  };
  for (const auto& tenant : tenants)
    tenant->page(call->link, [search, tenant, one_less](Result<PageRows> rows) {
      {
        const std::lock_guard lock(search->mutex);
        if (rows)
          search->found = Found{tenant, std::make_shared<const PageRows>(std::move(*rows))};
        else if (rows.error().code != Errc::not_found)
          search->failed = true;
      }
      one_less();
    });
  one_less();
}

void Site::note(const CallPointer& call, const Found& found, std::string action, std::string object, std::string detail,
                std::function<void()> then) {
  found.tenant->note_in_ledger(
      cat("user:", call->visitor.user), std::move(action), std::move(object), std::move(detail),
      [self = shared_from_this(), call, then = std::move(then)](const Result<void>& noted) {
        if (noted) return self->world_.on_worker(then);
        self->world_.log(LogLevel::error, "", "web", cat("the ledger refused: ", noted.error().text));
        call->respond(self->page(503, "Not now", refused_text, &call->visitor));
      });
}

void Site::cannot_show(const Found& found, const EvidenceId& id, const Error& why) {
  world_.log(LogLevel::error, found.rows->tenant.text, "web",
             cat("evidence ", id.text, " cannot be shown: ", why.text));
  found.tenant->note_in_ledger("exhibit", why.code == Errc::corrupt ? "found-damaged" : "found-missing", id.text, "",
                               [](const Result<void>&) {});
}

Result<std::shared_ptr<const Bytes>> Site::sealed_bytes(const Found& found, const EvidenceId& id) {
  const std::string key = cat(found.rows->tenant.text, " ", id.text);
  if (auto held = cache_.find(key)) return held;
  Result<Bytes> read = found.tenant->evidence().read(id);
  if (!read) {
    cannot_show(found, id, read.error());
    return read.error();
  }
  auto bytes = std::make_shared<const Bytes>(std::move(*read));
  cache_.keep(key, bytes);
  return bytes;
}

Node Site::packets_node(const CallPointer& call, const Found& found, const IncidentPage& page, std::size_t capture) {
  const std::string& query = call->request.query;
  const PacketsPage at{page, capture, form_field(query, "filter")};
  const EvidenceId* id = evidence_of(*found.rows, capture);
  const Result<std::shared_ptr<const Bytes>> bytes =
      id ? sealed_bytes(found, *id) : Error{Errc::not_found, "not sealed"};
  if (!bytes)
    return packet_problem(
        at, bytes.error().code == Errc::corrupt ? damaged_text : "The stored file cannot be read just now.");
  const std::uint64_t skip = parse_number<std::uint64_t>(form_field(query, "from")).value_or(0);
  const Result<PacketList> list = list_packets(**bytes, alert_flow(*found.rows->alert), at.filter, skip);
  if (!list) return packet_problem(at, cat("The filter does not work: ", list.error().text));
  const auto opened = parse_number<std::uint64_t>(form_field(query, "packet"));
  if (!opened) return packet_table(at, *list);
  const Result<PacketDetail> detail = packet_detail(**bytes, *opened);
  return packet_table(at, *list, detail ? std::optional(detail_node(*detail)) : std::nullopt, *opened);
}

void Site::show_incident(const CallPointer& call, const Found& found) {
  const auto capture = shown_capture(*found.rows, call->request.query);
  const std::string detail = capture ? look_detail("page with packets", *found.rows, *capture) : "page";
  note(call, found, "viewed", found.rows->incident.link.text, detail,
       [self = shared_from_this(), call, found, capture] {
         const IncidentPage page{*found.rows, self->base_, call->visitor.csrf};
         self->sessions_.shown(call->visitor.key, cat(call->link.text, " ", hex(sha256(state_json(page)))));
         Frame frame = self->frame(cat("Evidence ", found.rows->incident.number), &call->visitor);
         frame.with_module = true;
         if (!all_settled(*found.rows)) frame.refresh_seconds = "20";
         std::optional<Node> packets;
         if (capture) packets = self->packets_node(call, found, page, *capture);
         call->respond({.body = whole_page(frame, incident_page(page, capture.value_or(0), std::move(packets)))});
       });
}

void Site::show_state(const CallPointer& call, const Found& found) {
  const std::string body = state_json({*found.rows, base_, call->visitor.csrf});
  const std::string version = hex(sha256(body));
  const std::string tag = cat("\"", version.substr(0, 32), "\"");
  const std::string what = cat(call->link.text, " ", version);
  const auto answer = [call, body, tag] {
    Response out = json_response(body);
    if (call->request.if_none_match == tag) out = {.status = 304, .content_type = std::string(json_type)};
    out.headers.emplace_back("ETag", tag);
    call->respond(std::move(out));
  };
  // An open page asks again and again; only what this session has not been shown yet is a new look.
  if (!sessions_.not_yet_shown(call->visitor.key, what)) return answer();
  note(call, found, "viewed", call->link.text, "state", [self = shared_from_this(), call, what, answer] {
    self->sessions_.shown(call->visitor.key, what);
    answer();
  });
}

void Site::show_packets(const CallPointer& call, const Found& found) {
  const auto index = capture_index(*found.rows, form_field(call->request.query, "capture"));
  const EvidenceId* id = index ? evidence_of(*found.rows, *index) : nullptr;
  if (!id) return call->respond(not_found(&call->visitor));
  note(call, found, "viewed", id->text, look_detail("packets", *found.rows, *index),
       [self = shared_from_this(), call, found, index] {
         const IncidentPage page{*found.rows, self->base_, call->visitor.csrf};
         call->respond(node_response(self->packets_node(call, found, page, *index)));
       });
}

void Site::show_packet(const CallPointer& call, const Found& found) {
  const auto index = capture_index(*found.rows, form_field(call->request.query, "capture"));
  const auto number = parse_number<std::uint64_t>(form_field(call->request.query, "n"));
  const EvidenceId* id = index ? evidence_of(*found.rows, *index) : nullptr;
  if (!id || !number) return call->respond(not_found(&call->visitor));
  note(call, found, "viewed", id->text, look_detail(cat("packet ", *number), *found.rows, *index),
       [self = shared_from_this(), call, found, id = *id, number] {
         const Result<std::shared_ptr<const Bytes>> bytes = self->sealed_bytes(found, id);
         const Result<PacketDetail> detail = bytes ? packet_detail(**bytes, *number) : bytes.error();
         if (detail) return call->respond(node_response(detail_node(*detail)));
         const bool damaged = detail.error().code == Errc::corrupt;
         Response out = node_response(element("p", "problem", damaged ? damaged_text : detail.error().text));
         out.status = detail.error().code == Errc::not_found ? 404 : 500;
         call->respond(std::move(out));
       });
}

void Site::download(const CallPointer& call, const Found& found, std::size_t capture) {
  const EvidenceId id = *evidence_of(*found.rows, capture);
  const std::string tag = cat("\"", id.text, "\"");
  const bool known = call->request.if_none_match == tag;
  const bool bytes_leave = call->request.method == "GET" && !known;
  const std::string range =
      call->request.range.empty() ? "" : cat(", asked for ", cut_utf8(harmless(call->request.range), 60));
  note(call, found, bytes_leave ? "downloaded" : "viewed", id.text, look_detail("file", *found.rows, capture) + range,
       [self = shared_from_this(), call, found, capture, id, tag, known] {
         Result<EvidenceFile> sealed = found.tenant->evidence().open_checked(id);
         if (!sealed) {
           self->cannot_show(found, id, sealed.error());
           return call->respond(self->page(500, "The file cannot be given",
                                           sealed.error().code == Errc::corrupt ? damaged_text : sealed.error().text,
                                           &call->visitor));
         }
         const Request& request = call->request;
         const bool whole = !request.if_range.empty() && request.if_range != tag;
         const ByteRange part = byte_range(whole ? "" : request.range, sealed->size);
         Response out{.content_type = "application/vnd.tcpdump.pcap",
                      .file = std::make_shared<const FileHandle>(std::move(sealed->file)),
                      .from = part.from,
                      .count = part.count};
         out.headers = {
             {"ETag", tag},
             {"Accept-Ranges", "bytes"},
             {"Content-Disposition",
              cat("attachment; filename=\"", capture_file_name(*found.rows, found.rows->captures[capture]), "\"")}};
         if (known) {
           out.status = 304, out.file = nullptr;
         } else if (part.kind == ByteRange::Kind::unsatisfiable) {
           out.status = 416, out.file = nullptr;
           out.headers.emplace_back("Content-Range", cat("bytes */", sealed->size));
         } else if (part.kind == ByteRange::Kind::part) {
           out.status = 206;
           out.headers.emplace_back("Content-Range",
                                    cat("bytes ", part.from, "-", part.from + part.count - 1, "/", sealed->size));
         }
         call->respond(std::move(out));
       });
}

void Site::fetch(const CallPointer& call, const Found& found) {
  const Request& request = call->request;
  if (!same_site(request) || !equal_in_constant_time(form_field(request.body, "token"), call->visitor.csrf))
    return call->respond(page(403, "Please try again", "The form was too old, or not ours.", &call->visitor));
  const auto index = capture_index(*found.rows, form_field(request.body, "capture"));
  if (!index) return call->respond(not_found(&call->visitor));
  const CaptureRow& row = found.rows->captures[*index];
  const std::string back = cat("/e/", call->link.text);
  if (is_settled(row.state)) return call->respond(redirect(back));
  note(call, found, "fetch-asked", row.key.text(), cat("by link ", call->link.text),
       [self = shared_from_this(), call, found, key = row.key, back] {
         found.tenant->fetch_now(key, cat("user:", call->visitor.user), [self, call, back](const Result<void>& asked) {
           if (asked) return call->respond(self->redirect(back));
           call->respond(
               self->page(503, "Not now", "The store cannot be written just now. Please try again.", &call->visitor));
         });
       });
}

}  // namespace exhibit::web
