#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <memory>
#include <mutex>

#include "runtime/tenant_runtime.h"
#include "web/http_message.h"
#include "web/pages.h"
#include "web/session.h"

namespace exhibit::web {

/// Sealed bytes that were read and checked a moment ago. At most 32 MiB; the least recently used go first.
/// Thread-safe.
class CaptureCache {
 public:
  std::shared_ptr<const Bytes> find(const std::string& key);
  void keep(const std::string& key, std::shared_ptr<const Bytes> bytes);

 private:
  std::mutex mutex_;
  std::list<std::pair<std::string, std::shared_ptr<const Bytes>>> entries_;  // Latest use first.
  std::size_t held_ = 0;
};

/// Every route: a request in, a response out, some time later. Knows no socket. Thread-safe.
///
/// What leaves here of a tenant's evidence is in that tenant's ledger before: if the ledger refuses, so do we (503).
class Site : public std::enable_shared_from_this<Site> {
 public:
  struct Settings {
    std::string public_url;
    std::vector<UserSettings> users;
    Nanoseconds session = std::chrono::hours{12};
    bool tls = false;
    std::vector<ApiSettings> api = {};
  };
  struct World {
    const Clock& clock;
    Log log;
    std::function<std::vector<std::shared_ptr<TenantRuntime>>()> tenants;
    /// Runs work that may take its time: hashing, files, decoding.
    std::function<void(std::function<void()>)> on_worker;
  };
  /// Called once, on any thread.
  using Respond = std::function<void(Response)>;

  Site(Settings settings, World world);

  void handle(Request request, Respond respond);

 private:
  struct Found {
    std::shared_ptr<TenantRuntime> tenant;
    std::shared_ptr<const PageRows> rows;
  };
  struct Call {
    Request request;
    Visitor visitor;
    Respond respond;
    LinkId link{};
  };
  using CallPointer = std::shared_ptr<const Call>;
  using Use = std::function<void(const CallPointer&, const Found&)>;

  // site.cc: what needs no evidence.
  [[nodiscard]] std::optional<Visitor> visitor_of(const Request& request) const;
  [[nodiscard]] bool same_site(const Request& request) const;
  [[nodiscard]] std::string cookie_name(std::string_view plain) const;
  [[nodiscard]] std::string set_cookie(std::string_view plain, std::string_view value, Nanoseconds life) const;
  [[nodiscard]] Frame frame(std::string title, const Visitor* visitor) const;
  [[nodiscard]] Response page(int status, std::string_view title, std::string_view what, const Visitor* visitor) const;
  [[nodiscard]] Response not_found(const Visitor* visitor) const;
  [[nodiscard]] Response wrong_method(std::string_view allowed, const Visitor* visitor) const;
  [[nodiscard]] Response redirect(const std::string& local) const;
  [[nodiscard]] Response asset(const Request& request) const;
  [[nodiscard]] Response sign_in_form(const Request& request, int status, std::string_view to,
                                      std::string_view problem) const;
  void sign_in(const Request& request, const Respond& respond);
  void check_password(const Request& request, const std::string& user, const std::string& password,
                      const std::string& to, const Respond& respond);
  void signed_in(const UserSettings& user, const std::string& to, const Respond& respond);
  void sign_out(const Request& request, const Respond& respond);
  // site_api.cc: what other programs may tell us.
  void api(const Request& request, const Respond& respond);
  [[nodiscard]] const ApiSettings* caller_of(const Request& request) const;
  void list(const CallPointer& call);
  void signed_in_route(CallPointer call);

  // site_evidence.cc: what stands behind a link.
  void route_link(const CallPointer& call);
  /// `use` comes on a tenant's strand, so that nobody is woken between the rows and the ledger: it reads no file and
  /// makes no page before it has noted who looks.
  void with_incident(const CallPointer& call, Use use);
  void note(const CallPointer& call, const Found& found, std::string action, std::string object, std::string detail,
            std::function<void()> then);
  void show_incident(const CallPointer& call, const Found& found);
  void show_state(const CallPointer& call, const Found& found);
  void show_packets(const CallPointer& call, const Found& found);
  void show_packet(const CallPointer& call, const Found& found);
  void download(const CallPointer& call, const Found& found, std::size_t capture);
  void fetch(const CallPointer& call, const Found& found);
  [[nodiscard]] Node packets_node(const CallPointer& call, const Found& found, const IncidentPage& page,
                                  std::size_t capture);
  [[nodiscard]] Result<std::shared_ptr<const Bytes>> sealed_bytes(const Found& found, const EvidenceId& id);
  void cannot_show(const Found& found, const EvidenceId& id, const Error& why);
  [[nodiscard]] std::vector<std::shared_ptr<TenantRuntime>> tenants_of(const Visitor& visitor) const;

  Settings settings_;
  World world_;
  std::string base_;  // Path of public_url.
  Sessions sessions_;
  SignInGate gate_;
  CaptureCache cache_;
  std::atomic<int> passwords_in_work_{0};
};

/// True for the host of public_url and for loopback names at this port; nobody else's name may lead here.
bool host_fits(std::string_view host, std::string_view public_url, std::uint16_t port);

}  // namespace exhibit::web
