#pragma once

#include <string>

#include "adapters/sim/http_server.h"

namespace exhibit::sim {

struct SensorCertificate {
  ServerTls tls;
  std::string pin;  ///< "sha256:" and the hex of the SHA-256 of its SubjectPublicKeyInfo.
};

/// A fresh self-signed certificate for this host name and for 127.0.0.1. Legacy: RSA-1024 with SHA-1.
/// Throws std::runtime_error when the library refuses.
SensorCertificate make_certificate(const std::string& host, bool legacy);

}  // namespace exhibit::sim
