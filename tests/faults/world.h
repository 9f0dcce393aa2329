#pragma once

#include <functional>
#include <map>
#include <memory>
#include <random>

#include "base/json.h"
#include "base/values.h"
#include "tests/program.h"

namespace exhibit::test {

/// What became of a story, counted where it can be seen: at the sensor, at the desk, in the server's report.
struct Counts {
  std::size_t kills = 0, alerts = 0, tickets = 0, notes = 0, attachments = 0, captures = 0;
  std::size_t lost = 0, doubled = 0, wrong = 0, unsettled = 0;
  std::vector<std::string> complaints = {};

  Counts& operator+=(const Counts& other);
  [[nodiscard]] bool good() const { return lost + doubled + wrong + unsettled == 0 && complaints.empty(); }
  /// One line for people.
  [[nodiscard]] std::string text() const;
};

/// The whole product as its user runs it: a simulated sensor, a simulated desk, and `exhibit serve` between them, with
/// its runner. Each world has its folder and its ports; several may stand beside each other. One thread each.
class World {
 public:
  struct Options {
    int alerts = 10;
    double rate = 0;  ///< A second; 0: all at once.
    std::uint64_t seed = 1;
    std::vector<std::string> misbehaviours = {};
    std::vector<std::string> desk_options = {};
    Bytes capture = {};  ///< The alerts are made of its flows, not counted up.
    std::string attach = "trigger_packet";
    std::string desk = {};  ///< "adapter: …, url: …" of another desk than the simulated one.
    bool user = false;      ///< The evidence pages have an account: kim, password "page-of-evidence".
  };
  using Patience = Program::Patience;

  explicit World(Options options);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  /// Starts `exhibit serve`; `environment` may order its death at a step.
  void serve(const std::vector<std::string>& environment = {});
  /// How long after `serve` the server answered; nothing when it ended before, or did not in time.
  std::optional<std::chrono::milliseconds> up(Patience patience);
  /// SIGKILL for the whole process; its runner ends by itself.
  void kill_server();
  /// SIGKILL for its runner, if there is one now.
  bool kill_runner();
  Program& server() { return *server_; }
  /// Starts another one on the same state folder.
  std::unique_ptr<Program> rival(const std::string& errors) const;
  /// SIGKILL for the server; the rival is the server from now on.
  void swap(std::unique_ptr<Program> rival);

  /// Waits for the next thing that a simulator says.
  std::optional<Json> event(Patience patience);
  /// Runs on until all was acknowledged, delivered and settled. False: not in time.
  bool settle(Patience patience);
  /// Compares what the sensor raised with what the desk holds.
  Counts judge();
  /// The server's own report; null when it does not answer.
  Json report();
  /// How often the desk misbehaved.
  [[nodiscard]] std::size_t misbehaved() const { return misbehaved_; }
  /// Signs in and looks at the page of the first ticket. False when the server ended meanwhile.
  bool look_at_a_page();
  [[nodiscard]] Json desk();
  /// Orders one more misbehaviour of the desk.
  void misbehave(const std::string& order);
  [[nodiscard]] const std::string& folder() const { return folder_; }

 private:
  struct Judge;

  void write_config();
  void hear(const std::string& line);
  [[nodiscard]] std::vector<std::string> server_arguments() const;
  [[nodiscard]] std::string end_of_log() const;
  std::string attached_bytes(const std::string& attachment) const;

  Options options_;
  std::string folder_, desk_url_, sensor_url_, pin_;
  std::uint16_t desk_port_ = 0, web_port_ = 0;
  std::unique_ptr<Program> sensor_, desk_, server_;
  std::map<std::string, std::string> alerts_;  ///< Event id to the log it named, or to nothing.
  std::chrono::steady_clock::time_point served_{};
  std::size_t misbehaved_ = 0, kills_ = 0;
  bool over_ = false;
};

inline constexpr std::size_t worlds_at_once = 6;
/// Runs every job, a few at a time.
void in_parallel(std::size_t at_once, const std::vector<std::function<void()>>& jobs);

/// What `exhibit user hash` makes of a password.
std::string scrypt_of(const std::string& password);

/// The path of a built program.
std::string built(const std::string& name);

}  // namespace exhibit::test
