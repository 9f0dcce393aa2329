#include "adapters/email/mailbox_reader.h"

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>
#include <utility>
#include <variant>
#include <vector>

#include "adapters/email/email_message.h"
#include "adapters/email/imap_reader.h"
#include "adapters/email/mail_heard.h"
#include "base/json.h"
#include "base/text.h"

namespace exhibit::email {
namespace {

using adapter::Verdict;

constexpr std::size_t mails_per_poll = 50;
constexpr std::uint32_t overlap = 20;  // Deliveries at the same time may show up out of order.
constexpr const char* fetch_parts = "(UID BODY.PEEK[HEADER]<0.65536> BODY.PEEK[TEXT]<0.65536>)";

struct FetchedMail {
  std::uint32_t uid = 0;
  std::string head, body;
};

/// One conversation with the mailbox's server. After a failure every later call fails too.
class Mailbox {
 public:
  explicit Mailbox(MailConnection connection) : connection_(std::move(connection)) {}

  /// Read-only, so that nothing we do is seen by those who work with it.
  bool examine() {
    return command("EXAMINE INBOX", [this](const ImapResponse& response) {
      if (const auto number = uid_validity(response)) validity_ = *number;
    });
  }
  std::vector<std::uint32_t> search(const std::string& criteria) {
    std::vector<std::uint32_t> all;
    command(cat("UID SEARCH ", criteria), [&](const ImapResponse& response) {
      const auto numbers = search_numbers(response);
      all.insert(all.end(), numbers.begin(), numbers.end());
    });
    return all;
  }
  FetchedMail fetch(std::uint32_t uid) {
    FetchedMail mail;
    command(cat("UID FETCH ", uid, " ", fetch_parts), [&](const ImapResponse& response) {
      if (response.behind("UID").value_or("") != std::to_string(uid)) return;
      mail.uid = uid;
      mail.head = response.behind("BODY[HEADER]<0>").value_or("");
      mail.body = response.behind("BODY[TEXT]<0>").value_or("");
    });
    return mail;
  }
  void leave() { connection_.send("x LOGOUT\r\n"); }
  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] std::uint32_t validity() const { return validity_; }

 private:
  bool command(const std::string& text, const std::function<void(const ImapResponse&)>& each) {
    if (failed_) return false;
    const std::string tag = cat("x", ++number_);
    failed_ = !connection_.send(cat(tag, " ", text, "\r\n"));
    while (!failed_) {
      if (const auto response = reader_.take()) {
        const std::string end = response->ends(tag);
        if (!end.empty()) {
          failed_ = end != "ok";
          break;
        }
        each(*response);
        continue;
      }
      const std::string bytes = reader_.broken() ? std::string() : connection_.receive();
      failed_ = bytes.empty();
      reader_.add(bytes);
    }
    return !failed_;
  }

