#pragma once

#include <atomic>
#include <exhibit/adapter.hpp>
#include <string>
#include <string_view>

#include "adapters/email/email_message.h"
#include "adapters/email/email_settings.h"
#include "adapters/email/mail_connection.h"
#include "base/json.h"

namespace exhibit::email {

/// One operation as one mail. The mail, the dialogue and the verdicts are pure; this reads the clock and carries bytes.
///
/// Quiet: the first mail holds the evidence link, which fills in by itself, so notes are not mailed unless the operator
/// asks for follow-ups. Conversational: the desk answers the first mail, and later mails carry its tag.
class EmailLink {
 public:
  explicit EmailLink(Settings settings) : settings_(std::move(settings)) {}

  static adapter::Description describe();
  static adapter::Opened<EmailLink> open(const adapter::Services& services, std::string_view config);
  adapter::Verdict probe();
  adapter::Verdict apply(const adapter::Operation& operation);
  adapter::Verdict poll(std::string_view request);
  void cancel() { cancelled_ = true; }

 private:
  using Deadline = MailConnection::Deadline;

  adapter::Verdict deliver(const Mail& mail, const Settings& settings, Deadline deadline);
  adapter::Verdict converse(MailConnection& connection, const Mail& mail, const Settings& settings);
  /// The desk's tag, if one of its answers is in the mailbox already.
  std::string tag_of(const std::string& correlation_id, Deadline deadline);

  Settings settings_;
  std::atomic<bool> cancelled_ = false;
};

}  // namespace exhibit::email
