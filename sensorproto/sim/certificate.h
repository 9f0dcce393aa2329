#pragma once

#include <string>

#include "adapters/sim/http_server.h"

namespace exhibit::sim {

struct SensorCertificate {
  ServerTls tls;
  std::string pin;  ///< "sha256:" and the hex of the SHA-256 of its SubjectPublicKeyInfo.
};

struct CertificateKind {
  unsigned bits = 2048;  ///< Of its RSA key.
  bool sha1 = false;     ///< Signed with SHA-1.
  bool expired = false;
  bool authority = false;             ///< May sign others.
  const ServerTls* issuer = nullptr;  ///< Who signs it; none: itself.
  const ServerTls* key_of = nullptr;  ///< Whose key it shows; none: a fresh one.
};

/// A fresh certificate for this host name and for 127.0.0.1. Throws std::runtime_error when the library refuses.
SensorCertificate make_certificate(const std::string& host, const CertificateKind& kind);
/// A fresh self-signed one. Legacy: RSA-1024 with SHA-1, and TLS 1.0 alone.
SensorCertificate make_certificate(const std::string& host, bool legacy);

}  // namespace exhibit::sim
