#include "tests/any_xml/documents.h"

#include "base/base64.h"
#include "base/text.h"
#include "tests/support/phf_alert.h"

namespace exhibit::test {
namespace {

constexpr std::int64_t first_ns = 1'795'313'561'123'000'000;

}  // namespace

Dialect dialect_of(Dice& dice) {
  switch (dice() % 4) {
    case 0: return {.sdee = "sd:", .cidee = "cid:", .envelope = "env:"};
    case 1: return {.sdee = "", .cidee = "", .envelope = "", .soap = false};
    case 2: return {.sdee = "x1:", .cidee = "y-2:", .envelope = "SOAP-ENV:", .backwards = true};
    default: return {.sdee = "", .cidee = "cid:", .envelope = "env:"};
  }
}

Element good_alert(const Dialect& dialect, std::uint64_t number) {
  const std::string &s = dialect.sdee, &c = dialect.cidee;
  const std::string name = cat("sig-", number, "-end");
  const std::vector<std::string> parts = {
      cat("<", s, "originator><", s, "hostId>acme-ips1</", s, "hostId></", s, "originator>"),
      cat("<", s, "time offset=\"60\" timeZone=\"CET\">", first_ns + static_cast<std::int64_t>(number), "</", s,
          "time>"),
      cat("<", s, "signature description='", name, "' id='3200' ", c, "version='S37'><", c, "subsigId>0</", c,
          "subsigId></", s, "signature>"),
      cat("<", s, "participants><", s, "attacker><", s, "addr ", c, "locality='OUT'>192.0.2.", 1 + number % 250, "</",
          s, "addr><", s, "port>40112</", s, "port></", s, "attacker><", s, "target><", s, "addr>198.51.",
          number / 250 % 250, ".20</", s, "addr></", s, "target></", s, "participants>"),
      cat("<", c, "triggerPacket>", encode_base64(frame(phf_request())), "</", c, "triggerPacket>"),
      cat("<", c, "riskRatingValue>85</", c, "riskRatingValue>")};
  std::string text = cat("<", s, "evIdsAlert eventId='", 1'000'000 + number, "' severity='high' vendor='Cisco'>");
  for (std::size_t i = 0; i < parts.size(); ++i) text += parts[dialect.backwards ? parts.size() - 1 - i : i];
  return {cat(text, "</", s, "evIdsAlert>"), name};
}

Element other_event(const Dialect& dialect, std::uint64_t number) {
  const std::string &s = dialect.sdee, &c = dialect.cidee;
  if (number % 2 == 0)
    return {
        cat("<", s, "evStatus eventId='", number, "'><", s, "time>", first_ns, "</", s, "time><", c, "ipLogCompleted><",
            c, "ipLogId>", number, "</", c, "ipLogId></", c, "ipLogCompleted></", s, "evStatus>"),
        {}};
  return {cat("<", s, "evError eventId='", number, "' severity='warning'><", s, "errorMessage name='errX'>no more</", s,
              "errorMessage></", s, "evError>"),
          {}};
}

Document document_of(const Dialect& dialect, const std::vector<Element>& elements) {
  const std::string &s = dialect.sdee, &e = dialect.envelope;
  Document document;
  std::string& text = document.text;
  text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  const std::string declared = " xmlns:sd='urn:s' xmlns:cid='urn:c' xmlns:env='urn:e'";
  if (dialect.soap) text += cat("<", e, "Envelope", declared, "><", e, "Body>");
  text += cat("<", s, "events", dialect.soap ? "" : declared, " ", s, "remaining-events='0'>\n");
  for (const Element& element : elements) {
    document.spans.emplace_back(text.size(), element.text.size());
    text += cat(element.text, "\n");
    if (!element.signature.empty()) document.signatures.push_back(element.signature);
  }
  text += cat("</", s, "events>");
  if (dialect.soap) text += cat("</", e, "Body></", e, "Envelope>");
  return document;
}

Document good_document(std::uint64_t seed) {
  Dice dice(seed);
  const Dialect dialect = dialect_of(dice);
  std::vector<Element> elements;
  for (std::uint64_t left = 2 + dice() % 3; left > 0; --left)
    elements.push_back(dice() % 3 == 0 ? other_event(dialect, dice() % 1000) : good_alert(dialect, dice() % 50'000));
  return document_of(dialect, elements);
}

}  // namespace exhibit::test
