#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include "exhibit/plugin.h"

namespace exhibit::host {

/// A mistake that ends the program with one clear sentence.
class Failure : public std::runtime_error {
 public:
  explicit Failure(const std::string& sentence, int exit_code = 1)
      : std::runtime_error(sentence), exit_code_(exit_code) {}
  [[nodiscard]] int exit_code() const { return exit_code_; }

 private:
  int exit_code_;
};

inline exh_str borrow(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view view(exh_str text) {
  return text.ptr ? std::string_view(text.ptr, text.len) : std::string_view();
}

/// Collects what the plugin writes.
struct Collected {
  std::string text;
  exh_sink sink();
};

/// libexhibit.so, found beside this program (../lib), loaded once and never unloaded. Failure: not found, or of
/// another major version.
const exh_plugin& plugin_library();

/// One engine, destroyed with this object. Every method turns a refusal into a Failure with the plugin's own words.
class EngineHandle {
 public:
  /// `file` names the configuration in messages.
  EngineHandle(const std::string& file, const std::string& config);
  EngineHandle(const EngineHandle&) = delete;
  EngineHandle& operator=(const EngineHandle&) = delete;
  ~EngineHandle();

  void put_tenant(const std::string& file, const std::string& config);
  /// The mistakes as text, one a line; empty: none.
  std::string check_tenant(const std::string& file, const std::string& config);
  /// What is worth a look in the files read so far, one a line.
  [[nodiscard]] const std::string& warnings() const { return warnings_; }
  void start();
  void drain(std::uint32_t budget_ms);
  void stop();
  std::string health();
  /// Failure: the plugin's sentence.
  std::string command(const std::string& tenant, const std::string& verb, const std::string& args);

 private:
  exh_engine* engine_ = nullptr;
  std::uint64_t generation_ = 0;
  std::string warnings_;
};

/// "FILE:LINE:COLUMN: WHERE: WHAT (HINT)", one a line, from a report of the plugin.
std::string mistakes_text(const std::string& file, const std::string& report);

/// Where the host's log goes: standard error, one event one line. Quiet leaves only warnings and errors.
void set_quiet(bool quiet);
/// The folder of this program.
std::string program_folder();
/// A whole file as text. Failure: it cannot be read.
std::string read_text(const std::string& path);

}  // namespace exhibit::host
