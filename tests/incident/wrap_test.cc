#include "incident/wrap.h"

#include <gmock/gmock.h>

namespace exhibit {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Wrap, ALabelCountsAsPartOfTheFirstLine) {
  EXPECT_THAT(wrap_behind("To  ", "one two three", "    ", 12), ElementsAre("To  one two", "    three"));
}

TEST(Wrap, ALabelWithoutAWordIsNoLine) { EXPECT_THAT(wrap_behind("To  ", "  ", "    "), IsEmpty()); }

TEST(Wrap, AWordThatIsCutToItsLastByteLeavesNothingToTheNextLine) {
  EXPECT_THAT(wrap("abcdefghi x", 10, "  "), ElementsAre("abcdefghi", "  x"));
}

TEST(Wrap, ColumnsAreCodePointsAndNoEscapeIsCutInTwo) {
  EXPECT_THAT(wrap("\u00e9\u00e9\u00e9 \u00e9", 5), ElementsAre("\u00e9\u00e9\u00e9 \u00e9"));
  EXPECT_THAT(wrap("abcdef\\x0ag", 9), ElementsAre("abcdef", "\\x0ag"));
}

}  // namespace
}  // namespace exhibit
