#include "adapters/email/email_link.h"

#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <utility>

#include "adapters/email/mailbox_reader.h"
#include "adapters/email/smtp_dialogue.h"
#include "base/text.h"

namespace exhibit::email {
namespace {

using adapter::Verdict;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds default_deadline{30'000};
constexpr std::uint64_t evidence_bytes_max = 32U << 20;
constexpr std::size_t known_max = 10'000;
constexpr std::uint32_t wait_for_number_ms = 20'000;
constexpr std::uint32_t attempts_for_number = 4;

WallTime now() { return std::chrono::time_point_cast<Nanoseconds>(std::chrono::system_clock::now()); }

steady_clock::time_point deadline_of(const adapter::Operation& operation) {
  const std::uint32_t ms = operation.deadline_ms();
  return steady_clock::now() + (ms == 0 ? default_deadline : milliseconds(ms));
}

/// What the mail says. The customer's text first, since it needs no knowledge; the analysts' below it.
std::string text_of(const Json& body, const Settings& settings, const adapter::Operation& operation) {
  if (operation.kind() != EXH_OP_ENSURE) return text_at(body, "text");
  const std::string customer = text_at(body, "public_text"), analyst = text_at(body, "internal_text");
  if (settings.customer_only || analyst.empty()) {
    const std::string link = text_at(body, "link");
    return link.empty() || customer.find(link) != std::string::npos ? customer : cat(customer, "\n\n", link);
  }
  return customer.empty() ? analyst : cat(customer, "\n\n", analyst);
}

std::string evidence_text(const adapter::Evidence& evidence) {
  return cat("Evidence: ", evidence.name(), ", ", grouped(evidence.length()), " bytes\nSHA-256: ", evidence.sha256());
}

/// What the links of this process have seen of their incidents. A help only: the tag can be learnt again, and a subject
/// without its title still threads. Thread-safe.
class Memory {
 public:
  void complete(Mail& mail) {
    const std::lock_guard lock(mutex_);
    const auto known = known_.find(mail.correlation_id);
    if (known == known_.end()) return;
    if (mail.title.empty()) mail.title = known->second.title;
    if (mail.ticket.tag.empty()) mail.ticket.tag = known->second.tag;
  }
  void keep(const Mail& mail) {
    const std::lock_guard lock(mutex_);
    if (known_.size() >= known_max) known_.clear();
    Known& known = known_[mail.correlation_id];
    if (!mail.ticket.tag.empty()) known.tag = mail.ticket.tag;
    if (!mail.title.empty()) known.title = mail.title;
  }

 private:
  struct Known {
    std::string tag, title;
  };
  std::mutex mutex_;
  std::map<std::string, Known> known_;  // By correlation id.
};

Memory& memory() {
  static Memory one;
  return one;
}

/// SIZE as the server announced it last: after STARTTLS it says everything anew.
std::optional<std::uint64_t> announced_size(std::string_view said, bool& declared) {
  std::optional<std::uint64_t> size;
  for (const std::string_view line : split(said, "\r\n")) {
    if (line.size() < 8 || !equal_ignoring_case(line.substr(4, 4), "SIZE")) continue;
    declared = true;
    size = parse_number<std::uint64_t>(trim(line.substr(8)));
  }
  return size;
}

}  // namespace

adapter::Description EmailLink::describe() {
  return {.adapter = "email",
          .version = "1",
          .operations = {"ensure", "note", "link", "attach"},
          .stable_id = true,
          .limits = cat("{\"attachment_bytes\":", evidence_bytes_max, "}")};
}

adapter::Opened<EmailLink> EmailLink::open(const adapter::Services&, std::string_view config) {
  Result<Settings> settings = settings_of(config);
  if (!settings) return {.refusal = settings.error().text};
  return {.link = std::make_unique<EmailLink>(*std::move(settings))};
}

Verdict EmailLink::probe() {
  cancelled_ = false;
  const Deadline deadline = steady_clock::now() + default_deadline;
  auto smtp = MailConnection::open(settings_.smtp, settings_.domain(), deadline, cancelled_);
  if (const auto* failure = std::get_if<ConnectFailure>(&smtp)) return judge_connect(*failure);
  std::get<MailConnection>(smtp).send("QUIT\r\n");
  return settings_.mailbox ? probe_mailbox(*settings_.mailbox, deadline, cancelled_) : Verdict{.rc = EXH_OK};
}

Verdict EmailLink::apply(const adapter::Operation& operation) {
  cancelled_ = false;
  const Result<Json> body = parse_json(operation.body());
  if (!body || !body->is_object()) return {.rc = EXH_BADARG, .cause = "bad-operation", .text = "the body is no object"};
  const std::uint32_t kind = operation.kind();
  if (kind < EXH_OP_ENSURE || kind > EXH_OP_ATTACH)
    return {.rc = EXH_UNSUPPORTED, .cause = "no-fields", .text = "a mail changes no fields"};
  const Result<Settings> tenants = for_tenant(settings_, body->value("fields", Json::object()).dump());
  if (!tenants) return {.rc = EXH_REJECTED, .cause = "recipients", .text = tenants.error().text};
  const Settings& settings = *tenants;
  const bool hidden = settings.customer_only && kind != EXH_OP_ATTACH && body->value("public", Json(true)) == false;
  Mail mail{.kind = kind,
            .op_id = std::string(operation.op_id()),
            .correlation_id = std::string(operation.correlation_id()),
            .tenant = text_at(*body, "tenant"),
            .title = text_at(*body, "title"),
            .text = text_of(*body, settings, operation),
            .ticket = ticket_name(operation.ticket(), operation.correlation_id(), settings.domain()),
            .attachment = {}};
  if (const bool note = kind == EXH_OP_NOTE || kind == EXH_OP_LINK; note && (hidden || !settings.follow_ups))
    return {.rc = EXH_OK,
            .ticket = mail.ticket.text(),
            .already_there = true,
            .text = hidden ? "not for this reader" : "one mail per incident: the link in it shows this"};
  const auto evidence = operation.evidence();
  if (kind == EXH_OP_ATTACH && evidence.empty())
    return {.rc = EXH_BADARG, .cause = "no-evidence", .text = "an attachment without evidence"};
  if (!evidence.empty()) {
    auto bytes = evidence.front().read_all(evidence_bytes_max);
    if (!bytes) return {.rc = EXH_REJECTED, .cause = "too-large", .text = "the evidence is too large for a mail"};
    mail.attachment = {std::string(evidence.front().name()), std::string(evidence.front().mime()), *std::move(bytes)};
    mail.text += cat(mail.text.empty() ? "" : "\n\n", evidence_text(evidence.front()));
  }
  const Deadline deadline = deadline_of(operation);
  if (kind != EXH_OP_ENSURE) {
    memory().complete(mail);
    if (mail.ticket.tag.empty() && settings.mailbox) mail.ticket.tag = tag_of(mail.correlation_id, deadline);
    // Without its tag some desks make a second ticket of a follow-up; its answer is mostly on the way.
    if (mail.ticket.tag.empty() && settings.mailbox && operation.attempt() < attempts_for_number)
      return {.rc = EXH_RETRY,
              .retry_after_ms = wait_for_number_ms,
              .cause = "number-unknown",
              .text = "the desk has not told its number yet; nothing was sent"};
  }
  Verdict verdict = deliver(mail, settings, deadline);
  if (verdict.rc != EXH_OK) return verdict;
  memory().keep(mail);
  // A mailbox that nobody answers from gives no id: ours is known without being kept.
  if (settings.mailbox) verdict.ticket = mail.ticket.text();
  if (!mail.ticket.tag.empty()) verdict.number = mail.ticket.tag.substr(1, mail.ticket.tag.size() - 2);
  return verdict;
}

Verdict EmailLink::deliver(const Mail& mail, const Settings& settings, Deadline deadline) {
  auto opened = MailConnection::open(settings_.smtp, settings_.domain(), deadline, cancelled_);
  if (const auto* failure = std::get_if<ConnectFailure>(&opened)) return judge_connect(*failure);
  auto& connection = std::get<MailConnection>(opened);
  Verdict verdict = converse(connection, mail, settings);
  // A polite end where there is still somebody; its answer changes nothing.
  if (verdict.cause != "answer-lost" && verdict.cause != "connection-lost") connection.send("QUIT\r\n");
  return verdict;
}

Verdict EmailLink::converse(MailConnection& connection, const Mail& mail, const Settings& settings) {
  using Step = SmtpDialogue::Step;
  const std::string message = message_text(mail, settings, now());
  bool declared = false;
  const auto size_max = announced_size(connection.said(), declared);
  if (size_max && *size_max != 0 && *size_max < message.size())
    return {.rc = EXH_REJECTED,
            .cause = "too-large",
            .text = cat("the server takes at most ", grouped(*size_max), " bytes, this mail has ",
                        grouped(message.size()))};
  SmtpDialogue dialogue({.sender = settings.envelope_sender,
                         .recipients = settings.to,
                         .message_bytes = message.size(),
                         .declare_size = declared});
  ReplyReader replies;
  for (Step step = dialogue.begin(); step != Step::finished;) {
    bool sent = step == Step::send ? connection.send(dialogue.command()) : connection.send(message);
    if (sent && step == Step::send_message) {
      dialogue.dot_leaves();
      sent = connection.send(".\r\n");
    }
    if (!sent) return dialogue.lost("the connection ended while we were sending");
    std::optional<Reply> reply;
    while (!(reply = replies.take())) {
      const std::string bytes = connection.receive();
      if (bytes.empty()) return dialogue.lost("no answer came");
      replies.add(bytes);
    }
    step = dialogue.take(*reply);
  }
  return dialogue.verdict();
}

std::string EmailLink::tag_of(const std::string& correlation_id, Deadline deadline) {
  return learn_tag(settings_, correlation_id, deadline, cancelled_);
}

Verdict EmailLink::poll(std::string_view request) {
  cancelled_ = false;
  if (!settings_.mailbox)
    return {.rc = EXH_UNSUPPORTED, .cause = "quiet", .text = "a quiet mail desk is never answered"};
  return poll_mailbox(settings_, request, steady_clock::now() + default_deadline, cancelled_);
}

}  // namespace exhibit::email
