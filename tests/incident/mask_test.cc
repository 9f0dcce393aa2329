#include "incident/mask.h"

#include <gtest/gtest.h>

namespace exhibit {
namespace {

struct Row {
  const char *before, *after;
};

TEST(Mask, SecretsBecomeTheirLength) {
  const Row rows[] = {
      {"Cookie: sid=abcdefghijkl; theme=dark", "Cookie: sid=[masked, 12 bytes]; theme=[masked, 4 bytes]"},
      {"set-cookie: a=b; Path=/", "set-cookie: a=[masked, 1 byte]; Path=[masked, 1 byte]"},
      {"Authorization: Basic dXNlcjpwYXNz", "Authorization: Basic [masked, 12 bytes]"},
      {"X-Api-Key: 123456", "X-Api-Key: [masked, 6 bytes]"},
      {"user=kim&password=secret1&x=1", "user=kim&password=[masked, 7 bytes]&x=1"},
      {"GET /login?pwd=abc HTTP/1.1", "GET /login?pwd=[masked, 3 bytes] HTTP/1.1"},
      {"{\"token\": \"abc\", \"n\": 1}", "{\"token\": \"[masked, 3 bytes]\", \"n\": 1}"},
      {"PASS hunter2", "PASS [masked, 7 bytes]"},
      {"pass hunter2\r\nUSER kim", "pass [masked, 7 bytes]\r\nUSER kim"},
      {"AUTH PLAIN AGtpbQBwdw==", "AUTH PLAIN [masked, 12 bytes]"},
      {"a1 LOGIN kim hunter2", "a1 LOGIN kim [masked, 7 bytes]"},
      {"http://kim:hunter2@host/x", "http://kim:[masked, 7 bytes]@host/x"},
      {"card 4111 1111 1111 1111 ok", "card [masked card, 16 digits] ok"},
      {"n=4111111111111111", "n=[masked card, 16 digits]"},
  };
  for (const Row& row : rows) EXPECT_EQ(mask_secrets(row.before), row.after);
}

TEST(Mask, WhatIsNoSecretStays) {
  for (const char* text : {"GET /cgi-bin/phf?Qalias=x%0a/bin/cat%20/etc/passwd HTTP/1.0", "Host: www.example.com",
                           "shopping=1&spin=2&author=kim", "1234 5678 9012 3456", "time: 12:30", "a=b", ""})
    EXPECT_EQ(mask_secrets(text), text);
}

TEST(Mask, TakesAnyBytesInReasonableTime) {
  std::string text;
  for (int i = 0; i < 20000; ++i) text += static_cast<char>(i * 7919 % 256);
  EXPECT_FALSE(mask_secrets(text).empty());
  EXPECT_FALSE(mask_secrets(std::string(50000, '4')).empty());
  EXPECT_FALSE(mask_secrets(std::string(50000, '=')).empty());
}

}  // namespace
}  // namespace exhibit
