#include <cstdio>
#include <functional>

#include "adapters/email/email_message.h"
#include "adapters/webhook/webhook_request.h"
#include "base/base64.h"
#include "base/json.h"
#include "base/text.h"
#include "exhibit/adapter.h"
#include "tests/hostile/strings.h"
#include "tests/webhook/samples.h"

/// Puts every hostile string into every field of a mail and of a webhook, for readers that others wrote. One JSON
/// object a line, bytes in base64: {"sink", "field", "value", "shown", "headers", "wire"}. The first of each field is
/// the harmless twin, which all others must look like.
namespace exhibit {
namespace {

constexpr std::string_view twin = "harmless";

std::string base64(std::string_view text) { return encode_base64(as_bytes(text)); }

void print(std::string_view sink, std::string_view field, std::string_view value, std::string_view headers,
           std::string_view wire) {
  JsonWriter line;
  line.object().member("sink", sink).member("field", field).member("value", base64(value)).member("headers", headers);
  line.member("wire", base64(wire)).end();
  std::puts(line.text().c_str());
}

email::Settings mail_settings() {
  email::Settings settings;
  settings.from = settings.envelope_sender = "exhibit@msp.example";
  settings.from_name = "Exhibit";
  settings.to = {"soc@msp.example"};
  return settings;
}

email::Mail mail() {
  return {.kind = EXH_OP_ENSURE,
          .op_id = "inc-1-1",
          .correlation_id = "EXH1-AAAA2222",
          .tenant = "acme",
          .title = "a title",
          .text = "a text",
          .ticket = email::ticket_name("", "EXH1-AAAA2222", "msp.example"),
          .attachment = email::Attachment{"trigger.pcap", "application/vnd.tcpdump.pcap", "the packet"}};
}

struct MailField {
  const char* name;
  void (*put)(email::Mail&, const std::string&);
};
constexpr MailField mail_fields[] = {
    {"title", [](email::Mail& one, const std::string& value) { one.title = value; }},
    {"text", [](email::Mail& one, const std::string& value) { one.text = value; }},
    {"tenant", [](email::Mail& one, const std::string& value) { one.tenant = value; }},
    {"correlation", [](email::Mail& one, const std::string& value) { one.correlation_id = value; }},
    {"operation", [](email::Mail& one, const std::string& value) { one.op_id = value; }},
    {"ticket",
     [](email::Mail& one, const std::string& value) {
       one.kind = EXH_OP_NOTE;
       one.ticket = email::ticket_name(value, one.correlation_id, "msp.example");
     }},
    {"file", [](email::Mail& one, const std::string& value) { one.attachment->name = value; }},
    {"type", [](email::Mail& one, const std::string& value) { one.attachment->mime = value; }},
    {"evidence", [](email::Mail& one, const std::string& value) { one.attachment->bytes = value; }},
};

void print_mail(const MailField& field, const std::string& value) {
  email::Mail one = mail();
  field.put(one, value);
  print("mail", field.name, value, "",
        email::message_text(one, mail_settings(), WallTime{Nanoseconds(1'795'313'562'500'000'000)}));
}

constexpr const char* webhook_fields[] = {"tenant", "title", "text", "link", "severity", "incident_id"};

void print_webhook(const webhook::Settings& settings, const char* style, const char* field, std::string_view value) {
  JsonWriter body;
  body.object().key("incident").object().member("what", "opened").member(field, value).end().end();
  const auto request = webhook::request_of(
      settings, {.kind = EXH_OP_ENSURE, .op_id = "inc-1-1", .correlation_id = value, .body_json = body.text()},
      1'795'313'562);
  JsonWriter headers;
  headers.object();
  for (const adapter::HttpHeader& header : request->headers) headers.member(header.name, header.value);
  print(style, field, value, headers.end().text(), request->body);
}

}  // namespace
}  // namespace exhibit

int main() {
  using namespace exhibit;
  std::vector<std::string> values = test::hostile_strings();
  values.insert(values.begin(), std::string(twin));
  for (const MailField& field : mail_fields)
    for (const std::string& value : values) print_mail(field, value);
  for (const char* style : {"exhibit", "ocsf"}) {
    const auto settings =
        webhook::settings_of(test::webhook_config(cat(R"({"cloudevents":true,"style":")", style, "\"}")));
    for (const char* field : webhook_fields)
      for (const std::string& value : values) print_webhook(*settings, style, field, value);
  }
  return 0;
}
