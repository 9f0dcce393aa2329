#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "adapters/rest/rest_text.h"
#include "base/json.h"
#include "base/text.h"

namespace exhibit::rest {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const std::vector<TextFormat> formats = {TextFormat::plain,    TextFormat::unfolded, TextFormat::html,
                                         TextFormat::markdown, TextFormat::textile,  TextFormat::wiki,
                                         TextFormat::adf};

const std::vector<std::string> hostile = {
    "a",
    "two\nlines",
    "ends in a line end\n",
    "\n\nbegins so",
    "a\n\n\nb",
    "<script>alert(1)</script>",
    "</pre><b>x</b><pre>",
    "&lt; &amp;lt; &#39; &",
    "`` ``` ```` ~~~",
    "```\ncode\n```",
    "# h\n1. one\n- two\n> three\n| a | b |",
    "a\\b \\\\ c\\",
    "*b* _i_ ~s~ [x](y) ![i](j) <http://x>",
    "kim@evil.example www.evil.example http://evil.example/?a=b`c",
    "` x ` `y` ``z``",
    "{noformat} {NoFormat} {code:java} {{macro}} [~user] h1. !x!",
    "\"q\":http://x !img! @code@ <notextile>x</notextile> {{include(x)}} #1 commit:a",
    "{\"version\":1,\"type\":\"doc\"}",
    "\xF0\x9F\x92\xA9 \xC3\xBC \xE2\x81\xA0{noformat}",
    "<a href=\"https://x\">y</a> <br>",
    "<br>\nx",
    "text with https://ev.example/e/abc in it"};

TEST(RestText, WhatIsRenderedComesBackAsItWas) {
  for (const TextFormat format : formats)
    for (const Layout layout : {Layout::prose, Layout::columns})
      for (const char* link : {"", "https://ev.example/e/abc"})
        for (const std::string& text : hostile) {
          const bool joins =
              text.find("\u2060") != std::string::npos && (format == TextFormat::wiki || format == TextFormat::textile);
          if (joins) continue;  // The engine has made such characters visible before.
          EXPECT_EQ(unrendered(rendered(text, format, layout, link), format), text)
              << static_cast<int>(format) << static_cast<int>(layout) << link;
        }
}

TEST(RestText, NoLineLooksQuotedToADeskThatFoldsQuotesAway) {
  for (const char* line : {">", "> x", "  ipt>x", "\xC3\xA9t>x", "_a1>"})
    EXPECT_EQ(rendered(cat("a\n", line, "\nb"), TextFormat::unfolded, Layout::columns, ""),
              cat("a\n\u2060", line, "\nb"));
  for (const char* line : {"a b>", "  | >", "-> x", "<b>"})
    EXPECT_EQ(rendered(line, TextFormat::unfolded, Layout::columns, ""), line);
}

TEST(RestText, LineEndsThatADeskMadeLongerAreTheSameText) {
  for (const TextFormat format :
       {TextFormat::plain, TextFormat::unfolded, TextFormat::textile, TextFormat::wiki, TextFormat::markdown})
    EXPECT_EQ(unrendered(replace_all(rendered("a\nb", format, Layout::columns, ""), "\n", "\r\n"), format), "a\nb");
}

TEST(RestText, NoTagOfAStrangerIsLeftInHtml) {
  for (const std::string& text : hostile) {
    std::string made = rendered(text, TextFormat::html, Layout::columns, "");
    ASSERT_TRUE(made.starts_with("<pre>") && made.ends_with("</pre>"));
    made = made.substr(5, made.size() - 11);
    EXPECT_EQ(made.find_first_of("<>\"'"), std::string::npos) << made;
  }
}

/// Redmine escapes the rest of a block itself: tests/real shows it.
TEST(RestText, ABlockOfTextileHoldsNoTagThatEndsIt) {
  for (const char* tag : {"</pre>", "<PRE>", "</Code >", "<code>", "<kbd>", "</notextile>"}) {
    std::string made = to_lower(rendered(cat("a", tag, "b"), TextFormat::textile, Layout::columns, ""));
    made = made.substr(5, made.size() - 11);
    for (const char* name : {"<pre", "</pre", "<code", "</code", "<kbd", "<notextile", "</notextile"})
      EXPECT_EQ(made.find(name), std::string::npos) << made;
  }
}

TEST(RestText, ABlockOfMarkdownOrWikiIsNeverClosedByItsText) {
  for (const std::string& text : hostile) {
    const std::string fenced = rendered(text, TextFormat::markdown, Layout::columns, "");
    const std::string fence = fenced.substr(0, fenced.find('\n'));
    EXPECT_EQ(fenced.find(fence, fence.size()), fenced.size() - fence.size()) << fenced;
    const std::string block = to_lower(rendered(text, TextFormat::wiki, Layout::columns, ""));
    EXPECT_EQ(block.find("{noformat", 1), block.size() - 10) << block;
  }
}

TEST(RestText, ATreeIsADocumentWithOneTextAndOurLink) {
  const std::string tree =
      rendered("x https://ev.example/e/a", TextFormat::adf, Layout::columns, "https://ev.example/e/a");
  const Json document = *parse_json(tree);
  EXPECT_EQ(document["type"], "doc");
  EXPECT_EQ(document["content"][0]["type"], "codeBlock");
  EXPECT_EQ(document["content"][1]["content"][0]["marks"][0]["attrs"]["href"], "https://ev.example/e/a");
  EXPECT_THAT(rendered("x", TextFormat::adf, Layout::columns, "https://ev.example/e/a"), Not(HasSubstr("href")));
}

TEST(RestText, AnAddressThatMarkupCouldReadDifferentlyIsNoLink) {
  for (const char* bad :
       {"javascript:alert(1)", "https://x/\">", "https://x/ y", "https://x/)", "https://x/|y", "ftp://x"})
    for (const TextFormat format : {TextFormat::html, TextFormat::markdown, TextFormat::textile, TextFormat::adf})
      EXPECT_THAT(rendered(cat("see ", bad), format, Layout::columns, bad), Not(HasSubstr("href")));
}

TEST(RestText, ACutNeverSplitsACharacterAndSaysSo) {
  EXPECT_EQ(cut_with_word("short", 5, "[cut]"), "short");
  EXPECT_EQ(cut_with_word("too long", 7, "[cut]"), "to[cut]");
  for (std::size_t most = 5; most < 12; ++most) {
    const std::string cut = cut_with_word(
        "\xC3\xBC\xE2\x82\xAC\xF0\x9F\x92\xA9\xC3\xBC\xC3\xBC\xC3\xBC\xC3\xBC\xC3\xBC\xC3\xBC\xC3\xBC\xC3\xBC\xC3\xBC",
        most, "[cut]");
    EXPECT_TRUE(is_utf8(cut));
    EXPECT_EQ(code_points(cut), most);
  }
}

}  // namespace
}  // namespace exhibit::rest
