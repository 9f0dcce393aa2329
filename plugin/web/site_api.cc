#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/sha256.h"
#include "base/text.h"
#include "runtime/adoption_json.h"

#include "web/site.h"

/// POST /api/adopt with "Authorization: Bearer TOKEN": a program says to which ticket an alert belongs.
namespace exhibit::web {
namespace {

Response json(int status, std::string body) {
  return {.status = status, .content_type = "application/json", .body = std::move(body)};
}

Response trouble(int status, std::string_view sentence) {
  return json(status, cat("{\"error\":", json_quoted(sentence), "}\n"));
}

}  // namespace

const ApiSettings* Site::caller_of(const Request& request) const {
  constexpr std::string_view scheme = "Bearer ";
  if (!request.authorization.starts_with(scheme)) return nullptr;
  const std::string hash = hex(sha256(std::string_view(request.authorization).substr(scheme.size())));
  const auto found = std::find_if(settings_.api.begin(), settings_.api.end(),
                                  [&](const ApiSettings& one) { return equal_in_constant_time(one.sha256, hash); });
  return found == settings_.api.end() ? nullptr : &*found;
}

void Site::api(const Request& request, const Respond& respond) {
  const ApiSettings* const caller = caller_of(request);
  if (!caller) {
    Response refused = trouble(401, "a token is needed: Authorization: Bearer TOKEN");
    refused.headers.emplace_back("WWW-Authenticate", "Bearer");
    return respond(std::move(refused));
  }
  if (request.path != "/api/adopt") return respond(trouble(404, "there is /api/adopt"));
  if (request.method != "POST") return respond(trouble(405, "POST it"));
  const Result<Json> order = parse_json(request.body);
  if (!order || !order->is_object()) return respond(trouble(400, "the body is no JSON object"));
  const TenantId tenant{text_at(*order, "tenant")};
  const bool allowed = std::any_of(caller->tenants.begin(), caller->tenants.end(),
                                   [&](const TenantId& one) { return one == tenant || one.text == "*"; });
  const auto all = world_.tenants();
  const auto served =
      std::find_if(all.begin(), all.end(), [&](const auto& one) { return one->settings().tenant == tenant; });
  if (!allowed || served == all.end()) return respond(trouble(404, "no tenant of this name is yours"));
  Result<AdoptionRow> adoption = read_adoption(*order);
  if (!adoption) return respond(trouble(400, adoption.error().text));
  adoption->by = cat("api:", caller->name);
  (*served)->adopt(std::move(*adoption), [respond](const Result<void>& kept) {
    if (kept) return respond(json(202, "{\"kept\":true}\n"));
    const Errc code = kept.error().code;
    respond(trouble(code == Errc::not_found ? 404 : code == Errc::unsupported ? 400 : 503, kept.error().text));
  });
}

}  // namespace exhibit::web
