#pragma once

#include <string>

namespace exhibit::test {

/// The incident of the golden examples, as the engine hands it to a webhook; made here.
inline const std::string phf_incident = R"json({
  "version": 1, "what": "opened", "at": "2026-11-22T02:12:42.500Z", "tenant": "acme",
  "incident_id": "8c4f2a10-5b1e-8d3c-9f00-1f2e3d4c5b6a", "correlation_id": "EXH1-WZUYGJFGMMAUYLRGBP6UKZZ6UE",
  "link": "https://ev.msp.example/e/k2qx5dm3jh4v6rtbznc7wpyaeu", "title": "HIGH: 192.0.2.10 > 198.51.100.20:80 WWW phf",
  "text": "192.0.2.10 asked 198.51.100.20 for /cgi-bin/phf.", "severity": "high", "priority": 2,
  "alert": {"signature": {"id": "3200", "sub_id": "0", "name": "WWW phf", "version": "S37"}, "severity": "high", "risk": 85,
    "attacker": {"address": "192.0.2.10", "port": 40112, "locality": "OUT"},
    "targets": [{"address": "198.51.100.20", "port": 80, "locality": "IN"}, {"address": "198.51.100.21", "port": 80}],
    "protocol": "tcp", "times": {"sensor": "2026-11-22T02:12:41.123Z", "received": "2026-11-22T02:12:42.500Z"},
    "sensor": "acme-ips1", "event_id": "1182522900045587005", "actions": ["ipLogging"]},
  "counts": {"alerts": 3, "captures": 1},
  "captures": [{"log": "1734556221", "state": "complete",
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "packets": 212, "bytes": 98304,
    "answer": "server answered HTTP 404"}]})json";

/// An ENSURE as it crosses the border.
inline std::string ensure_body(const std::string& incident = phf_incident) {
  return R"({"tenant":"acme","link":"https://ev.msp.example/e/k2","title":"the operation's title","internal_text":"for analysts",)"
         R"("public_text":"for the customer","severity":"high","priority":2,"fields":{},"incident":)" +
         incident + "}";
}

/// whsec_ and base64 of 24 bytes.
inline const std::string secret_one = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
inline const std::string secret_two = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

inline std::string webhook_config(const std::string& map = "{}", const std::string& secrets = '"' + secret_one + '"') {
  return R"({"url":"https://hooks.example/in","adapter":"webhook","login":{"secrets":[)" + secrets + R"(]},"map":)" +
         map + "}";
}

}  // namespace exhibit::test
