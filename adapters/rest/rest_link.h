#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "adapters/rest/profile.h"
#include "adapters/rest/rest_judge.h"
#include "adapters/rest/rest_request.h"

namespace exhibit::rest {

/// One operation as a conversation of requests: look, write, look again. The requests and the verdicts are pure; this
/// only carries them back and forth. Not thread-safe; the link's thread owns it.
class RestLink {
 public:
  /// Sends one request; `with_evidence` puts the operation's evidence behind it.
  using Ask = std::function<HttpAnswer(const HttpRequest& request)>;

  RestLink(Profile profile, std::string base_url, Ask ask)
      : profile_(std::move(profile)), base_(std::move(base_url)), ask_(std::move(ask)) {}

  /// Logs in, and proves that a search for what cannot exist finds nothing.
  Verdict probe();
  /// Finds the ticket, or makes it.
  Verdict ensure(const OpText& op);
  Verdict note(const OpText& op, std::uint32_t attempt);
  Verdict attach(const OpText& op, std::uint32_t attempt);
  Verdict state(const OpText& op);

  Verdict find_ticket(const OpText& op);
  Verdict find_note(const OpText& op);
  Verdict find_attachment(const OpText& op);
  Verdict read(const std::string& ticket);

 private:
  HttpAnswer run(const Operation& operation, const Values& values, const Values& fields = {});
  Verdict search(std::string_view operation, const OpText& op);
  Verdict write(std::string_view operation, const OpText& op);
  Verdict prove_search();

  Profile profile_;
  std::string base_;
  Ask ask_;
  bool search_proven_ = false;
};

}  // namespace exhibit::rest
