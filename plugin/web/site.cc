#include "web/site.h"

#include <algorithm>

#include "base/base64.h"
#include "base/plants.h"
#include "base/sha256.h"
#include "base/text.h"
#include "base/utc.h"
#include "embedded/web_assets.h"
#include "web/web_server.h"

namespace exhibit::web {
namespace {

constexpr int passwords_at_once = 8;
constexpr std::size_t nonce_size = 32, password_max = 1024, user_max = 64;
constexpr std::size_t listed_a_tenant = 100, listed_max = 200;
constexpr std::chrono::minutes form_life{30};

std::string_view after_scheme(std::string_view url) {
  const std::size_t at = url.find("://");
  return at == std::string_view::npos ? url : url.substr(at + 3);
}

std::string path_of_url(std::string_view url) {
  const std::string_view rest = after_scheme(url);
  const std::size_t slash = rest.find('/');
  std::string path = slash == std::string_view::npos ? "" : std::string(rest.substr(slash));
  while (path.ends_with('/')) path.pop_back();
  return path;
}

std::string origin_of_url(std::string_view url) {
  const std::string_view rest = after_scheme(url);
  return to_lower(cat(url.substr(0, url.size() - rest.size()), rest.substr(0, rest.find('/'))));
}

/// Hashed when nobody has the given name, so that the time tells nothing.
std::string nobody() { return cat("scrypt$32768$8$1$", encode_base64(Bytes(16, 0)), "$", encode_base64(Bytes(32, 0))); }

}  // namespace

bool host_fits(std::string_view host, std::string_view public_url, std::uint16_t port) {
  const std::string wanted = to_lower(host);
  const std::string own = origin_of_url(public_url);
  const std::string named(after_scheme(own));
  const std::string standard = own.starts_with("https:") ? ":443" : ":80";
  if (wanted == named || wanted == named + standard) return true;
  const std::string at = cat(":", port);
  return wanted == "localhost" + at || wanted == "127.0.0.1" + at || wanted == "[::1]" + at;
}

Site::Site(Settings settings, World world)
    : settings_(std::move(settings)),
      world_(std::move(world)),
      base_(path_of_url(settings_.public_url)),
      sessions_(settings_.session) {}

std::string Site::cookie_name(std::string_view plain) const { return cat(settings_.tls ? "__Host-" : "", plain); }

std::string Site::set_cookie(std::string_view plain, std::string_view value, Nanoseconds life) const {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(life).count();
  return cat(cookie_name(plain), "=", value, "; Path=/; ", settings_.tls ? "Secure; " : "",
             "HttpOnly; SameSite=Lax; Max-Age=", seconds);
}

std::optional<Visitor> Site::visitor_of(const Request& request) const {
  return sessions_.find(cookie_value(request.cookie, cookie_name("exhibit_session")), world_.clock.now().mono);
}

/// Beside the token: browsers say where a form came from. Under "no-referrer" its Origin is "null", even our own.
bool Site::same_site(const Request& request) const {
  const bool fetch_fits =
      request.fetch_site.empty() || request.fetch_site == "same-origin" || request.fetch_site == "none";
  const std::string own = origin_of_url(settings_.public_url);
  const bool origin_fits = request.origin.empty() || request.origin == "null" || to_lower(request.origin) == own ||
                           (request.fetch_site == "same-origin");
  return fetch_fits && origin_fits;
}

Frame Site::frame(std::string title, const Visitor* visitor) const {
  Frame out{.base = base_, .title = std::move(title)};
  if (visitor) out.user = visitor->user, out.csrf = visitor->csrf, out.until = visitor->until;
  return out;
}

Response Site::page(int status, std::string_view title, std::string_view what, const Visitor* visitor) const {
  return {.status = status, .body = whole_page(frame(std::string(title), visitor), message_page(title, what))};
}

Response Site::not_found(const Visitor* visitor) const {
  return page(404, "Nothing here",
              "There is no such page, or it is not yours to see. If the link is from a ticket, compare it whole.",
              visitor);
}

Response Site::wrong_method(std::string_view allowed, const Visitor* visitor) const {
  Response out = page(405, "Not that way", "This address cannot be asked like this.", visitor);
  out.headers.emplace_back("Allow", std::string(allowed));
  return out;
}

Response Site::redirect(const std::string& local) const {
  return {.status = 303, .content_type = "text/plain; charset=utf-8", .headers = {{"Location", base_ + local}}};
}

Response Site::asset(const Request& request) const {
  const Assets names = assets("");
  const auto file = [](std::string_view type, std::string_view content) {
    return Response{.content_type = std::string(type), .body = std::string(content), .cacheable = true};
  };
  if (request.path == names.style) return file("text/css; charset=utf-8", web_assets::style);
  if (request.path == names.module) return file("text/javascript; charset=utf-8", web_assets::module);
  if (request.path == names.icon) return file("image/svg+xml", web_assets::icon);
  return not_found(nullptr);
}

/// A browser with two tabs gets the same token in both, so that either form may be sent first.
Response Site::sign_in_form(const Request& request, int status, std::string_view to, std::string_view problem) const {
  std::string nonce = cookie_value(request.cookie, cookie_name("exhibit_form"));
  if (nonce.size() != nonce_size || !from_hex(nonce)) nonce = random_token();
  Response out{
      .status = status,
      .body = whole_page(frame("Sign in", nullptr), sign_in_page(base_, to, sessions_.form_token(nonce), problem))};
  out.headers.emplace_back("Set-Cookie", set_cookie("exhibit_form", nonce, form_life));
  return out;
}

void Site::sign_in(const Request& request, const Respond& respond) {
  const std::string nonce = cookie_value(request.cookie, cookie_name("exhibit_form"));
  const std::string to = local_target(form_field(request.body, "to"));
  if (nonce.size() != nonce_size || !same_site(request) ||
      !equal_in_constant_time(form_field(request.body, "token"), sessions_.form_token(nonce)))
    return respond(sign_in_form(request, 403, to, "This form was too old, or not ours. Please try again."));
  const std::string user(cut_utf8(form_field(request.body, "user"), user_max));
  const std::string password = form_field(request.body, "password");
  if (!gate_.may_try(user, request.peer, world_.clock.now().mono)) {
    Response busy = sign_in_form(request, 429, to, "Too many failed tries. Please wait five minutes.");
    busy.headers.emplace_back("Retry-After", "300");
    return respond(std::move(busy));
  }
  if (password.size() > password_max) return respond(sign_in_form(request, 403, to, "Name or password is wrong."));
  if (passwords_in_work_.fetch_add(1) >= passwords_at_once) {
    --passwords_in_work_;
    Response busy = sign_in_form(request, 503, to, "Many people sign in just now. Please try again.");
    busy.headers.emplace_back("Retry-After", "2");
    return respond(std::move(busy));
  }
  world_.on_worker([self = shared_from_this(), request, user, password, to, respond] {
    self->check_password(request, user, password, to, respond);
    --self->passwords_in_work_;
  });
}

void Site::check_password(const Request& request, const std::string& user, const std::string& password,
                          const std::string& to, const Respond& respond) {
  const auto known = std::find_if(settings_.users.begin(), settings_.users.end(),
                                  [&](const UserSettings& one) { return one.name == user; });
  const bool matches = scrypt_matches(password, known == settings_.users.end() ? nobody() : known->scrypt);
  if (known != settings_.users.end() && matches) {
    gate_.succeeded(user, request.peer);
    return signed_in(*known, to, respond);
  }
  gate_.failed(user, request.peer, world_.clock.now().mono);
  world_.log(LogLevel::warning, "", "web", cat("a sign-in as ", harmless(user), " from ", request.peer, " failed"));
  respond(sign_in_form(request, 403, to, "Name or password is wrong."));
}

void Site::signed_in(const UserSettings& user, const std::string& to, const Respond& respond) {
  const std::string token = sessions_.open(user.name, user.tenants, world_.clock.now());
  Response out = redirect(to);
  out.headers.emplace_back("Set-Cookie", set_cookie("exhibit_session", token, settings_.session));
  out.headers.emplace_back("Set-Cookie", set_cookie("exhibit_form", "", Nanoseconds{0}));
  const auto tenants = tenants_of({.user = user.name, .tenants = user.tenants, .key = {}, .csrf = {}, .until = {}});
  if (tenants.empty()) return respond(std::move(out));
  // One tenant's full disk must not lock a person out of the others: what they look at is refused there, not here.
  const auto left = std::make_shared<std::atomic<std::size_t>>(tenants.size());
  const auto answer = std::make_shared<const Response>(std::move(out));
  for (const auto& tenant : tenants)
    tenant->note_in_ledger(cat("user:", user.name), "signed-in", "session", "",
                           [self = shared_from_this(), left, answer, respond](const Result<void>& noted) {
                             if (!noted) self->world_.log(LogLevel::error, "", "web", noted.error().text);
                             if (--*left == 0) respond(*answer);
                           });
}

void Site::sign_out(const Request& request, const Respond& respond) {
  const std::optional<Visitor> visitor = visitor_of(request);
  if (visitor && (!same_site(request) || !equal_in_constant_time(form_field(request.body, "token"), visitor->csrf)))
    return respond(page(403, "Please try again", "The form was too old, or not ours.", &*visitor));
  sessions_.close(cookie_value(request.cookie, cookie_name("exhibit_session")));
  Response out = redirect("/sign-in");
  out.headers.emplace_back("Set-Cookie", set_cookie("exhibit_session", "", Nanoseconds{0}));
  respond(std::move(out));
}

std::vector<std::shared_ptr<TenantRuntime>> Site::tenants_of(const Visitor& visitor) const {
  std::vector<std::shared_ptr<TenantRuntime>> all = world_.tenants();
  if (planted(Plant::link_without_tenant)) return all;
  std::erase_if(all, [&](const auto& tenant) { return !visitor.may_see(tenant->settings().tenant); });
  return all;
}

void Site::list(const CallPointer& call) {
  struct Gathered {
    std::mutex mutex;
    std::vector<ListedIncident> rows;
    std::size_t left = 0;
  };
  const auto tenants = tenants_of(call->visitor);
  const auto gathered = std::make_shared<Gathered>();
  gathered->left = tenants.size() + 1;
  const auto one_less = [self = shared_from_this(), gathered, call] {
    {
      const std::lock_guard lock(gathered->mutex);
      if (--gathered->left > 0) return;
    }
    self->world_.on_worker([self, gathered, call] {
      auto& rows = gathered->rows;
      std::stable_sort(rows.begin(), rows.end(),
                       [](const auto& a, const auto& b) { return a.row.opened > b.row.opened; });
      if (rows.size() > listed_max) rows.resize(listed_max);
      call->respond(
          {.body = whole_page(self->frame("Latest incidents", &call->visitor), list_page(self->base_, rows))});
    });
  };
  for (const auto& tenant : tenants) {
    const Zone zone = load_zone(tenant->settings().zone_name).value_or(Zone());
    const auto take = [tenant, zone, gathered, one_less](const Result<std::vector<IncidentRow>>& rows) {
      if (rows) {
        const std::lock_guard lock(gathered->mutex);
        for (const IncidentRow& row : *rows) gathered->rows.push_back({tenant->settings().name, zone, row});
      }
      one_less();
    };
    tenant->note_in_ledger(cat("user:", call->visitor.user), "viewed", "list", "latest incidents",
                           [tenant, take, one_less](const Result<void>& noted) {
                             if (!noted) return one_less();
                             tenant->list(listed_a_tenant, 0, take);
                           });
  }
  one_less();
}

void Site::handle(Request request, Respond respond) {
  if (!base_.empty() && request.path.starts_with(base_ + "/")) request.path.erase(0, base_.size());
  const bool post = request.method == "POST";
  const std::string& path = request.path;
  if (path == "/health")
    return respond(post ? wrong_method("GET, HEAD", nullptr)
                        : Response{.content_type = "text/plain; charset=utf-8", .body = "ok\n"});
  if (path.starts_with("/assets/")) return respond(post ? wrong_method("GET, HEAD", nullptr) : asset(request));
  if (path.starts_with("/api/")) return api(request, respond);
  if (path == "/sign-in") {
    if (post) return sign_in(request, respond);
    return respond(sign_in_form(request, 200, local_target(form_field(request.query, "to")), ""));
  }
  if (path == "/sign-out") return post ? sign_out(request, respond) : respond(wrong_method("POST", nullptr));
  const bool ours = path == "/" || path.starts_with("/e/");
  std::optional<Visitor> visitor = visitor_of(request);
  if (!ours) return respond(not_found(visitor ? &*visitor : nullptr));
  if (!visitor) {
    const std::string query = request.query.empty() || post ? "" : cat("?", request.query);
    const std::string to = local_target(path + query);
    return respond(redirect(cat("/sign-in?to=", percent_encoded(to))));
  }
  signed_in_route(std::make_shared<const Call>(Call{std::move(request), std::move(*visitor), std::move(respond)}));
}

void Site::signed_in_route(CallPointer call) {
  if (call->request.path != "/") return route_link(call);
  if (call->request.method == "POST") return call->respond(wrong_method("GET, HEAD", &call->visitor));
  world_.on_worker([self = shared_from_this(), call] { self->list(call); });
}

std::shared_ptr<const Bytes> CaptureCache::find(const std::string& key) {
  const std::lock_guard lock(mutex_);
  const auto it = std::find_if(entries_.begin(), entries_.end(), [&](const auto& entry) { return entry.first == key; });
  if (it == entries_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, it);
  return it->second;
}

void CaptureCache::keep(const std::string& key, std::shared_ptr<const Bytes> bytes) {
  constexpr std::size_t bytes_max = 32U << 20;
  const std::lock_guard lock(mutex_);
  for (const auto& entry : entries_)
    if (entry.first == key) return;
  if (bytes->size() > bytes_max) return;
  held_ += bytes->size();
  entries_.emplace_front(key, std::move(bytes));
  while (held_ > bytes_max) {
    held_ -= entries_.back().second->size();
    entries_.pop_back();
  }
}

}  // namespace exhibit::web
