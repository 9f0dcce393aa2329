#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

/// What the operator wrote for a mail desk. Pure.
namespace exhibit::email {

struct Login {
  std::string user, password, token;  ///< A token is sent by XOAUTH2.
  [[nodiscard]] bool empty() const { return user.empty(); }
};

enum class Tls { none, if_offered, required, implicit };

struct Server {
  std::string scheme;  ///< smtp, smtps, imap or imaps
  std::string host;    ///< A literal IPv6 address keeps its brackets.
  std::string port;
  Login login;
  Tls tls = Tls::required;
  std::string ca;  ///< File of the authorities to trust; empty: the system's.
};

enum class Mode { quiet, conversational };

struct Settings {
  Server smtp;
  std::optional<Server> mailbox;  ///< In conversational mode.
  std::string from, from_name;
  std::string envelope_sender;  ///< Empty: the null sender.
  std::vector<std::string> to;
  Mode mode = Mode::quiet;
  bool follow_ups = false;     ///< Notes are mailed. Always in conversational mode.
  bool customer_only = false;  ///< The recipients may read only what a customer may.

  [[nodiscard]] std::string domain() const { return from.substr(from.find('@') + 1); }
};

/// bad_input: what is missing or wrong, in a sentence without a secret.
///
/// TLS is required and verified, unless the server stands on this machine and the operator gave neither `ca` nor login,
/// or wrote `tls: none` himself.
Result<Settings> settings_of(std::string_view config_json);

/// The desk's settings with what one tenant says otherwise: {"to", "audience", "follow_ups"}. A tenant's mail goes to
/// his own people and to nobody else. bad_input: as above.
Result<Settings> for_tenant(const Settings& desk, std::string_view fields_json);

/// True for one plain address: printable ASCII, one "@", no blank, bracket, quote or comma.
bool is_address(std::string_view text);

}  // namespace exhibit::email
