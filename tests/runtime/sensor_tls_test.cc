#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/tls1.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <map>

#include "base/text.h"
#include "runtime/sensor_http.h"
#include "sensorproto/sim/certificate.h"
#include "tests/support/files.h"
#include "tests/support/proof.h"

/// TLS per sensor (P17): every kind of peer before a client with and without the legacy switch, in one process, with
/// strict calls between: to a good peer, which must go on, and to the weak one, which must be refused.
namespace exhibit {
namespace {

using namespace std::chrono_literals;
using sim::CertificateKind;
using sim::SensorCertificate;
using testing::HasSubstr;
using Kind = SensorCallError::Kind;

enum class Trust { right_pin, wrong_pin, by_ca, by_ca_expired, right_pin_expired, changed };
constexpr Trust all_trusts[] = {Trust::right_pin,     Trust::wrong_pin,         Trust::by_ca,
                                Trust::by_ca_expired, Trust::right_pin_expired, Trust::changed};
constexpr const char* trust_names[] = {"right pin",        "wrong pin",          "no pin, by a CA",
                                       "expired, by a CA", "right pin, expired", "changed"};

struct Peer {
  int version = TLS1_2_VERSION;
  unsigned bits = 2048;
  bool sha1 = false;

  [[nodiscard]] bool weak() const { return version < TLS1_2_VERSION || bits < 2048 || sha1; }
  [[nodiscard]] std::string name() const {
    return cat("TLS 1.", version - TLS1_VERSION, ", RSA-", bits, sha1 ? ", SHA-1" : ", SHA-256");
  }
};

std::string pin_of(const SensorCertificate& certificate) { return certificate.pin.substr(7); }

class SensorTls : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    authority = sim::make_certificate("The tests' authority", CertificateKind{.authority = true});
    for (const unsigned bits : {1024U, 2048U})
      for (auto& keys : {&own_keys, &other_keys})
        (*keys)[bits] = sim::make_certificate("key", CertificateKind{.bits = bits}).tls;
    std::string folder = "/tmp/exhibit-tls-XXXXXX";
    file = cat(::mkdtemp(folder.data()), "/authority.pem");
    test::write_file(file, authority->tls.certificate_pem);
    ::setenv("SSL_CERT_FILE", file.c_str(), 1);  // What the system trusts, for this process.
  }
  static void TearDownTestSuite() {
    ::unsetenv("SSL_CERT_FILE");
    std::filesystem::remove_all(std::filesystem::path(file).parent_path());
  }
  ~SensorTls() override { executors.join(); }

  /// A peer that answers "fine" to whatever gets through.
  struct Server {
    explicit Server(const sim::ServerTls& tls, std::uint16_t port = 0)
        : http(std::make_unique<sim::HttpServer>(sim::Endpoint{"127.0.0.1", port}, tls, [this](const auto&) {
            ++asked;
            return sim::HttpReply{.body = "fine"};
          })) {}
    std::atomic<int> asked = 0;
    std::unique_ptr<sim::HttpServer> http;
  };

  SensorCallResult call(std::uint16_t port, std::string pin, bool legacy) {
    SensorSettings settings;
    settings.host = "127.0.0.1";
    settings.port = port;
    settings.pin = std::move(pin);
    settings.legacy_tls = legacy;
    SensorHttp http(strand, settings);
    std::promise<SensorCallResult> promise;
    boost::asio::co_spawn(strand, http.call({"GET", "/", "", 1s}, Secret("secret"), {10s, 10s, 1U << 20}),
                          [&](std::exception_ptr, SensorCallResult result) { promise.set_value(std::move(result)); });
    return promise.get_future().get();
  }
  /// The strict calls before and after each cell.
  void expect_strict(const Server& weak, const Peer& peer, const std::string& pin) {
    const SensorCallResult fine = call(good->http->port(), pin_of(*good_certificate), false);
    EXPECT_EQ(fine.answer.body, "fine") << (fine.error ? fine.error->why : "");
    if (!peer.weak()) return;
    const int before = weak.asked;
    for (const std::string& given : {pin, std::string()}) {
      const SensorCallResult refused = call(weak.http->port(), given, false);
      ASSERT_TRUE(refused.error) << "a strict client speaks to " << peer.name();
      EXPECT_EQ(refused.error->kind, Kind::certificate_refused) << refused.error->why;
    }
    EXPECT_EQ(weak.asked, before);
  }

