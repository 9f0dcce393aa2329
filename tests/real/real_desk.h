#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "tests/program.h"

namespace exhibit::test {

/// A real ticketing system, started fresh for this run, and what its own interface says of it, asked past our adapter.
class RealDesk {
 public:
  virtual ~RealDesk();

  /// "rt" or "redmine". nullptr: it cannot be had here; `why` says it.
  static std::unique_ptr<RealDesk> start(const std::string& name, std::string& why);

  [[nodiscard]] std::uint16_t port() const { return port_; }
  /// A module's configuration for the desk, reached at `port`.
  [[nodiscard]] std::string config(std::uint16_t port, const std::string& map_json) const;
  [[nodiscard]] std::string config() const { return config(port_, map()); }
  [[nodiscard]] virtual std::string map() const = 0;
  /// A map with a field for the correlation id that the desk does not have.
  [[nodiscard]] virtual std::string map_with_unknown_field() const = 0;

  /// The ids of all tickets that carry the correlation id, by reading every one of them.
  virtual std::map<std::string, std::vector<std::string>> tickets_by_correlation() = 0;
  /// How many notes of the ticket hold the text.
  virtual std::size_t notes_with(const std::string& ticket, const std::string& text) = 0;
  /// The bytes of every file of the ticket.
  virtual std::vector<std::string> files(const std::string& ticket) = 0;
  [[nodiscard]] virtual bool is_closed(const std::string& ticket) = 0;
  /// What an analyst does with his own login.
  virtual void analyst_says(const std::string& ticket, const std::string& text) = 0;
  virtual void analyst_closes(const std::string& ticket) = 0;

 protected:
  RealDesk() = default;
  Json ask(std::string_view method, const std::string& target, const std::string& token, const std::string& body = {});
  std::string ask_raw(const std::string& target, const std::string& token);
  [[nodiscard]] virtual std::string token_header(const std::string& token) const = 0;
  [[nodiscard]] virtual std::string profile() const = 0;

  std::map<std::string, std::string> facts_;  // What the start script said: logins, numbers of fields.
  std::uint16_t port_ = 0;
  std::string folder_;
  std::unique_ptr<Program> program_;
};

}  // namespace exhibit::test
