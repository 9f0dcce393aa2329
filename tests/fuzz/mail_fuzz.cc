// What a mailbox holds, written by strangers, and the server that serves it: IMAP answers in any pieces, and any mail.

#include "adapters/email/imap_reader.h"
#include "adapters/email/mail_heard.h"
#include "base/text.h"
#include "tests/fuzz/fuzz_input.h"

namespace {

using namespace exhibit;
using fuzz::demand;

std::vector<email::ImapResponse> responses(std::string_view bytes, std::size_t step) {
  email::ImapReader reader;
  std::vector<email::ImapResponse> taken;
  for (; !bytes.empty() && !reader.broken(); bytes.remove_prefix(std::min(step, bytes.size()))) {
    reader.add(bytes.substr(0, step));
    while (auto one = reader.take()) taken.push_back(std::move(*one));
  }
  return taken;
}

const email::Settings& settings() {
  static const email::Settings made = [] {
    Result<email::Settings> read = email::settings_of(
        R"({"url":"smtp://127.0.0.1:25","mode":"conversational","map":{"from":"desk@msp.example","to":["a@msp.example"]},)"
        R"("mailbox":{"url":"imap://127.0.0.1:143","login":{"user":"u","password":"p"}}})");
    demand(read.has_value(), "the target's own settings are good");
    return *read;
  }();
  return made;
}

void mail(std::string_view text) {
  const std::size_t end = std::min(text.find("\r\n\r\n"), text.size());
  const std::string_view head = text.substr(0, end), body = end < text.size() ? text.substr(end + 4) : "";
  const auto fields = email::header_fields(head);
  for (const auto& [name, value] : fields)
    demand(value.find('\n') == std::string::npos && is_utf8(value), "a header field is one line of UTF-8");
  demand(is_utf8(email::plain_text(fields, body)), "a mail's text is UTF-8");
  const std::string own = email::own_words(body);
  demand(is_utf8(own) && fuzz::is_clean(own, "\n"), "what somebody wrote is clean UTF-8");
  if (const auto heard = email::heard(settings(), head, body))
    demand(!heard->correlation_id.empty() || !heard->tag.empty() || !heard->message_id.empty(),
           "only what answers a mail of ours is heard");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::uint8_t how = input.byte();
  const std::string_view text = input.rest();
  if (how % 2 == 0) {
    mail(text);
    return 0;
  }
  const auto whole = responses(text, text.size() + 1), pieces = responses(text, 1 + how % 7);
  demand(whole.size() == pieces.size(), "a response is the same in pieces");
  for (std::size_t i = 0; i < whole.size(); ++i) {
    demand(whole[i].tokens == pieces[i].tokens, "a response is the same in pieces");
    (void)email::search_numbers(whole[i]);
    (void)email::uid_validity(whole[i]);
    (void)whole[i].ends("A1");
    (void)whole[i].behind("UID");
  }
  return 0;
}