  void play(const Peer& peer, Trust trust, bool legacy);

  static inline std::optional<SensorCertificate> authority;
  static inline std::map<unsigned, sim::ServerTls> own_keys, other_keys;  // Making one takes a while.
  static inline std::string file;
  Executors executors{2, 1};
  Strand strand = executors.make_strand();
  std::optional<SensorCertificate> good_certificate = sim::make_certificate("good", CertificateKind{});
  std::unique_ptr<Server> good = std::make_unique<Server>(good_certificate->tls);
};

void SensorTls::play(const Peer& peer, Trust trust, bool legacy) {
  const bool expired = trust == Trust::by_ca_expired || trust == Trust::right_pin_expired;
  const bool pinned = trust != Trust::by_ca && trust != Trust::by_ca_expired;
  CertificateKind kind{.bits = peer.bits,
                       .sha1 = peer.sha1,
                       .expired = expired,
                       .issuer = pinned ? nullptr : &authority->tls,
                       .key_of = &own_keys[peer.bits]};
  SensorCertificate shown = sim::make_certificate("sensor", kind);
  shown.tls.only_version = peer.version;
  auto server = std::make_unique<Server>(shown.tls);
  std::string pin = pinned ? pin_of(shown) : "";
  if (trust == Trust::wrong_pin) pin = pin_of(*good_certificate);
  const bool may = pinned ? legacy || !peer.weak() : !peer.weak() && !expired;
  expect_strict(*server, peer, pin_of(shown));
  if (trust == Trust::changed) {
    const SensorCallResult first = call(server->http->port(), pin, legacy);
    EXPECT_EQ(!first.error, may);
    const std::uint16_t port = server->http->port();
    kind.key_of = &other_keys[peer.bits];
    shown = sim::make_certificate("sensor", kind);
    shown.tls.only_version = peer.version;
    server.reset();
    server = std::make_unique<Server>(shown.tls, port);
  }
  const bool expected = may && trust != Trust::wrong_pin && trust != Trust::changed;
  const SensorCallResult result = call(server->http->port(), pin, legacy);
  EXPECT_EQ(!result.error, expected) << (result.error ? result.error->why : "it was let through");
  EXPECT_EQ(server->asked, expected ? 1 : 0) << "the login goes to nobody else";
  if (!expected && result.error) {
    EXPECT_EQ(result.error->kind, Kind::certificate_refused) << result.error->why;
    if (trust == Trust::changed && legacy) {
      EXPECT_THAT(result.error->why, HasSubstr(pin_of(shown)));
    }
  }
  expect_strict(*server, peer, pin_of(shown));
}

TEST_F(SensorTls, OnlyAListedPeerWithItsPinMayBeWeak) {
  std::uint64_t cells = 0, failed = 0;
  for (const int version : {TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION, TLS1_3_VERSION})
    for (const unsigned bits : {1024U, 2048U})
      for (const bool sha1 : {true, false})
        for (const Trust trust : all_trusts)
          for (const bool legacy : {false, true}) {
            const Peer peer{version, bits, sha1};
            SCOPED_TRACE(cat(peer.name(), ", ", trust_names[static_cast<int>(trust)], legacy ? ", legacy" : ""));
            const auto* told = testing::UnitTest::GetInstance()->current_test_info()->result();
            const int before = told->total_part_count();
            play(peer, trust, legacy);
            ++cells;
            failed += told->total_part_count() > before ? 1 : 0;
          }
  test::proved("P17", cells, failed);
  EXPECT_EQ(cells, 192U);
}

/// Then nothing is shown that could be pinned.
TEST_F(SensorTls, APeerWithoutACertificateIsRefused) {
  for (const int version : {TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION})
    for (const bool legacy : {false, true}) {
      SensorCertificate nobody = sim::make_certificate("nobody", CertificateKind{});
      nobody.tls.only_version = version;
      nobody.tls.ciphers = "aNULL";
      const Server server(nobody.tls);
      for (const std::string& pin : {pin_of(nobody), std::string()}) {
        const SensorCallResult result = call(server.http->port(), pin, legacy);
        EXPECT_TRUE(result.error) << "TLS 1." << version - TLS1_VERSION << (legacy ? ", legacy" : "");
        EXPECT_EQ(server.asked, 0);
      }
    }
}

}  // namespace
}  // namespace exhibit
