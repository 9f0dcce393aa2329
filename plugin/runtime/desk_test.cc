#include "runtime/desk_test.h"

#include <algorithm>
#include <future>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/sha256.h"
#include "base/text.h"
#include "incident/identity.h"
#include "packet/capture_read.h"
#include "packet/capture_write.h"

namespace exhibit {
namespace {

using Kind = DeliveryOutcome::Kind;

constexpr std::string_view note_text =
    "A note of this test. Marks such as <b>, [code] and *stars* must stay as they are.";

template <typename T>
std::optional<T> wait_for(std::future<T> future, std::chrono::milliseconds patience) {
  if (future.wait_for(patience) != std::future_status::ready) return std::nullopt;
  return future.get();
}

std::string_view told(Kind kind) {
  switch (kind) {
    case Kind::done: return "done";
    case Kind::retry: return "not now";
    case Kind::unknown: return "the answer was lost";
    case Kind::rejected: return "refused";
    case Kind::denied: return "not allowed";
    case Kind::gone: return "the ticket is gone";
  }
  return "";
}

/// One run, as a story in order. Every step says what a person needs to mend it.
class Run {
 public:
  Run(Desk& desk, Seat seat, const TenantId& mark, std::chrono::milliseconds patience)
      : desk_(desk), seat_(std::move(seat)), patience_(patience) {
    const IncidentId incident = incident_id(mark, "desk test");
    correlation_ = correlation_id(mark, incident);
    title_ = cat("Exhibit desk test ", mark.text, ", please ignore");
    file_ = capture_header(link_type::ethernet);
    append_packet(file_, WallTime{}, as_bytes(title_), 0);
  }

  DeskTest play(bool read_only) {
    if (probe() && !read_only) (void)(ensure() && again() && note() && attach() && read_back() && close());
    return std::move(test_);
  }

 private:
  bool add(std::string name, bool ok, std::string says) {
    test_.steps.push_back({std::move(name), ok, harmless(cut_utf8(says, 300))});
    return ok;
  }

  SendDelivery delivery(DeliveryKind kind, std::uint64_t order, std::string body) const {
    SendDelivery made;
    made.id = {cat(correlation_.text, "-", order)};
    made.kind = kind;
    made.correlation = correlation_;
    made.ticket = ticket_.ticket;
    made.order = order;
    made.body = std::move(body);
    return made;
  }

  DeliveryOutcome send(const SendDelivery& delivery) {
    auto promise = std::make_shared<std::promise<DeliveryOutcome>>();
    auto future = promise->get_future();
    desk_.send(seat_, delivery, {}, [promise](DeliveryOutcome got) { promise->set_value(std::move(got)); });
    return wait_for(std::move(future), patience_)
        .value_or(DeliveryOutcome{Kind::unknown, {}, {}, {}, {}, "no answer in time", false});
  }

  bool probe() {
    auto promise = std::make_shared<std::promise<Result<void>>>();
    auto future = promise->get_future();
    desk_.probe(seat_, [promise](Result<void> got) { promise->set_value(std::move(got)); });
    const auto got = wait_for(std::move(future), patience_);
    if (!got) return add("login and look-up", false, "no answer in time");
    return add("login and look-up", got->has_value(),
               *got ? "the login is taken, and a search for what cannot exist finds nothing" : got->error().text);
  }

  bool ensure() {
    JsonWriter body;
    body.object().member("tenant", seat_.tenant.text).member("title", title_);
    body.member("public_text", "This ticket was made by a test of the connection and may be deleted.");
    body.member("internal_text", cat("Exhibit desk test.\nRef       ", correlation_.text, " (do not edit)"));
    body.member("severity", "low").member("priority", 5).member("correlation_id", correlation_.text);
    ensure_ = delivery(DeliveryKind::ensure, 0, body.end().take());
    const DeliveryOutcome made = send(ensure_);
    if (made.kind != Kind::done) return add("create", false, cat(told(made.kind), ": ", made.why));
    ticket_ = made;
    test_.ticket = made.number.empty() ? made.ticket : made.number;
    return add("create", true,
               test_.ticket.empty() ? "sent; this desk gives no number" : cat("made ", test_.ticket, " ", made.url));
  }

  /// The engine counts on this: the same delivery again, as after a crash, makes nothing.
  bool again() {
    if (ticket_.ticket.empty()) return add("create again", true, "left out: this desk cannot be searched");
    ++ensure_.attempt;
    const DeliveryOutcome second = send(ensure_);
    if (second.kind != Kind::done) return add("create again", false, cat(told(second.kind), ": ", second.why));
    return add("create again", second.ticket == ticket_.ticket,
               second.ticket == ticket_.ticket ? "the same ticket was found" : cat("a second ticket: ", second.number));
  }

