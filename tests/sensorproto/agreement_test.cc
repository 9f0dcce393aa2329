#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <random>

#include "base/text.h"
#include "files.h"
#include "phf_alert.h"
#include "proof.h"
#include "tests/sensorproto/pugixml_reader.h"

/// The reader without a tree and pugixml's tree give the same events of the same documents, whole, cut and bent.
namespace exhibit {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> documents() {
  std::vector<std::string> all;
  const auto take = [&](const fs::path& folder) {
    if (!fs::exists(folder)) return;
    for (const auto& entry : fs::directory_iterator(folder))
      if (entry.is_regular_file()) all.push_back(test::read_file(entry.path()));
  };
  take(fs::path(EXHIBIT_SOURCE_DIR) / "tests/fuzz/seeds/sdee_document");
  take(fs::path(EXHIBIT_SOURCE_DIR) / "tests/fuzz/seeds/pre_scan");
  if (const char* corpus = std::getenv("EXHIBIT_CORPUS")) take(fs::path(corpus) / "sdee");
  std::sort(all.begin(), all.end());
  test::AlertXml alert;
  alert.extra =
      "<cid:alertDetails>a &amp; b &lt;\r\n&#65;&#x1F600;&nbsp;<![CDATA[<c> &amp;\r]]> d<!-- e -->f<?g "
      "h?></cid:alertDetails>"
      "<cid:context><cid:fromTarget> <![CDATA[QUJD]]></cid:fromTarget></cid:context><own:more own:a=' \t\r\nx&quot;'/>";
  all.push_back(
      cat("<env:Envelope xmlns:env='e'><env:Body><sd:events xmlns:sd='s'>", alert.text(),
          "<sd:evStatus eventId='2'><ipLogCompleted ipLogId='77'>x<status>done</status></ipLogCompleted></sd:evStatus>",
          "<sd:evError eventId='3'><errorMessage name='n'>ipLogId=5</errorMessage></sd:evError></sd:events>",
          "<sd:remaining-events>7</sd:remaining-events></env:Body></env:Envelope>"));
  return all;
}

TEST(TwoReaders, AgreeOnEveryDocumentAndOnEachCutAnywhere) {
  for (const std::string& document : documents()) {
    EXPECT_EQ(difference(document), "") << document.substr(0, 2000);
    for (std::size_t length = document.size() % 7; length < std::min<std::size_t>(document.size(), 6000); length += 7)
      ASSERT_EQ(difference(document.substr(0, length)), "") << document.substr(0, length);
  }
}

/// One to four places are changed, each into something that means something in XML.
std::string bent(std::string document, std::mt19937_64& dice) {
  constexpr std::string_view pieces[] = {"<",
                                         ">",
                                         "/",
                                         "</",
                                         "/>",
                                         "&",
                                         ";",
                                         "&amp;",
                                         "&lt;",
                                         "&#65;",
                                         "&#x41;",
                                         "&#X41;",
                                         "&#0;",
                                         "&#;",
                                         "&#9999999999;",
                                         "&nope;",
                                         "\r",
                                         "\r\n",
                                         "\n",
                                         " ",
                                         "\t",
                                         "'",
                                         "\"",
                                         "=",
                                         ":",
                                         "a:b:",
                                         "-",
                                         "1",
                                         "\x01",
                                         "\xC3\xA4",
                                         "\xC3",
                                         "<!-- x -->",
                                         "<!---->",
                                         "<![CDATA[x\r\ny]]>",
                                         "<![CDATA[]]>",
                                         "<?x y?>",
                                         "<?1?>",
                                         "<a/>",
                                         "<a b='c'/>",
                                         "</a>",
                                         "<id>5</id>",
                                         "<evStatus eventId='7'/>",
                                         " eventId='8'",
                                         " x='1'y='2'",
                                         "<hostId>h</hostId>",
                                         "<time>6</time>",
                                         "ipLogId=9"};
  for (std::size_t left = 1 + dice() % 4; left > 0; --left) {
    const std::size_t at = dice() % (document.size() + 1);
    const std::size_t gone = dice() % 3 == 0 ? dice() % 12 : 0;
    document.replace(at, gone, pieces[dice() % std::size(pieces)]);
  }
  return document;
}

TEST(TwoReaders, AgreeOnBentDocuments) {
  const std::vector<std::string> all = documents();
  const std::uint64_t count = test::asked_count(20'000), first = test::first_seed();
  std::size_t read = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    std::mt19937_64 dice(seed);
    const std::string document = bent(all[dice() % all.size()], dice);
    ASSERT_EQ(difference(document), "") << "seed " << seed << ": " << document;
    read += read_sdee_document(document) ? 1 : 0;
  }
  EXPECT_GT(read * 4, count) << "too few of them can be read at all";
}

}  // namespace
}  // namespace exhibit
