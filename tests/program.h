#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace exhibit::test {

/// A program of the product as a child of the test: its standard output line by line, its end as it was. Only what was
/// started here is ever signalled. Not thread-safe.
class Program {
 public:
  using Patience = std::chrono::milliseconds;

  /// `environment` is added to our own; standard error is appended to `errors`. Throws std::runtime_error.
  Program(const std::string& path, const std::vector<std::string>& arguments,
          const std::vector<std::string>& environment, const std::string& errors);
  /// Kills it when it still runs.
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  /// Readable when a line may have come.
  [[nodiscard]] int output() const { return output_; }
  /// What came since the last call, whole lines only.
  std::vector<std::string> lines();
  /// The next line; nothing when none came in time.
  std::optional<std::string> line(Patience patience);
  void write(const std::string& text);
  void close_input();
  void send(int signal) const;
  /// As waitpid has it; nothing while it runs on.
  std::optional<int> status(Patience patience);

 private:
  pid_t pid_ = -1;
  int input_ = -1, output_ = -1;
  std::string buffer_;
  std::optional<int> status_;
};

/// Lets time pass: the moment of a fault is chosen by the test's dice, not by an event.
void let_pass(std::chrono::microseconds time);

}  // namespace exhibit::test
