#include "adapters/email/smtp_dialogue.h"

#include <algorithm>

#include "base/text.h"

namespace exhibit::email {
namespace {

constexpr std::size_t reply_bytes_max = 64U << 10;

}  // namespace

std::optional<Reply> ReplyReader::take() {
  for (std::size_t end; (end = buffer_.find('\n')) != std::string::npos;) {
    const std::string line(trim(std::string_view(buffer_).substr(0, end)));
    buffer_.erase(0, end + 1);
    const auto code = parse_number<int>(std::string_view(line).substr(0, 3));
    const char after = line.size() > 3 ? line[3] : ' ';
    if (!code || *code < 200 || *code > 599 || (after != ' ' && after != '-')) return Reply{};
    if (line.size() > 4) text_ += cat(text_.empty() ? "" : " ", std::string_view(line).substr(4));
    if (after == ' ') {
      Reply reply{.code = *code, .text = std::move(text_)};
      text_.clear();
      return reply;
    }
  }
  if (buffer_.size() + text_.size() > reply_bytes_max) return Reply{};
  return std::nullopt;
}

SmtpDialogue::Step SmtpDialogue::begin() {
  command_ = cat("MAIL FROM:<", envelope_.sender, ">");
  if (envelope_.declare_size) command_ += cat(" SIZE=", envelope_.message_bytes);
  command_ += "\r\n";
  return Step::send;
}

SmtpDialogue::Step SmtpDialogue::finish(adapter::Verdict verdict) {
  verdict_ = std::move(verdict);
  return Step::finished;
}

SmtpDialogue::Step SmtpDialogue::next_recipient() {
  if (answers_.size() == envelope_.recipients.size()) return after_recipients();
  stage_ = SmtpStage::recipient;
  command_ = cat("RCPT TO:<", envelope_.recipients[answers_.size()], ">\r\n");
  return Step::send;
}

SmtpDialogue::Step SmtpDialogue::after_recipients() {
  const bool any = std::any_of(answers_.begin(), answers_.end(), [](const auto& one) { return one.accepted(); });
  if (!any) return finish(judge_none_accepted(answers_));
  stage_ = SmtpStage::data;
  command_ = "DATA\r\n";
  return Step::send;
}

SmtpDialogue::Step SmtpDialogue::take(const Reply& reply) {
  if (stage_ == SmtpStage::recipient) {
    if (reply.code == 421 || reply.code == 0) return finish(judge_reply(stage_, reply));  // It hangs up.
    answers_.push_back({envelope_.recipients[answers_.size()], reply});
    return next_recipient();
  }
  adapter::Verdict verdict = judge_reply(stage_, reply);
  if (verdict.rc != EXH_OK) return finish(std::move(verdict));
  switch (stage_) {
    case SmtpStage::sender: return next_recipient();
    case SmtpStage::data:
      if (reply.code != 354) return finish(judge_reply(stage_, Reply{}));
      stage_ = SmtpStage::message;
      return Step::send_message;
    default: return finish(judge_accepted(answers_));
  }
}

adapter::Verdict SmtpDialogue::lost(std::string_view why) const {
  return {.rc = dot_left_ ? EXH_UNKNOWN : EXH_RETRY,
          .cause = dot_left_ ? "answer-lost" : "connection-lost",
          .text = harmless(cut_utf8(why, 240))};
}

}  // namespace exhibit::email
