#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

/// What `exhibit` can do, a function a verb. Each gives the exit code, or throws Failure.
namespace exhibit::host {

struct ServeOptions {
  std::string config = "/etc/exhibit/exhibit.yaml";
  std::string tenants;  ///< Folder of NAME.yaml; empty: `tenants` beside the configuration.
};
int serve(const ServeOptions& options);
/// Every mistake in every file; 0: none, 2: some.
int check(const ServeOptions& options);

struct DemoOptions {
  bool once = false, json = false;
  std::string pcap, answers;
  std::vector<std::string> desks;  ///< Files that describe desks; none: the simulated one.
};
int demo(const DemoOptions& options);

struct DecodeOptions {
  std::string file, filter;
  bool json = false;
};
int decode(const DecodeOptions& options);

struct DeskTestOptions {
  std::string config = "/etc/exhibit/exhibit.yaml", desk;
  bool read_only = false, json = false;
};
/// Proves a desk with one marked ticket; 0: every step held.
int desk_test(const DeskTestOptions& options);

struct DeskPreviewOptions {
  std::string config = "/etc/exhibit/exhibit.yaml", desk, alert, disclosure;
  bool json = false;
};
/// Prints the requests that this alert would cause, without sending any.
int desk_preview(const DeskPreviewOptions& options);

struct LettersOptions {
  std::string state = "/var/lib/exhibit", tenant;
  std::string id, decision;  ///< Empty: only list.
  std::string ticket, number;
  bool json = false;
};
/// Lists what could not be delivered, or carries out what a person decided about one of it.
int desk_letters(const LettersOptions& options);

/// The reply of a running server, over STATE/control.sock. Failure: nobody answers, or the server's own sentence.
std::string ask_server(const std::string& state, const std::string& verb, const std::string& tenant,
                       const nlohmann::json& args);
int status(const std::string& state, bool json);
/// Lets a halted sensor, or the tenant's desk ("desk"), try its login again.
int resume(const std::string& state, const std::string& tenant, const std::string& what);
/// Reads a password from the terminal or from standard input, and prints what exhibit.yaml takes.
int user_hash();

}  // namespace exhibit::host
