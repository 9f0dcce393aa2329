#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "runtime/log.h"
#include "runtime/threads.h"

namespace exhibit {

/// STATE/control.sock: one request a connection, a line of JSON {"tenant", "verb", "args"}; the answer is a line with
/// the result code, then the reply until end of file. Mode 0600, and only the user that runs the plugin (or root) is
/// heard.
class ControlSocket {
 public:
  /// Answers one request; called on a worker, may wait.
  using Handler = std::function<std::string(const std::string& request)>;

  virtual ~ControlSocket() = default;
  virtual void stop() = 0;
};

Result<std::shared_ptr<ControlSocket>> listen_for_control(Executors& executors, const std::string& path,
                                                          ControlSocket::Handler handler);

}  // namespace exhibit
