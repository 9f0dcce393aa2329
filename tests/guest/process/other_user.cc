#include "tests/guest/process/other_user.h"

#include <locale.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <pthread.h>

#include <chrono>
#include <memory>

namespace exhibit::guest {
namespace {

/// A pause that a test of manners needs so that the rest of the machine can work.
void rest() { std::this_thread::sleep_for(std::chrono::milliseconds{2}); }

void use_own_certificate(SSL_CTX* context) {
  EVP_PKEY* const key = EVP_EC_gen("P-256");
  X509* const certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
  X509_set_pubkey(certificate, key);
  X509_sign(certificate, key, EVP_sha256());
  SSL_CTX_use_certificate(context, certificate);
  SSL_CTX_use_PrivateKey(context, key);
  X509_free(certificate);
  EVP_PKEY_free(key);
}

}  // namespace

OtherUsers::OtherUsers(bool restless) : tls_([this] { use_tls(); }) {
  if (restless) locale_ = std::thread([this] { change_locale(); });
}

OtherUsers::~OtherUsers() {
  over_ = true;
  tls_.join();
  if (locale_.joinable()) locale_.join();
}

bool OtherUsers::handshake(SSL_CTX* context) const {
  const std::unique_ptr<SSL, void (*)(SSL*)> client(SSL_new(context), SSL_free), server(SSL_new(context), SSL_free);
  BIO *near = nullptr, *far = nullptr;
  BIO_new_bio_pair(&near, 0, &far, 0);
  SSL_set_bio(client.get(), near, near);
  SSL_set_bio(server.get(), far, far);
  SSL_set_connect_state(client.get());
  SSL_set_accept_state(server.get());
  for (int step = 0; step < 20; ++step) {
    const int one = SSL_do_handshake(client.get()), other = SSL_do_handshake(server.get());
    if (one == 1 && other == 1) return SSL_version(client.get()) == TLS1_3_VERSION;
  }
  return false;
}

void OtherUsers::use_tls() {
  pthread_setname_np(pthread_self(), "host-tls");
  const std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context(SSL_CTX_new(TLS_method()), SSL_CTX_free);
  use_own_certificate(context.get());
  while (!over_) {
    handshake(context.get()) ? ++handshakes_ : ++failures_;
    rest();
  }
}

void OtherUsers::change_locale() const {
  pthread_setname_np(pthread_self(), "host-locale");
  while (!over_)
    for (const char* name : {"C", "de_DE.UTF-8", "tr_TR.UTF-8"}) {
      setlocale(LC_ALL, name);
      rest();
    }
}

}  // namespace exhibit::guest
