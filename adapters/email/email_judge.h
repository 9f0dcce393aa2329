#pragma once

#include <exhibit/adapter.hpp>
#include <string>
#include <string_view>
#include <vector>

/// From what a mail server says to the verdict. Pure.
namespace exhibit::email {

struct Reply {
  int code = 0;
  std::string text = {};  ///< All lines, with blanks between.
};

/// Where in the conversation the server said it.
enum class SmtpStage { greeting, login, sender, recipient, data, message };

/// 2xx is OK. 4xx and 421: later, nothing was done. 5xx by stage: a login or sender that is refused stops the desk, a
/// recipient or content that is refused is this item's own trouble.
adapter::Verdict judge_reply(SmtpStage stage, const Reply& reply);

struct RecipientAnswer {
  std::string address;
  Reply reply = {};
  [[nodiscard]] bool accepted() const { return reply.code / 100 == 2; }
  [[nodiscard]] bool deferred() const { return reply.code / 100 == 4; }
};

/// When no recipient was accepted: rejected when all are refused for good, else later.
adapter::Verdict judge_none_accepted(const std::vector<RecipientAnswer>& answers);
/// The mail is with the server: OK; the text names who does not get it.
adapter::Verdict judge_accepted(const std::vector<RecipientAnswer>& answers);

/// {"recipients": [{"address", "code", "answer", "outcome"}]}
std::string recipients_json(const std::vector<RecipientAnswer>& answers);

/// Why no usable connection came about. Surely nothing was done.
struct ConnectFailure {
  enum class Kind { unreachable, egress, certificate, authorities, tls_missing, login, greeting, other };
  Kind kind = Kind::other;
  Reply last = {};  ///< What the server said last.
  std::string words = {};
};
adapter::Verdict judge_connect(const ConnectFailure& failure);

}  // namespace exhibit::email
