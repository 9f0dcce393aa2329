#pragma once

#include <string>
#include <vector>

namespace exhibit::host {

/// A program that we started: its standard output comes line by line, and it ends when its standard input closes, which
/// happens with this object (or with our process, however that ends).
class Child {
 public:
  /// Failure: it cannot be started.
  Child(const std::string& program, const std::vector<std::string>& arguments);
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child();

  /// The whole lines that came by now, without waiting.
  std::vector<std::string> lines();
  /// Waits for one line. Failure: it ended, or the time is over. The exit code of a program that ended goes along.
  std::string line(int timeout_ms);
  /// Its exit code, or -1 while it runs.
  int exit_code();

 private:
  void fill();
  std::string program_;
  int pid_ = -1, input_ = -1, output_ = -1, exit_code_ = -1;
  std::string buffer_;
  bool ended_ = false;  ///< Its output is closed, so it ends now.
};

}  // namespace exhibit::host
