#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/tls1.h>
#include <sys/socket.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <map>

#include "base/text.h"
#include "runtime/sensor_http.h"
#include "sensorproto/sim/certificate.h"
#include "store/file_handle.h"
#include "tests/program.h"
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
  bool safe_renegotiation = true;  ///< RFC 5746. No OpenSSL of our day is without it: GnuTLS's server is, when asked.

  [[nodiscard]] bool weak() const { return version < TLS1_2_VERSION || bits < 2048 || sha1 || !safe_renegotiation; }
  [[nodiscard]] std::string name() const {
    return cat("TLS 1.", version - TLS1_VERSION, ", RSA-", bits, sha1 ? ", SHA-1" : ", SHA-256",
               safe_renegotiation ? "" : ", without secure renegotiation");
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
    virtual ~Server() = default;
    [[nodiscard]] virtual std::uint16_t port() const = 0;
    virtual int asked() = 0;
  };
  struct OwnServer final : Server {
    OwnServer(const sim::ServerTls& tls, std::uint16_t port)
        : http(std::make_unique<sim::HttpServer>(sim::Endpoint{"127.0.0.1", port}, tls, [this](const auto&) {
            ++requests;
            return sim::HttpReply{.body = "fine"};
          })) {}
    [[nodiscard]] std::uint16_t port() const override { return http->port(); }
    int asked() override { return requests; }
    std::atomic<int> requests = 0;
    std::unique_ptr<sim::HttpServer> http;
  };
  /// GnuTLS's own server. It works on one connection after another, and says of each that its handshake is over.
  struct GnutlsServer final : Server {
    GnutlsServer(SensorTls& of, const SensorCertificate& certificate, int version, std::uint16_t port)
        : test(of), shown(certificate), own_port(port == 0 ? free_port() : port) {
      const std::string folder = std::filesystem::path(file).parent_path();
      test::write_file(folder + "/cert.pem", shown.tls.certificate_pem);
      test::write_file(folder + "/key.pem", shown.tls.key_pem);
      test::write_file(folder + "/answer", "fine");
      program.emplace(
          "/bin/sh",
          std::vector<std::string>{
              "-c", "exec stdbuf -oL gnutls-serv \"$@\" 2>&1", "sh", "--http", cat("--httpdata=", folder, "/answer"),
              cat("--port=", own_port), cat("--x509certfile=", folder, "/cert.pem"),
              cat("--x509keyfile=", folder, "/key.pem"),
              cat("--priority=NORMAL:-VERS-ALL:+VERS-TLS1.", version - TLS1_VERSION, ":%DISABLE_SAFE_RENEGOTIATION")},
          std::vector<std::string>{}, folder + "/errors");
      while (const auto line = program->line(10s))
        if (line->find("IPv4") != std::string::npos && line->ends_with("done")) return;
      ADD_FAILURE() << "gnutls-serv does not listen";
    }
    [[nodiscard]] std::uint16_t port() const override { return own_port; }
    /// One call more, and what the server said until that one.
    int asked() override {
      const SensorCallResult last = test.call(own_port, pin_of(shown), true);
      EXPECT_EQ(last.answer.body, "fine") << (last.error ? last.error->why : "");
      if (last.error) return -1;
      ++own_calls;
      while (finished < own_calls)
        if (const auto line = program->line(10s); !line)
          break;
        else
          finished += line->starts_with("- Description:") ? 1 : 0;
      for (const std::string& line : program->lines()) finished += line.starts_with("- Description:") ? 1 : 0;
      return finished - own_calls;
    }
    SensorTls& test;
    SensorCertificate shown;
    std::uint16_t own_port;
    int own_calls = 0, finished = 0;
    std::optional<test::Program> program;
  };
  static std::uint16_t free_port() {
    const FileHandle probe(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET, address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(probe.get(), reinterpret_cast<const sockaddr*>(&address), size), 0);
    EXPECT_EQ(::getsockname(probe.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    return ntohs(address.sin_port);
  }
  std::unique_ptr<Server> serve(const Peer& peer, SensorCertificate shown, std::uint16_t port = 0) {
    if (!peer.safe_renegotiation) return std::make_unique<GnutlsServer>(*this, shown, peer.version, port);
    shown.tls.only_version = peer.version;
    return std::make_unique<OwnServer>(shown.tls, port);
  }

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
  void expect_strict(Server& weak, const Peer& peer, const std::string& pin) {
    const SensorCallResult fine = call(good->port(), pin_of(*good_certificate), false);
    EXPECT_EQ(fine.answer.body, "fine") << (fine.error ? fine.error->why : "");
    if (!peer.weak()) return;
    const int before = weak.asked();
    for (const std::string& given : {pin, std::string()}) {
      const SensorCallResult refused = call(weak.port(), given, false);
      ASSERT_TRUE(refused.error) << "a strict client speaks to " << peer.name();
      EXPECT_EQ(refused.error->kind, Kind::certificate_refused) << refused.error->why;
    }
    EXPECT_EQ(weak.asked(), before);
  }

  void play(const Peer& peer, Trust trust, bool legacy);
  /// Every trust, with the switch and without. How many cells, and how many of them failed.
  std::pair<std::uint64_t, std::uint64_t> play_all(const Peer& peer);

  static inline std::optional<SensorCertificate> authority;
  static inline std::map<unsigned, sim::ServerTls> own_keys, other_keys;  // Making one takes a while.
  static inline std::string file;
  Executors executors{2, 1};
  Strand strand = executors.make_strand();
  std::optional<SensorCertificate> good_certificate = sim::make_certificate("good", CertificateKind{});
  std::unique_ptr<Server> good = std::make_unique<OwnServer>(good_certificate->tls, 0);
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
  std::unique_ptr<Server> server = serve(peer, shown);
  std::string pin = pinned ? pin_of(shown) : "";
  if (trust == Trust::wrong_pin) pin = pin_of(*good_certificate);
  const bool may = pinned ? legacy || !peer.weak() : !peer.weak() && !expired;
  expect_strict(*server, peer, pin_of(shown));
  if (trust == Trust::changed) {
    const SensorCallResult first = call(server->port(), pin, legacy);
    EXPECT_EQ(!first.error, may);
    const std::uint16_t port = server->port();
    kind.key_of = &other_keys[peer.bits];
    shown = sim::make_certificate("sensor", kind);
    server.reset();
    server = serve(peer, shown, port);
  }
  const bool expected = may && trust != Trust::wrong_pin && trust != Trust::changed;
  const SensorCallResult result = call(server->port(), pin, legacy);
  EXPECT_EQ(!result.error, expected) << (result.error ? result.error->why : "it was let through");
  EXPECT_EQ(server->asked(), expected ? 1 : 0) << "the login goes to nobody else";
  if (!expected && result.error) {
    EXPECT_EQ(result.error->kind, Kind::certificate_refused) << result.error->why;
    if (trust == Trust::changed && legacy) {
      EXPECT_THAT(result.error->why, HasSubstr(pin_of(shown)));
    }
  }
  expect_strict(*server, peer, pin_of(shown));
}

std::pair<std::uint64_t, std::uint64_t> SensorTls::play_all(const Peer& peer) {
  std::uint64_t cells = 0, failed = 0;
  for (const Trust trust : all_trusts)
    for (const bool legacy : {false, true}) {
      SCOPED_TRACE(cat(peer.name(), ", ", trust_names[static_cast<int>(trust)], legacy ? ", legacy" : ""));
      const auto* told = testing::UnitTest::GetInstance()->current_test_info()->result();
      const int before = told->total_part_count();
      play(peer, trust, legacy);
      ++cells;
      failed += told->total_part_count() > before ? 1 : 0;
    }
  return {cells, failed};
}

TEST_F(SensorTls, OnlyAListedPeerWithItsPinMayBeWeak) {
  std::uint64_t cells = 0, failed = 0;
  for (const int version : {TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION, TLS1_3_VERSION})
    for (const unsigned bits : {1024U, 2048U})
      for (const bool sha1 : {true, false}) {
        const auto [played, wrong] = play_all({version, bits, sha1, true});
        cells += played, failed += wrong;
      }
  test::proved("P17", cells, failed);
  EXPECT_EQ(cells, 192U);
}

TEST_F(SensorTls, APeerWithoutSecureRenegotiationIsAsWeak) {
  const std::string install = ". \"" EXHIBIT_SOURCE_DIR "/tests/real/packages.sh\"; need_packages /dev/null gnutls-bin";
  if (std::system((install + " >/dev/null 2>&1").c_str()) != 0)
    GTEST_SKIP() << "skipped: gnutls-bin is not installed, and cannot be";
  std::uint64_t cells = 0, failed = 0;
  for (const int version : {TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION}) {
    const auto [played, wrong] = play_all({version, 2048, false, false});
    cells += played, failed += wrong;
  }
  test::proved("P17", cells, failed);
  EXPECT_EQ(cells, 36U);
}

/// Then nothing is shown that could be pinned.
TEST_F(SensorTls, APeerWithoutACertificateIsRefused) {
  for (const int version : {TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION})
    for (const bool legacy : {false, true}) {
      SensorCertificate nobody = sim::make_certificate("nobody", CertificateKind{});
      nobody.tls.only_version = version;
      nobody.tls.ciphers = "aNULL";
      OwnServer server(nobody.tls, 0);
      for (const std::string& pin : {pin_of(nobody), std::string()}) {
        const SensorCallResult result = call(server.port(), pin, legacy);
        EXPECT_TRUE(result.error) << "TLS 1." << version - TLS1_VERSION << (legacy ? ", legacy" : "");
        EXPECT_EQ(server.asked(), 0);
      }
    }
}

}  // namespace
}  // namespace exhibit
