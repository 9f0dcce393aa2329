#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "config/settings.h"
#include "runtime/tenant_runtime.h"
#include "runtime/threads.h"

namespace exhibit {

/// The evidence pages: `/e/<link>`, sign-in, downloads. Faces browsers of people who read untrusted packets, so every
/// limit is explicit and nothing foreign becomes markup. Its only writes are ledger entries and commands to a tenant.
class WebServer {
 public:
  struct World {
    Executors& executors;
    const Clock& clock;
    Log log;
    /// The tenants served now. Any thread; the caller keeps each alive while it uses it.
    std::function<std::vector<std::shared_ptr<TenantRuntime>>()> tenants;
  };

  /// How patient it is, and with how many. Tests shorten the waits.
  struct Limits {
    std::chrono::milliseconds header{10'000};  ///< From the first moment, the TLS handshake included.
    std::chrono::milliseconds body{10'000};
    std::chrono::milliseconds idle{30'000};    ///< Between two requests of one connection.
    std::chrono::milliseconds answer{60'000};  ///< Ours, then 503.
    std::chrono::milliseconds write{60'000};   ///< Until the browser has taken it.
    /// When all are taken, the oldest that only waits makes room; if none does, the new one is closed.
    std::size_t connections = 512;
  };

  virtual ~WebServer() = default;
  /// The port it listens on: what the configuration says, or the one it was given for 0.
  [[nodiscard]] virtual std::uint16_t port() const = 0;
  /// Closes the listener and every connection; `stopped` comes when nothing runs any more. Idempotent.
  virtual void stop(std::function<void()> stopped) = 0;
};

/// Serves at once. `world.executors` and `world.clock` must live until `stopped` came. unavailable: the address cannot
/// be listened on. bad_input: certificate or key cannot be used.
Result<std::unique_ptr<WebServer>> start_web_server(const HostSettings& settings, WebServer::World world,
                                                    WebServer::Limits limits = {});

/// "scrypt$N$r$p$salt$hash", as `exhibit user hash` prints it and exhibit.yaml holds it. `salt` is 16 random bytes.
std::string scrypt_hash(std::string_view password, ByteView salt);
/// Constant time in the password. False as well for a hash that cannot be read.
bool scrypt_matches(std::string_view password, std::string_view stored);

}  // namespace exhibit
