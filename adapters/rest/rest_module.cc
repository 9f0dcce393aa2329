#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <nlohmann/json.hpp>

#include "adapters/rest/rest_body.h"
#include "adapters/rest/rest_link.h"
#include "base/json.h"
#include "base/sha256.h"
#include "base/text.h"
#include "exhibit/adapter.h"

/// The module's border: C on the outside, RestLink inside. Nothing throws across it.

using exhibit::Json;
using exhibit::rest::EvidenceAs;
using exhibit::rest::HttpAnswer;
using exhibit::rest::HttpRequest;
using exhibit::rest::Login;
using exhibit::rest::OpText;
using exhibit::rest::RestBody;
using exhibit::rest::RestLink;
using exhibit::rest::Session;
using exhibit::rest::TokenBox;
using exhibit::rest::Verdict;

struct exh_link {
  const exh_http* http = nullptr;
  const exh_blob* evidence = nullptr;  // Of the operation at work.
  std::unique_ptr<RestLink> link;
};

namespace {

std::string_view view(exh_str text) { return {text.ptr == nullptr ? "" : text.ptr, text.len}; }
exh_str borrowed(const std::string& text) { return {text.data(), text.size()}; }

void put(exh_sink sink, std::string_view text) {
  if (sink.put != nullptr) sink.put(sink.ctx, text.data(), text.size());
}

exh_sink into(std::string& text) {
  return {&text, [](void* ctx, const char* bytes, std::size_t length) -> std::int32_t {
            static_cast<std::string*>(ctx)->append(bytes, length);
            return 0;
          }};
}

void add_headers(std::string_view lines, HttpAnswer& answer) {
  for (const std::string_view line : exhibit::split(lines, "\r\n")) {
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos)
      answer.headers.emplace_back(line.substr(0, colon), exhibit::trim(line.substr(colon + 1)));
  }
}

std::int64_t wall_seconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::vector<exh_http_header> headers_of(const HttpRequest& request) {
  static const std::string accept_name = "Accept", accept = "application/json", type_name = "Content-Type";
  std::vector<exh_http_header> headers;
  bool says_accept = false;
  for (const auto& [name, value] : request.headers) {
    headers.push_back({borrowed(name), borrowed(value)});
    says_accept = says_accept || exhibit::equal_ignoring_case(name, accept_name);
  }
  if (!says_accept) headers.push_back({borrowed(accept_name), borrowed(accept)});
  if (!request.content_type.empty()) headers.push_back({borrowed(type_name), borrowed(request.content_type)});
  return headers;
}

HttpAnswer ask(const exh_link& link, const HttpRequest& request) {
  const std::vector<exh_http_header> headers = headers_of(request);
  HttpAnswer answer;
  if (request.evidence != EvidenceAs::none && link.evidence == nullptr) {
    answer.rc = EXH_BADARG;
    return answer;
  }
  exh_http_request asked{};
  asked.size = sizeof asked;
  asked.method = borrowed(request.method);
  asked.target = borrowed(request.target);
  asked.headers = headers.data();
  asked.header_count = headers.size();
  asked.body = borrowed(request.body);
  std::optional<RestBody> body;
  if (request.evidence != EvidenceAs::none) {
    asked.body = {};
    asked.blob = body.emplace(request.body, link.evidence, request.evidence == EvidenceAs::base64, request.tail).blob();
  }
  std::string header_lines;
  exh_http_answer answered{};
  answered.size = sizeof answered;
  answered.headers = into(header_lines);
  answer.rc = link.http->ask(link.http->ctx, &asked, &answered, into(answer.content_type), into(answer.body));
  answer.status = answered.status;
  answer.retry_after_ms = answered.retry_after_ms;
  answer.at_s = wall_seconds();
  add_headers(header_lines, answer);
  return answer;
}

/// Links of one login share its token. Nothing is ever taken out: a runner has one desk.
std::shared_ptr<TokenBox> tokens_of(const std::string& login) {
  static std::mutex mutex;
  static std::map<std::string, std::shared_ptr<TokenBox>> boxes;
  const std::lock_guard lock(mutex);
  auto& box = boxes[exhibit::hex(exhibit::sha256(login))];
  if (!box) box = std::make_shared<TokenBox>();
  return box;
}

OpText text_of(const exh_op& op) {
  OpText text{.op_id = std::string(view(op.op_id)),
              .correlation_id = std::string(view(op.correlation_id)),
              .ticket = std::string(view(op.ticket)),
              .body_json = std::string(view(op.body)),
              .name = {},
              .mime = {},
              .sha256 = {}};
  if (op.blob_count == 0) return text;
  text.name = view(op.blobs->name);
  text.mime = view(op.blobs->mime);
  text.sha256 = view(op.blobs->sha256);
  text.bytes = op.blobs->length;
  return text;
}

/// Runs the work; whatever it throws becomes a result.
template <typename Work>
exh_rc guarded(exh_sink result, Work work) noexcept {
  try {
    const Verdict verdict = work();
    put(result, verdict.json());
    return verdict.rc;
  } catch (...) {
    return EXH_INTERNAL;
  }
}

