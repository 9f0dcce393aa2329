#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>

#include "adapters/rest/profile.h"
#include "adapters/rest/rest_judge.h"
#include "adapters/rest/rest_preview.h"
#include "adapters/rest/rest_request.h"
#include "adapters/rest/rest_session.h"

namespace exhibit::rest {

/// One operation as a conversation of requests: look, write, look again. The requests and the verdicts are pure; this
/// only carries them back and forth. Not thread-safe; the link's thread owns it.
class RestLink {
 public:
  RestLink(Profile profile, LinkText text, Session session)
      : profile_(std::move(profile)), text_(std::move(text)), session_(std::move(session)) {}

  /// Logs in, and proves that a search for what cannot exist finds nothing.
  Verdict probe();
  /// Finds the ticket, or makes it; where the desk takes the internal text only as a note, sees to that too.
  Verdict ensure(const OpText& op);
  Verdict note(const OpText& op, std::uint32_t attempt);
  /// A note that tells of evidence; where the desk knows links of its own, one of those before it.
  Verdict link(const OpText& op, std::uint32_t attempt);
  Verdict attach(const OpText& op, std::uint32_t attempt);
  Verdict state(const OpText& op);

  Verdict find_ticket(const OpText& op);
  /// EXH_OK only when all that `ensure` does is there.
  /// With "number" in the body: the ticket of that number, whoever made it.
  Verdict find_ensured(const OpText& op);
  Verdict find_note(const OpText& op);
  Verdict find_attachment(const OpText& op);
  Verdict read(const std::string& ticket);
  /// What became of these tickets; `request` and the result's document as exhibit/adapter.h has them.
  Verdict poll(std::string_view request);
  /// What the operation would send, as preview_json has it.
  [[nodiscard]] std::string preview(std::uint32_t kind, const OpText& op) const {
    return preview_json(profile_, text_, kind, op);
  }

 private:
  Verdict find_number(const OpText& op, const std::string& number);
  using Judge = Verdict (*)(const Profile&, const Request&, const Values&, const HttpAnswer&);

  HttpAnswer exchange(const Request& request, const Prepared& ready);
  /// The requests of a list, one after another.
  Verdict perform(std::string_view name, Prepared ready);
  Verdict step(std::string_view name, const Request& request, const Prepared& ready);
  /// The last request of a list page by page, those before it for what they capture.
  Verdict look(std::string_view name, Prepared ready, Judge judge);
  Verdict pages(const Request& request, Prepared& ready, Judge judge);
  Verdict search(std::string_view name, const OpText& op);
  Verdict write(std::string_view name, const OpText& op);
  Verdict prove_search(const OpText& op);
  Verdict internal_note(const OpText& op, Verdict ticket, bool made);
  OpText internal_note_of(const OpText& op, const Verdict& ticket) const;
  std::string ticket_url(const OpText& op, const Verdict& verdict) const;
  /// Completes the rows by what `each` asks; `lenient` leaves out what cannot be had.
  Verdict with_each(const Request& request, const Prepared& ready, Json& rows, bool lenient);
  Verdict poll_batch(const Json& tickets, const Json& seen, Json& found);
  Verdict comments_of(const Json& row, const std::string& correlation, const std::string& since, Json& comments);
  [[nodiscard]] std::string once_key(std::string_view name, const Values& values) const;

  Profile profile_;
  LinkText text_;
  Session session_;
  std::set<std::string> held_;  // Read-backs that need no second look, and proven searches.
};

}  // namespace exhibit::rest
