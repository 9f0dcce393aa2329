#include "config/desk_file.h"

#include <gmock/gmock.h>

namespace exhibit {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

TEST(DeskFile, HoldsADeskItsNameAndWhatATenantSaysOfIt) {
  std::vector<Mistake> mistakes;
  const auto file = read_desk_file(
      "name: snow\nadapter: rest\nprofile: servicenow\nurl: https://a.example\nattach: capture\ndisclosure: headers\n"
      "login: {user: u, password: {env: PW}}\n",
      mistakes);
  ASSERT_TRUE(file) << mistakes_json(mistakes);
  EXPECT_EQ(file->name, "snow");
  EXPECT_EQ(file->use_json, R"({"attach":"capture","disclosure":"headers","use":"snow"})");
  EXPECT_THAT(file->desk_json, HasSubstr(R"("login":{"password":{"env":"PW"},"user":"u"})"));
  EXPECT_EQ(file->desk_json.find("attach"), std::string::npos) << "that is the tenant's";
}

TEST(DeskFile, SaysWhatIsWrongAndWhere) {
  std::vector<Mistake> mistakes;
  EXPECT_FALSE(read_desk_file("name: snow\nadaptor: rest\n", mistakes));
  ASSERT_FALSE(mistakes.empty());
  EXPECT_EQ(mistakes.back().line, 2);
  mistakes.clear();
  EXPECT_FALSE(read_desk_file("a: [", mistakes));
  EXPECT_THAT(mistakes, testing::Not(IsEmpty()));
  mistakes.clear();
  EXPECT_FALSE(read_desk_file(std::string((1U << 20) + 1, ' '), mistakes));
  ASSERT_EQ(mistakes.size(), 1U);
  EXPECT_THAT(mistakes[0].what, HasSubstr("larger than 1 MiB"));
}

TEST(MistakeText, NamesFilePlaceAndHintAsFarAsTheyAreKnown) {
  EXPECT_EQ(mistake_text("exhibit.yaml", {12, 5, "/desks/snow/url", "no address", "https://…"}),
            "exhibit.yaml:12:5: /desks/snow/url: no address (https://…)");
  EXPECT_EQ(mistake_text("x", {0, 0, "", "what", ""}), "x: what");
  const std::vector<Mistake> warning = {{1, 2, "/a", "look", "", true}};
  EXPECT_FALSE(any_mistake(warning));
  EXPECT_EQ(mistakes_json(warning), R"([{"line":1,"column":2,"where":"/a","what":"look","hint":null,"warning":true}])");
}

}  // namespace
}  // namespace exhibit
