#include "sensorproto/sim/certificate.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/tls1.h>
#include <openssl/x509v3.h>

#include <memory>
#include <stdexcept>

#include "base/sha256.h"
#include "base/text.h"

namespace exhibit::sim {
namespace {

template <auto release>
struct Release {
  template <typename T>
  void operator()(T* held) const {
    release(held);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Release<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Release<X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Release<X509_EXTENSION_free>>;
using Output = std::unique_ptr<BIO, Release<BIO_free_all>>;

void need(bool good) {
  if (!good) throw std::runtime_error("OpenSSL could not make the sensor's certificate");
}

void add_extension(X509* certificate, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
  need(extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1);
}

using Input = Output;

Input input_of(const std::string& text) { return Input(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

Certificate certificate_in(const ServerTls& tls) {
  Certificate out(PEM_read_bio_X509(input_of(tls.certificate_pem).get(), nullptr, nullptr, nullptr));
  need(out != nullptr);
  return out;
}

Key key_in(const ServerTls& tls) {
  Key out(PEM_read_bio_PrivateKey(input_of(tls.key_pem).get(), nullptr, nullptr, nullptr));
  need(out != nullptr);
  return out;
}

Certificate certificate_for(EVP_PKEY* key, const std::string& host, const CertificateKind& kind) {
  constexpr long ten_years = 3600L * 24 * 3650;
  Certificate certificate(X509_new());
  need(certificate != nullptr);
  X509* const raw = certificate.get();
  X509_set_version(raw, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(raw), 1);
  X509_gmtime_adj(X509_getm_notBefore(raw), kind.expired ? -ten_years : -3600);
  X509_gmtime_adj(X509_getm_notAfter(raw), kind.expired ? -3600 : ten_years);
  X509_set_pubkey(raw, key);
  X509_NAME* const name = X509_get_subject_name(raw);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(host.c_str()), -1, -1,
                             0);
  X509_set_issuer_name(raw, kind.issuer ? X509_get_subject_name(certificate_in(*kind.issuer).get()) : name);
  add_extension(raw, NID_subject_alt_name, cat("DNS:", host, ",DNS:localhost,IP:127.0.0.1"));
  if (kind.authority) add_extension(raw, NID_basic_constraints, "critical,CA:TRUE");
  const Key signs = kind.issuer ? key_in(*kind.issuer) : nullptr;
  need(X509_sign(raw, signs ? signs.get() : key, kind.sha1 ? EVP_sha1() : EVP_sha256()) != 0);
  return certificate;
}

std::string text_of(BIO* output) {
  char* bytes = nullptr;
  const long length = BIO_get_mem_data(output, &bytes);
  return {bytes, static_cast<std::size_t>(length)};
}

std::string pin_of(EVP_PKEY* key) {
  unsigned char* der = nullptr;
  const int length = i2d_PUBKEY(key, &der);
  need(length > 0);
  const Digest digest = sha256(ByteView(der, static_cast<std::size_t>(length)));
  OPENSSL_free(der);
  return cat("sha256:", hex(digest));
}

}  // namespace

SensorCertificate make_certificate(const std::string& host, const CertificateKind& kind) {
  const Key key = kind.key_of ? key_in(*kind.key_of) : Key(EVP_RSA_gen(kind.bits));
  need(key != nullptr);
  const Certificate certificate = certificate_for(key.get(), host, kind);
  const Output certificate_text(BIO_new(BIO_s_mem())), key_text(BIO_new(BIO_s_mem()));
  need(PEM_write_bio_X509(certificate_text.get(), certificate.get()) == 1);
  need(PEM_write_bio_PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
  return {.tls = {.certificate_pem = text_of(certificate_text.get()), .key_pem = text_of(key_text.get())},
          .pin = pin_of(key.get())};
}

SensorCertificate make_certificate(const std::string& host, bool legacy) {
  SensorCertificate out = make_certificate(host, {.bits = legacy ? 1024U : 2048U, .sha1 = legacy});
  if (legacy) out.tls.only_version = TLS1_VERSION;
  return out;
}

}  // namespace exhibit::sim
