#include "adapters/email/email_judge.h"

#include <algorithm>

#include "base/text.h"

namespace exhibit::email {
namespace {

using adapter::Verdict;

std::string words_of(const Reply& reply) {
  return harmless(cut_utf8(cat(reply.code, reply.text.empty() ? "" : " ", reply.text), 240));
}

/// Too large by RFC 1870 and RFC 3463; 552 alone is also "mailbox full".
bool is_too_large(const Reply& reply) {
  return reply.code == 552 || reply.text.find("5.3.4") != std::string::npos ||
         reply.text.find("5.2.3") != std::string::npos;
}

Verdict refused_for_good(SmtpStage stage, const Reply& reply) {
  Verdict verdict{.rc = EXH_DENIED, .text = words_of(reply)};
  switch (stage) {
    case SmtpStage::greeting: verdict.cause = "server-refuses"; break;
    case SmtpStage::login: verdict.cause = "login-refused"; break;
    case SmtpStage::sender:
      verdict.cause = reply.code == 530 ? "login-missing" : "sender-refused";
      if (is_too_large(reply)) {
        verdict.rc = EXH_REJECTED;
        verdict.cause = "too-large";
      }
      break;
    case SmtpStage::recipient:
      verdict.rc = EXH_REJECTED;
      verdict.cause = "recipient-refused";
      break;
    case SmtpStage::data:
    case SmtpStage::message:
      verdict.rc = EXH_REJECTED;
      verdict.cause = is_too_large(reply) ? "too-large" : "content-refused";
      break;
  }
  return verdict;
}

std::string_view outcome_of(const RecipientAnswer& answer) {
  return answer.accepted() ? "accepted" : answer.deferred() ? "deferred" : "refused";
}

}  // namespace

Verdict judge_reply(SmtpStage stage, const Reply& reply) {
  if (reply.code / 100 == 2 || (reply.code == 354 && stage == SmtpStage::data)) return {.rc = EXH_OK};
  if (reply.code / 100 == 5) return refused_for_good(stage, reply);
  if (reply.code / 100 == 4) return {.rc = EXH_RETRY, .cause = "server-busy", .text = words_of(reply)};
  // No reply of SMTP at all: after the final dot it may stand for anything.
  return {.rc = stage == SmtpStage::message ? EXH_UNKNOWN : EXH_RETRY,
          .cause = "no-smtp",
          .text = "the server does not speak SMTP"};
}

Verdict judge_none_accepted(const std::vector<RecipientAnswer>& answers) {
  Verdict verdict{.rc = EXH_REJECTED, .cause = "recipient-refused", .document = recipients_json(answers)};
  for (const RecipientAnswer& answer : answers) {
    if (answer.deferred()) {
      verdict.rc = EXH_RETRY;
      verdict.cause = "recipient-deferred";
    }
    verdict.text += cat(verdict.text.empty() ? "" : "; ", answer.address, ": ", words_of(answer.reply));
  }
  verdict.text = cut_utf8(verdict.text, 600);
  return verdict;
}

Verdict judge_accepted(const std::vector<RecipientAnswer>& answers) {
  Verdict verdict{.rc = EXH_OK, .document = recipients_json(answers)};
  for (const RecipientAnswer& answer : answers) {
    if (answer.accepted()) continue;
    verdict.cause = "some-not-accepted";
    verdict.text += cat(verdict.text.empty() ? "not sent to " : "; ", answer.address, ": ", words_of(answer.reply));
  }
  verdict.text = cut_utf8(verdict.text, 600);
  return verdict;
}

std::string recipients_json(const std::vector<RecipientAnswer>& answers) {
  std::string list = "[";
  for (const RecipientAnswer& answer : answers)
    list +=
        cat(list.size() > 1 ? "," : "", adapter::ObjectWriter()
                                            .text("address", answer.address)
                                            .number("code", static_cast<std::uint64_t>(std::max(answer.reply.code, 0)))
                                            .text("answer", harmless(cut_utf8(answer.reply.text, 240)))
                                            .text("outcome", outcome_of(answer))
                                            .json());
  return adapter::ObjectWriter().raw("recipients", list + "]").json();
}

Verdict judge_connect(const ConnectFailure& failure) {
  using Kind = ConnectFailure::Kind;
  Verdict verdict{.rc = EXH_RETRY, .cause = "no-connection", .text = harmless(cut_utf8(failure.words, 240))};
  const auto denied = [&](const char* cause) {
    verdict.rc = EXH_DENIED;
    verdict.cause = cause;
  };
  switch (failure.kind) {
    case Kind::egress:
      denied("egress-forbidden");
      verdict.text = "the egress rules forbid this address";
      break;
    case Kind::certificate: denied("certificate-refused"); break;
    case Kind::authorities: denied("ca-unreadable"); break;
    case Kind::tls_missing: denied("tls-missing"); break;
    case Kind::login:
      // 454 and its like are the server's own passing trouble with checking the password.
      if (failure.last.code / 100 == 4) return judge_reply(SmtpStage::login, failure.last);
      denied("login-refused");
      if (failure.last.code / 100 == 5) verdict.text = words_of(failure.last);
      break;
    case Kind::greeting:
      if (failure.last.code / 100 >= 4) return judge_reply(SmtpStage::greeting, failure.last);
      break;
    case Kind::unreachable:
    case Kind::other:
      if (failure.last.code / 100 == 4) return judge_reply(SmtpStage::greeting, failure.last);
      break;
  }
  return verdict;
}

}  // namespace exhibit::email
