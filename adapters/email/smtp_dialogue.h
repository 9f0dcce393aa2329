#pragma once

#include <exhibit/adapter.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/email/email_judge.h"

/// The mail transaction of RFC 5321 after the login: MAIL, RCPT for each recipient, DATA, the message, its final dot.
/// Pure: replies in, what to send out.
namespace exhibit::email {

/// Puts replies together from bytes; a reply may have many lines. Bounded.
class ReplyReader {
 public:
  void add(std::string_view bytes) { buffer_ += bytes; }
  /// The next whole reply. Code 0: what came is no reply.
  std::optional<Reply> take();

 private:
  std::string buffer_, text_;
};

class SmtpDialogue {
 public:
  struct Envelope {
    std::string sender;  ///< Empty: the null sender.
    std::vector<std::string> recipients;
    std::size_t message_bytes = 0;
    bool declare_size = false;  ///< The server announced SIZE.
  };
  enum class Step {
    send,          ///< Send `command`.
    send_message,  ///< Send the message and the final dot.
    finished,      ///< `verdict` is final.
  };

  explicit SmtpDialogue(Envelope envelope) : envelope_(std::move(envelope)) {}

  Step begin();
  Step take(const Reply& reply);
  [[nodiscard]] const std::string& command() const { return command_; }
  /// Call before the first byte of the final dot's line leaves: from here on the server may have the mail.
  void dot_leaves() { dot_left_ = true; }
  /// The connection ended, the deadline passed, or somebody cancelled.
  adapter::Verdict lost(std::string_view why) const;
  [[nodiscard]] const adapter::Verdict& verdict() const { return verdict_; }
  [[nodiscard]] const std::vector<RecipientAnswer>& recipients() const { return answers_; }

 private:
  Step finish(adapter::Verdict verdict);
  Step next_recipient();
  Step after_recipients();

  Envelope envelope_;
  SmtpStage stage_ = SmtpStage::sender;
  bool dot_left_ = false;
  std::string command_;
  std::vector<RecipientAnswer> answers_;
  adapter::Verdict verdict_;
};

}  // namespace exhibit::email