  bool note() {
    SendDelivery note = delivery(DeliveryKind::note, 1, cat("{\"text\":", json_quoted(note_text), "}"));
    const DeliveryOutcome first = send(note);
    if (first.kind != Kind::done) return add("note", false, cat(told(first.kind), ": ", first.why));
    if (ticket_.ticket.empty()) return add("note", true, "sent");
    ++note.attempt;
    const DeliveryOutcome second = send(note);
    return add("note", second.kind == Kind::done,
               second.kind == Kind::done ? "added, and not added again" : cat(told(second.kind), ": ", second.why));
  }

  bool attach() {
    SendDelivery file = delivery(DeliveryKind::attach, 2, {});
    file.attachment = file_;
    file.attachment_name = cat("exhibit-test-", hex(sha256(file_)).substr(0, 12), ".pcap");
    file.body = cat("{\"name\":", json_quoted(file.attachment_name), ",\"mime\":\"application/vnd.tcpdump.pcap\"}");
    const DeliveryOutcome outcome = send(file);
    attached_ = outcome.kind == Kind::done;
    // A refused file costs one line and never the ticket, here as in the engine.
    if (outcome.kind == Kind::rejected)
      return add("attach", true, cat("refused, so tickets carry the link only: ", outcome.why));
    return add("attach", attached_, attached_ ? file.attachment_name : cat(told(outcome.kind), ": ", outcome.why));
  }

  bool read_back() {
    auto promise = std::make_shared<std::promise<Result<std::string>>>();
    auto future = promise->get_future();
    desk_.read(seat_, {ensure_.id, DeliveryKind::ensure, correlation_, {}},
               [promise](Result<std::string> got) { promise->set_value(std::move(got)); });
    const auto got = wait_for(std::move(future), patience_ * 2);
    if (!got) return add("read back", false, "no answer in time");
    if (!*got && got->error().code == Errc::unsupported)
      return add("read back", true, "left out: this desk cannot be read");
    if (!*got) return add("read back", false, got->error().text);
    return add_read(parse_json(**got).value_or(Json::object()));
  }

  bool add_read(const Json& stored) {
    std::string wrong;
    if (stored.value("matches", 1) != 1) wrong = cat("it holds ", stored.value("matches", 0), " tickets of this test");
    if (text_at(stored, "title").find(title_) == std::string::npos) wrong = "the title is not what was sent";
    const Json notes = stored.value("notes", Json::array());
    const auto holds = [&](const Json& note) {
      return note.is_string() && note.get<std::string>().find(note_text.substr(0, 20)) != std::string::npos;
    };
    if (std::count_if(notes.begin(), notes.end(), holds) != 1)
      wrong = cat("the note stands there ", std::count_if(notes.begin(), notes.end(), holds), " times");
    const std::string sum = hex(sha256(file_));
    const Json files = stored.value("attachments", Json::array());
    const auto ours = [&](const Json& file) { return text_at(file, "sha256") == sum; };
    if (attached_ && std::none_of(files.begin(), files.end(), ours))
      wrong = "the attached file is not there byte for byte";
    return add("read back", wrong.empty(), wrong.empty() ? "title, note and file are there, each once" : wrong);
  }

  bool close() {
    const DeliveryOutcome closed = send(delivery(DeliveryKind::state, 3, R"({"state":"closed"})"));
    if (closed.kind == Kind::rejected) return add("close", true, cat("close it by hand: ", closed.why));
    return add("close", closed.kind == Kind::done,
               closed.kind == Kind::done ? "closed" : cat(told(closed.kind), ": ", closed.why));
  }

  Desk& desk_;
  const Seat seat_;
  const std::chrono::milliseconds patience_;
  CorrelationId correlation_;
  std::string title_;
  Bytes file_;
  SendDelivery ensure_;
  DeliveryOutcome ticket_;
  bool attached_ = false;
  DeskTest test_;
};

}  // namespace

bool DeskTest::passed() const {
  return !steps.empty() && std::all_of(steps.begin(), steps.end(), [](const Step& step) { return step.ok; });
}

std::string DeskTest::json() const {
  JsonWriter out;
  out.object().key("steps").array();
  for (const Step& step : steps)
    out.object().member("name", step.name).member("ok", step.ok).member("says", step.says).end();
  return out.end().text_or_null("ticket", ticket).end().take();
}

DeskTest test_desk(Desk& desk, const Seat& seat, const TenantId& mark, bool read_only,
                   std::chrono::milliseconds patience) {
  return Run(desk, seat, mark, patience).play(read_only);
}

}  // namespace exhibit
