#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "config/yaml.h"
#include "engine/tenant_engine.h"
#include "sensorproto/sdee/subscription.h"

namespace exhibit {

/// Where a secret is found when it is needed. Never the secret.
struct SecretReference {
  enum class Kind { none, env, file, host };
  Kind kind = Kind::none;
  std::string name;
  bool operator==(const SecretReference&) const = default;
};

struct Login {
  std::string user;
  SecretReference password;
};

struct UserSettings {
  std::string name, scrypt;
  std::vector<TenantId> tenants;
  bool is_operator = false;
};

/// A program that may tell us to which tickets alerts belong.
struct ApiSettings {
  std::string name, sha256;  ///< Hex of the hash of its token: long and random, so that a plain hash keeps it.
  std::vector<TenantId> tenants;
};

/// Whom to tell by mail of what a desk does not take.
struct MailToPeople {
  DeskId through;                 ///< An e-mail desk.
  std::vector<std::string> mail;  ///< Addresses.
  Nanoseconds after = std::chrono::minutes{15};
};

struct DeskSettings {
  DeskId name;
  std::string adapter, profile, url, ca;
  std::string mode;               ///< E-mail: quiet or conversational; empty: the adapter's own default.
  std::string login_json = "{}";  ///< With references in place of secrets: {"user": "…", "password": {"file": "…"}}.
  std::string mailbox_json;       ///< {"url", "login"}: where answers by mail arrive; empty: none.
  TicketTemplates templates;
  std::optional<MailToPeople> while_down;
  std::vector<std::string> inbox;  ///< Addresses whose mail becomes tickets there.
  std::string map_json = "{}";     ///< Field values for every tenant that does not say otherwise.
  int concurrency = 4;
  bool runner_per_tenant = false;   ///< Else one runner process for all tenants of this desk.
  std::int64_t calls_per_hour = 0;  ///< Ceiling for the whole instance, all tenants together; 0: none.
  Nanoseconds settle = std::chrono::seconds{120};
  Nanoseconds deadline = limits::desk_deadline;
  Nanoseconds retry = std::chrono::seconds{2};
  Nanoseconds poll = std::chrono::minutes{1};  ///< How often people's doings are brought home; 0: never.
};

/// How long and how much of one tenant is kept. Rows and captures go together, the oldest incidents first.
struct Keep {
  Nanoseconds age = std::chrono::hours{24 * 400};
  std::uint64_t rows = limits::store_bytes;         ///< Bytes of the store, its log included.
  std::uint64_t captures = limits::evidence_bytes;  ///< Bytes of the evidence folder.
  bool operator==(const Keep&) const = default;
};

struct HostSettings {
  std::string public_url, state, runner;
  std::string web_address = "127.0.0.1";
  std::uint16_t web_port = 8443;
  std::string web_certificate, web_key;
  Nanoseconds session = std::chrono::hours{12};
  std::vector<UserSettings> users;
  std::vector<ApiSettings> api;
  std::map<DeskId, DeskSettings> desks;
  std::optional<DeskId> operator_desk;
  std::string operator_map_json = "{}";
  std::optional<MailToPeople> operator_mail;
  Keep keep;
};

struct SensorSettings {
  SensorId name;
  std::string host;
  std::uint16_t port = 443;
  bool tls = true;
  bool legacy_tls = false;
  std::string pin;  ///< Hex of SHA-256 of the public key; empty: the system's trust, with name check.
  Login login;
  SdeeSubscription::Settings subscription;
  CaptureTracker::Settings captures;
};

struct TenantSettings {
  TenantId tenant;
  std::string name;
  std::string zone_name = "UTC";
  std::vector<Network> networks;
  std::vector<SensorSettings> sensors;
  DeskId desk;
  std::string map_json = "{}";  ///< The tenant's own field values for the desk.
  Disclosure disclosure = Disclosure::masked;
  AttachPolicy attach = AttachPolicy::none;
  TicketTemplates templates;  ///< The desk's, and over them the tenant's own.
  std::optional<MailToPeople> while_down;
  Policy policy;
  Nanoseconds group_window = std::chrono::hours{1};
  Nanoseconds reopen_within = std::chrono::hours{24};
  Keep keep;
  std::set<CorrelationId> on_hold;  ///< Incidents that are kept whatever their age.
};

/// A text to settings, or every mistake in it. Pure: zones, files and secrets are looked at by whoever uses them.
std::optional<HostSettings> read_host_settings(std::string_view yaml, std::vector<Mistake>& mistakes);
std::optional<TenantSettings> read_tenant_settings(std::string_view yaml, const HostSettings& host,
                                                   std::vector<Mistake>& mistakes);

/// `over` wins where both name a field.
std::string merged_maps(const std::string& under, const std::string& over);

/// "64 MiB", "20GiB", "1 TiB".
std::optional<std::uint64_t> parse_bytes(std::string_view text);

/// "30 s", "500ms", "2 min", "12h", "1 d".
std::optional<Nanoseconds> parse_duration(std::string_view text);

}  // namespace exhibit
