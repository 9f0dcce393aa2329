#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/base64.h"
#include "base/json.h"
#include "base/sha256.h"
#include "base/utc.h"

namespace exhibit {
namespace {

std::string decoded(std::string_view text) {
  const Result<Bytes> bytes = decode_base64(text, 100);
  return bytes ? std::string(as_text(*bytes)) : "error";
}

TEST(Base64, ReadsTheVectorsOfTheStandard) {
  for (const auto& [plain, coded] : std::initializer_list<std::pair<const char*, const char*>>{
           {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"foobar", "Zm9vYmFy"}}) {
    EXPECT_EQ(decoded(coded), plain);
    EXPECT_EQ(encode_base64(as_bytes(plain)), coded);
  }
}

TEST(Base64, LineBreaksAreAllowedAndNothingElseIs) {
  EXPECT_EQ(decoded("\n  Zm9v\r\n YmFy\t"), "foobar");
  for (const char* bad : {"Zm9", "Zg=", "Zg===", "Zh==", "Zm9v!", "=Zg=", "Z", "Zg==Zg==", "Zm9v=", "===="})
    EXPECT_EQ(decoded(bad), "error") << bad;
}

TEST(Base64, TheBoundHolds) {
  EXPECT_TRUE(decode_base64("Zm9v", 3));
  EXPECT_EQ(decode_base64("Zm9v", 2).error().code, Errc::too_large);
}

TEST(Base32, WritesTheVectorsOfTheStandard) {
  EXPECT_EQ(encode_base32(as_bytes("f")), "MY");
  EXPECT_EQ(encode_base32(as_bytes("foobar")), "MZXW6YTBOI");
}

TEST(Sha256, GivesTheKnownDigest) {
  EXPECT_EQ(hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  Sha256 pieces;
  pieces.add(as_bytes("a"));
  pieces.add(as_bytes("bc"));
  EXPECT_EQ(hex(pieces.finish()), hex(sha256("abc")));
}

TEST(Sha256, FieldsDoNotRunTogether) {
  Sha256 left, right;
  left.add_field("ab"), left.add_field("c");
  right.add_field("a"), right.add_field("bc");
  EXPECT_NE(hex(left.finish()), hex(right.finish()));
}

TEST(Hmac, GivesTheVectorsOfRfc4231) {
  EXPECT_EQ(hex(hmac_sha256(as_bytes("Jefe"), "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  const Bytes longer_than_a_block(131, 0xAA);
  EXPECT_EQ(hex(hmac_sha256(longer_than_a_block, "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(Utc, TimesReadAsPeopleWriteThem) {
  const WallTime time = wall_from_ns(1795313561123000000);
  EXPECT_EQ(iso_utc(time), "2026-11-22T02:12:41.123Z");
  EXPECT_EQ(long_date(civil_of(time)), "Sun 22 Nov 2026");
  EXPECT_EQ(clock_seconds(civil_of(time, 3600)), "03:12:41");
  EXPECT_EQ(http_date(time), "Sun, 22 Nov 2026 02:12:41 GMT");
  EXPECT_EQ(parse_http_date("Sun, 22 Nov 2026 02:12:41 GMT"), wall_from_ns(1795313561000000000));
  EXPECT_EQ(parse_http_date("Sun, 32 Nov 2026 02:12:41 GMT"), std::nullopt);
}

TEST(Utc, AnyNanosecondCountHasAText) {
  EXPECT_EQ(epoch_text(wall_from_ns(-1)), "-1.999999999");
  EXPECT_EQ(iso_utc(wall_from_ns(-1)), "1969-12-31T23:59:59.999Z");
  EXPECT_FALSE(iso_utc(WallTime::max()).empty());
  EXPECT_FALSE(iso_utc(WallTime::min()).empty());
}

TEST(Utc, DurationsAreForPeople) {
  EXPECT_EQ(duration_text(std::chrono::milliseconds{41}), "41 ms");
  EXPECT_EQ(duration_text(std::chrono::milliseconds{1450}), "1.4 s");
  EXPECT_EQ(duration_text(std::chrono::seconds{125}), "2 min 05 s");
  EXPECT_EQ(duration_text(std::chrono::hours{49}), "2 d 1 h");
}

TEST(Json, ABoundAndAPlaceForBadInput) {
  EXPECT_EQ(parse_json(std::string(70, '[')).error().code, Errc::too_large);
  EXPECT_EQ(parse_json("{\"a\":").error().code, Errc::bad_input);
  EXPECT_EQ(parse_json("1e400").error().code, Errc::bad_input);
  EXPECT_EQ(parse_json(std::string_view("{\"a\":1}\0<html>", 14)).error().code, Errc::bad_input);
  EXPECT_EQ(parse_json("\"[[[[\"", 100, 1)->get<std::string>(), "[[[[");
}

TEST(Json, TheWriterWritesWhatTheReaderReads) {
  JsonWriter w;
  w.object().member("a", 1).key("b").array().value("x\n\"\x01").null().value(true).end().member("c", "\xff").end();
  EXPECT_EQ(w.text(), "{\"a\":1,\"b\":[\"x\\n\\\"\\u0001\",null,true],\"c\":\"\xEF\xBF\xBD\"}");
  EXPECT_TRUE(parse_json(w.text()));
}

TEST(Sha256, SecretsAreComparedWhole) {
  EXPECT_TRUE(equal_in_constant_time("", ""));
  EXPECT_TRUE(equal_in_constant_time("secret", "secret"));
  for (const char* wrong : {"", "s", "secreu", "Secret", "secret1"})
    EXPECT_FALSE(equal_in_constant_time("secret", wrong)) << wrong;
}

}  // namespace
}  // namespace exhibit
