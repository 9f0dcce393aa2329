#include "base/text.h"
#include "tests/any_xml/documents.h"

namespace exhibit::test {
namespace {

constexpr std::size_t document_max = 4U << 20;

std::string many(std::string_view piece, std::size_t count) {
  std::string out;
  out.reserve(piece.size() * count);
  for (std::size_t i = 0; i < count; ++i) out += piece;
  return out;
}

/// How much of it: mostly a little, now and then as much as fits into a document.
std::size_t amount(Dice& dice, std::size_t piece) {
  const std::size_t most = (document_max - 200'000) / piece;
  return dice() % 8 == 0 ? most : std::min<std::size_t>(most, 70 + dice() % 4000);
}

/// An alert that holds `inside` where its details stand.
std::string alert_with(const Dialect& dialect, std::string_view inside, std::string_view attributes = "") {
  const std::string &s = dialect.sdee, &c = dialect.cidee;
  return cat("<", s, "evIdsAlert eventId='7' severity='low' ", attributes, "><", c, "alertDetails>", inside, "</", c,
             "alertDetails></", s, "evIdsAlert>");
}

template <typename... Texts>
std::string one_of(Dice& dice, const Texts&... texts) {
  const std::vector<std::string> all = {std::string(texts)...};
  return all[dice() % all.size()];
}

struct Threat {
  const char* name;
  std::string (*element)(const Dialect& dialect, Dice& dice);
};

/// What stands as one bad event between good ones.
const Threat inside[] = {
    {"S2 deep",
     [](const Dialect& d, Dice& dice) {
       const std::size_t count = amount(dice, 7);
       return alert_with(d, cat(many("<a>", count), many("</a>", count)));
     }},
    {"S2 deep and never closed",
     [](const Dialect& d, Dice& dice) { return alert_with(d, many("<a>", amount(dice, 3))); }},
    {"S2 wide", [](const Dialect& d, Dice& dice) { return alert_with(d, many("<a/>", amount(dice, 4))); }},
    {"S2 many attributes",
     [](const Dialect& d, Dice& dice) {
       std::string attributes;
       for (std::size_t i = 0; i < 64 + dice() % 200; ++i) attributes += cat(" a", i, "='1'");
       return alert_with(d, "x", attributes);
     }},
    {"S2 one long text", [](const Dialect& d, Dice& dice) { return alert_with(d, many("long ", amount(dice, 5))); }},
    {"S2 starts of events",
     [](const Dialect& d, Dice& dice) {
       return alert_with(d, many(cat("<", d.sdee, "evX>"), amount(dice, 6 + d.sdee.size())));
     }},
    {"S2 events that never end",
     [](const Dialect& d, Dice& dice) { return many(cat("<", d.sdee, "evX>"), amount(dice, 6 + d.sdee.size())); }},
    {"S2 names of events without number",
     [](const Dialect& d, Dice& dice) {
       std::string out;
       for (std::size_t i = amount(dice, 24); i > 0; --i) out += cat("<", d.sdee, "evX", i, ">");
       return out;
     }},
    {"S2 ends of events",
     [](const Dialect& d, Dice& dice) {
       return alert_with(d, many(cat("</", d.sdee, "evX>"), amount(dice, 7 + d.sdee.size())));
     }},
    {"S2 names without end",
     [](const Dialect& d, Dice& dice) { return alert_with(d, cat("<", many("n", amount(dice, 1)), "/>")); }},
    {"S3 NUL", [](const Dialect& d, Dice&) { return alert_with(d, std::string_view("ab\0cd", 5)); }},
    {"S3 NUL by reference",
     [](const Dialect& d, Dice& dice) {
       return alert_with(d, cat("ab&#", dice() % 2 == 0 ? "x" : "", std::string(1 + dice() % 60, '0'), ";cd"));
     }},
    {"S3 references",
     [](const Dialect& d, Dice& dice) {
       return alert_with(d, many(one_of(dice, "&#x1;", "&#", "&#xD800;", "&", "&#99999999999999999999;", "&#x110000;"),
                                 amount(dice, 22)));
     }},
    {"S4 ill-formed UTF-8",
     [](const Dialect& d, Dice& dice) {
       return alert_with(
           d, many(one_of(dice, "\xC3\x28", "\xFF", "\xED\xA0\x80", "\xF8\x88\x80\x80\x80", "\xC0\xAF", "\xE2\x82"),
                   amount(dice, 5)));
     }},
    {"S5 characters that hide",
     [](const Dialect& d, Dice& dice) {
       return alert_with(
           d, one_of(dice, "&#x1B;[2J", "&#x202E;gpj", "\u202E\u2066", "&#8;&#8;", "&#xE0041;", "&#x85;&#x2028;"));
     }},
    {"S6 attribute twice", [](const Dialect& d, Dice&) { return alert_with(d, "x", "a='1' a='2'"); }},
    {"S6 broken tags",
     [](const Dialect& d, Dice& dice) {
       return alert_with(d, one_of(dice, "<", "</", "<a", "<a b", "<a b=", "<a b='", "<!", "<!-- ", "<![CDATA[", "<?x",
                                   "</x>", "<a></b>", "<a/ >", "<1/>", "< a>", "<a b='<'/>", "<a b=c/>"));
     }},
    {"S6 no end of its own", [](const Dialect& d, Dice&) { return cat("<", d.sdee, "evIdsAlert eventId='7'><a>"); }},
    {"S6 no start of its own", [](const Dialect& d, Dice&) { return cat("</a></", d.sdee, "evIdsAlert>"); }},
    {"S6 an event in an event", [](const Dialect& d, Dice&) { return alert_with(d, other_event(d, 4).text); }},
    {"S8 base64",
     [](const Dialect& d, Dice& dice) {
       const std::string text =
           one_of(dice, "A", "AA", "AA=", "AAA", "====", "A=AA", "AA!A", "AAB=", "QUJD QUJD =", "\u0410\u0410",
                  many("QUJD", amount(dice, 4)), many("\n ", amount(dice, 2)));
       const std::string& c = d.cidee;
       return cat("<", d.sdee, "evIdsAlert eventId='7'><", c, "triggerPacket>", text, "</", c, "triggerPacket></",
                  d.sdee, "evIdsAlert>");
     }},
    {"S10 times",
     [](const Dialect& d, Dice& dice) {
       const std::string time = one_of(dice, "", "-1", "99999999999999999999999", "9223372036854775807",
                                       "-9223372036854775808", "1e9", "now", "0");
       return cat("<", d.sdee, "evIdsAlert eventId='7'><", d.sdee, "time>", time, "</", d.sdee, "time></", d.sdee,
                  "evIdsAlert>");
     }},
    {"no id", [](const Dialect& d, Dice&) { return cat("<", d.sdee, "evIdsAlert/>"); }},
    {"numbers",
     [](const Dialect& d, Dice& dice) {
       const std::string& c = d.cidee;
       const std::string number =
           one_of(dice, "", "-1", "NaN", "1e400", "99999999999999999999", "0x10", "1 2", many("9", amount(dice, 1)));
       return cat("<", d.sdee, "evIdsAlert eventId='", number, "'><", c, "ipLogIds>", number, "</", c, "ipLogIds><", c,
                  "riskRatingValue>", number, "</", c, "riskRatingValue></", d.sdee, "evIdsAlert>");
     }},
    {"many logs and targets",
     [](const Dialect& d, Dice& dice) {
       const std::string &s = d.sdee, &c = d.cidee;
       return cat("<", s, "evIdsAlert eventId='7'><", s, "participants>",
                  many(cat("<", s, "target><", s, "addr>1.2.3.4</", s, "addr></", s, "target>"), amount(dice, 120)),
                  "</", s, "participants><", c, "ipLogIds>", many("7 8,9;", amount(dice, 12)), "</", c, "ipLogIds></",
                  s, "evIdsAlert>");
     }},
};

struct Wrapping {
  const char* name;
  std::string (*text)(std::string document, Dice& dice);
};

std::string behind_declaration(std::string text, std::string_view what) {
  const std::size_t at = text.find("?>") + 2;
  return text.insert(at, what);
}

std::string utf16(std::string_view text) {
  std::string out = "\xFF\xFE";
  for (const char c : text) (out += c) += '\0';
  return out;
}

/// What is done to the document around its events.
const Wrapping around[] = {
    {"S1 entities",
     [](std::string text, Dice& dice) {
       return behind_declaration(
           std::move(text), one_of(dice, "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;\">]>",
                                   "<!DOCTYPE x SYSTEM \"file:///etc/passwd\">", "<!DOCTYPE x>", "<!ENTITY x 'y'>"));
     }},
    {"S4 another encoding",
     [](std::string text, Dice& dice) {
       return dice() % 2 == 0 ? utf16(text)
                              : replace_all(text, "UTF-8", one_of(dice, "UTF-16", "ISO-8859-1", "EBCDIC-CP-US", ""));
     }},
    {"S6 two roots",
     [](std::string text, Dice& dice) { return cat(text, one_of(dice, "<a/>", "<events/>", "<evX eventId='1'/>")); }},
    {"S6 garbage behind",
     [](std::string text, Dice& dice) { return cat(text, one_of(dice, "x", "&", "\x01", "<", "<!-- x", "]]>")); }},
    {"S6 garbage before",
     [](std::string text, Dice& dice) {
       return cat(one_of(dice, "x", "\r\n<!-- -- -->", "\xEF\xBB\xBF", "<?x?>"), text);
     }},
    {"S11 missed events",
     [](std::string text, Dice&) { return text.insert(text.rfind("</"), "<missedEvents>true</missedEvents>"); }},
};

}  // namespace

HostileDocument hostile_document(std::uint64_t seed) {
  Dice dice(seed);
  const Dialect dialect = dialect_of(dice);
  std::vector<Element> elements;
  for (std::uint64_t i = 0; i < 3; ++i) elements.push_back(good_alert(dialect, seed % 10'000 * 4 + i));
  HostileDocument made;
  // Each threat in turn, so that a few hundred hold all of them many times.
  const std::size_t which = seed % (std::size(inside) + std::size(around) + 1);
  if (which < std::size(inside)) {
    const auto place = elements.begin() + static_cast<std::ptrdiff_t>(dice() % 4);
    elements.insert(place, Element{inside[which].element(dialect, dice), {}});
    made = {document_of(dialect, elements), inside[which].name, false};
  } else if (which == std::size(inside) + std::size(around)) {
    elements.insert(elements.begin() + static_cast<std::ptrdiff_t>(dice() % 4), {elements[dice() % 3].text, {}});
    made = {document_of(dialect, elements), "S9 the same alert twice", false};
  } else {
    const Wrapping& wrapping = around[which - std::size(inside)];
    made = {document_of(dialect, elements), wrapping.name, true};
    made.document.text = wrapping.text(std::move(made.document.text), dice);
  }
  return made;
}

}  // namespace exhibit::test