  MailConnection connection_;
  ImapReader reader_;
  int number_ = 0;
  std::uint32_t validity_ = 0;
  bool failed_ = false;
};

Verdict unreadable() {
  return {.rc = EXH_RETRY, .cause = "mailbox-unreadable", .text = "the mailbox's server broke off or said no"};
}

std::uint32_t number_at(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number_unsigned() ? found->get<std::uint32_t>() : 0;
}

/// What several mails of one incident say together.
struct Told {
  TicketName ticket;
  std::uint32_t uid = 0;
  Json comments = Json::array();
};

void add(std::map<std::string, Told>& told, const Settings& settings, const FetchedMail& mail) {
  const std::optional<Heard> found = heard(settings, mail.head, mail.body);
  if (!found) return;
  Told& one = told[found->correlation_id];
  one.uid = std::max(one.uid, mail.uid);
  if (one.ticket.message_id.empty()) one.ticket = ticket_name("", found->correlation_id, settings.domain());
  if (!found->message_id.empty()) one.ticket.message_id = found->message_id;
  if (!found->tag.empty()) one.ticket.tag = found->tag;
  if (!found->machine && !found->text.empty())
    one.comments.push_back(
        {{"id", found->id}, {"author", found->author}, {"text", found->text}, {"at", found->at}, {"public", true}});
}

std::string document_of(const std::map<std::string, Told>& told, std::uint32_t validity, std::uint32_t uid, bool more) {
  Json tickets = Json::array();
  for (const auto& [correlation, one] : told) {
    const std::string tag = one.ticket.tag;
    tickets.push_back({{"ticket", one.ticket.text()},
                       {"correlation_id", correlation},
                       {"number", tag.empty() ? std::string() : tag.substr(1, tag.size() - 2)},
                       {"version", cat(validity, "-", one.uid)},
                       {"state", ""},
                       {"closed", false},
                       {"assignee", ""},
                       {"close_code", ""},
                       {"comments", one.comments}});
  }
  const Json document = {{"cursor", {{"validity", validity}, {"uid", uid}}}, {"tickets", tickets}, {"more", more}};
  return document.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

Verdict probe_mailbox(const Server& server, MailConnection::Deadline deadline, const std::atomic<bool>& cancelled) {
  auto opened = MailConnection::open(server, "", deadline, cancelled);
  if (const auto* failure = std::get_if<ConnectFailure>(&opened)) {
    Verdict verdict = judge_connect(*failure);
    verdict.text = cat("mailbox: ", verdict.text);
    return verdict;
  }
  Mailbox mailbox(std::get<MailConnection>(std::move(opened)));
  if (!mailbox.examine()) return unreadable();
  mailbox.leave();
  return {.rc = EXH_OK};
}

std::string learn_tag(const Settings& settings, const std::string& correlation_id, MailConnection::Deadline deadline,
                      const std::atomic<bool>& cancelled) {
  auto opened = MailConnection::open(*settings.mailbox, "", deadline, cancelled);
  if (!std::holds_alternative<MailConnection>(opened)) return {};
  Mailbox mailbox(std::get<MailConnection>(std::move(opened)));
  mailbox.examine();
  const std::string wanted = json_quoted(correlation_id);
  const auto found = mailbox.search(
      cat("OR HEADER In-Reply-To ", wanted, " OR HEADER References ", wanted, " HEADER Subject ", wanted));
  std::string tag;
  for (std::size_t i = 0; i < std::min(found.size(), mails_per_poll) && tag.empty() && !mailbox.failed(); ++i) {
    const FetchedMail mail = mailbox.fetch(found[i]);
    const std::optional<Heard> answer = heard(settings, mail.head, "");
    if (answer && answer->correlation_id == correlation_id) tag = answer->tag;
  }
  mailbox.leave();
  return tag;
}

Verdict poll_mailbox(const Settings& settings, std::string_view request, MailConnection::Deadline deadline,
                     const std::atomic<bool>& cancelled) {
  const Json asked = parse_json(request).value_or(Json::object());
  const Json cursor =
      asked.is_object() && asked.contains("cursor") && asked["cursor"].is_object() ? asked["cursor"] : Json::object();
  auto opened = MailConnection::open(*settings.mailbox, "", deadline, cancelled);
  if (const auto* failure = std::get_if<ConnectFailure>(&opened)) return judge_connect(*failure);
  Mailbox mailbox(std::get<MailConnection>(std::move(opened)));
  if (!mailbox.examine()) return unreadable();
  // Another validity means that all numbers were given anew: everything is read again, and versions drop what is known.
  const std::uint32_t seen = number_at(cursor, "validity") == mailbox.validity() ? number_at(cursor, "uid") : 0;
  const std::uint32_t from = seen > overlap ? seen - overlap : 1;
  std::vector<std::uint32_t> uids = mailbox.search(cat("UID ", from, ":*"));
  std::erase_if(uids, [&](std::uint32_t uid) { return uid < from; });  // "N:*" names the last mail in any case.
  const bool more = uids.size() > mails_per_poll + overlap;
  if (more) uids.resize(mails_per_poll + overlap);
  std::map<std::string, Told> told;
  for (const std::uint32_t uid : uids) {
    const FetchedMail mail = mailbox.fetch(uid);
    if (mailbox.failed()) return unreadable();
    if (mail.uid != 0) add(told, settings, mail);
  }
  if (mailbox.failed()) return unreadable();
  mailbox.leave();
  const std::uint32_t last = uids.empty() ? seen : std::max(seen, uids.back());
  return {.rc = EXH_OK, .document = document_of(told, mailbox.validity(), last, more)};
}

}  // namespace exhibit::email
