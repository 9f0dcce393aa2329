#pragma once

#include <atomic>
#include <exhibit/adapter.hpp>
#include <string>
#include <string_view>

#include "adapters/email/email_settings.h"
#include "adapters/email/mail_connection.h"

/// Reads the mailbox that a desk answers to. Never changes it: not even the mark that a mail was seen.
namespace exhibit::email {

adapter::Verdict probe_mailbox(const Server& server, MailConnection::Deadline deadline,
                               const std::atomic<bool>& cancelled);

/// The desk's tag from an answer to one of our mails of this incident; empty when none is there, or the mailbox cannot
/// be read now.
std::string learn_tag(const Settings& settings, const std::string& correlation_id, MailConnection::Deadline deadline,
                      const std::atomic<bool>& cancelled);

/// As exh_adapter.poll. The cursor is {"validity", "uid"} of the mailbox.
adapter::Verdict poll_mailbox(const Settings& settings, std::string_view request, MailConnection::Deadline deadline,
                              const std::atomic<bool>& cancelled);

}  // namespace exhibit::email