exh_rc describe(exh_sink json) {
  put(json, R"({"adapter":"rest","version":2,"operations":["ensure","note","link","attach","state"],"look_up":true,)"
            R"("stable_id":false,"poll":true,"limits":{}})");
  return EXH_OK;
}

exhibit::Result<std::unique_ptr<exh_link>> make_link(const exh_http* http, const Json& settings) {
  const auto profile_json = settings.find("profile");
  auto profile = exhibit::rest::parse_profile(profile_json == settings.end() ? std::string() : profile_json->dump());
  if (!profile) return profile.error();
  exhibit::Result<Login> login = exhibit::rest::read_login(settings);
  if (!login) return login.error();
  auto authorization = exhibit::rest::authorize(*profile, *login, "");
  if (!authorization) return authorization.error();
  exhibit::rest::LinkText text{.base = exhibit::text_at(settings, "url"), .auth = authorization->values};
  while (text.base.ends_with('/')) text.base.pop_back();
  for (const auto& [name, value] : text.auth) login->secrets.push_back(value);
  if (const auto map = settings.find("map"); map != settings.end()) text.map_json = map->dump();
  auto made = std::make_unique<exh_link>();
  made->http = http;
  Session session([raw = made.get()](const HttpRequest& request) { return ask(*raw, request); }, *login,
                  tokens_of(settings.value("login", Json::object()).dump()),
                  [] {
                    const auto now = std::chrono::steady_clock::now().time_since_epoch();
                    return std::chrono::duration_cast<std::chrono::seconds>(now).count();
                  });
  made->link = std::make_unique<RestLink>(*std::move(profile), std::move(text), std::move(session));
  return made;
}

exh_rc open_link(const exh_services* services, exh_str config, exh_sink report, exh_link** out) {
  try {
    const auto* const http = static_cast<const exh_http*>(services->extension(services->ctx, "exh.http/1"));
    const exhibit::Result<Json> settings = exhibit::parse_json(view(config));
    if (http == nullptr || !settings || !settings->is_object()) {
      put(report, "the configuration is no JSON object, or there is no HTTP");
      return EXH_REJECTED;
    }
    auto made = make_link(http, *settings);
    if (!made) {
      put(report, made.error().text);
      return EXH_REJECTED;
    }
    *out = made->release();
    return EXH_OK;
  } catch (...) {
    return EXH_INTERNAL;
  }
}

void close_link(exh_link* link) { delete link; }

exh_rc probe(exh_link* link, exh_sink report) {
  return guarded(report, [&] { return link->link->probe(); });
}

exh_rc apply(exh_link* link, const exh_op* op, exh_sink result) {
  return guarded(result, [&]() -> Verdict {
    link->evidence = op->blob_count == 0 ? nullptr : op->blobs;
    const OpText text = text_of(*op);
    switch (op->kind) {
      case EXH_OP_ENSURE: return link->link->ensure(text);
      case EXH_OP_NOTE: return link->link->note(text, op->attempt);
      case EXH_OP_LINK: return link->link->link(text, op->attempt);
      case EXH_OP_ATTACH: return link->link->attach(text, op->attempt);
      case EXH_OP_STATE: return link->link->state(text);
      default: return {.rc = EXH_UNSUPPORTED};
    }
  });
}

exh_rc find(exh_link* link, const exh_op* op, exh_sink result) {
  return guarded(result, [&]() -> Verdict {
    const OpText text = text_of(*op);
    switch (op->kind) {
      case EXH_OP_ENSURE: return link->link->find_ensured(text);
      case EXH_OP_NOTE:
      case EXH_OP_LINK: return link->link->find_note(text);
      case EXH_OP_ATTACH: return link->link->find_attachment(text);
      case EXH_OP_STATE: return {.rc = EXH_ABSENT};  // Setting the same values again changes nothing.
      default: return {.rc = EXH_UNSUPPORTED};
    }
  });
}

exh_rc read_ticket(exh_link* link, exh_str ticket, exh_sink result) {
  return guarded(result, [&] { return link->link->read(std::string(view(ticket))); });
}

exh_rc poll(exh_link* link, exh_str request, exh_sink result) {
  return guarded(result, [&] { return link->link->poll(view(request)); });
}

exh_rc preview(exh_link* link, const exh_op* op, exh_sink result) {
  return guarded(result,
                 [&]() -> Verdict { return {.rc = EXH_OK, .document = link->link->preview(op->kind, text_of(*op))}; });
}

// No cancel: the runner's HTTP ends a running exchange by itself.
constexpr exh_adapter table{.size = sizeof(exh_adapter),
                            .abi_major = EXH_ADAPTER_MAJOR,
                            .abi_minor = EXH_ADAPTER_MINOR,
                            .reserved = 0,
                            .describe = describe,
                            .open = open_link,
                            .close = close_link,
                            .probe = probe,
                            .apply = apply,
                            .find = find,
                            .read = read_ticket,
                            .cancel = nullptr,
                            .poll = poll,
                            .preview = preview};

}  // namespace

extern "C" EXH_EXPORT const exh_adapter* exhibit_adapter_entry(std::uint32_t engine_major, std::uint32_t) {
  return engine_major == EXH_ADAPTER_MAJOR ? &table : nullptr;
}
